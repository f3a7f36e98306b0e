/**
 * Evaluation of lines with their lines of the log and records.
 *
 * @module
 */
import { hasAbsolutePositions, type ModelConfig, toArray } from "@transformer-xl/model";
import { assertFiniteLoss } from "../finite.ts";
import { rawLoss } from "../metrics.ts";
import { lineRecord, type LineResult, lineText, totalOf } from "../report/line_report.ts";
import { rawLossText } from "../report/loss_text.ts";
import { resultLines } from "../report/report.ts";
import type { EvalOutput } from "../report/score_stream.ts";
import type { Scorer } from "../scorers/scorer.ts";
import type { ScoredText } from "../text/scored_text.ts";
import { sizeOfText } from "../text/raw_size.ts";
import type { TokenReport } from "../tokens/token_report.ts";
import { scoreLines } from "./score_lines.ts";

/** Name of the lines in results. */
const NAME = "lines";

/** Settings of an evaluation of lines. */
export interface LineSettings {
  /** Bits per character instead of perplexity. */
  readonly characters: boolean;
  /** The model. */
  readonly model: Pick<ModelConfig, "attnType">;
  /** Origin of the weights, for messages. */
  readonly source: string;
  /** Report of every token, whose scorer it is. */
  readonly tokens: TokenReport | undefined;
  /** Lines and records. */
  readonly output: EvalOutput;
}

/** Results of lines. */
export interface EvaluatedLines {
  /** Mean loss in nats per scored token. */
  readonly lossNats: number;
  /** Every line, in order. */
  readonly lines: readonly LineResult[];
}

/**
 * Scores lines apart, writes a line and a record of each and of all together.
 *
 * @throws {DeviceError} when the loss is not finite
 */
export async function evaluateLines(
  scorer: Scorer,
  texts: readonly ScoredText[],
  { characters, model, source, tokens, output: { text, json, records, metrics } }: LineSettings,
): Promise<EvaluatedLines> {
  const tables = texts.flatMap(({ name, ids }) => tokens?.begin(name, ids) ?? []);
  const { lines, segments, elapsedMs } = await scoreLines(
    scorer,
    texts.map(({ ids }) => toArray(ids)),
    { tables, equal: hasAbsolutePositions(model) },
  );
  const results = lines.map(({ tokens, nats }, i): LineResult => ({
    ...{ line: i + 1, length: texts[i]!.ids.length, tokens, nats },
    raw: texts[i]!.raw ?? sizeOfText(""),
  }));
  for (const result of results) {
    text.result(lineText(result, { characters }));
    json?.write(lineRecord(result));
  }
  const { length, tokens: scored, nats, raw } = totalOf(results);
  const lossNats = nats / scored;
  assertFiniteLoss(lossNats, NAME, source);
  metrics?.evaluation(NAME, { lossNats, elapsedMs, tokens: scored });
  for (const line of resultLines({ split: NAME, lossNats, elapsedMs, segments, characters })) {
    text.result(line);
  }
  text.result(`${NAME}: ${rawLossText(lossNats, length, raw)}`);
  json?.write({
    ...{ kind: "result", split: NAME, lossNats, tokens: scored, elapsedMs, raw },
    ...rawLoss(lossNats, length, raw),
  });
  records?.result({ split: undefined, lossNats, latency: undefined });
  tokens?.print(text);
  return { lossNats, lines: results };
}
