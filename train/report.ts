/**
 * What training prints: the reference's lines, to console and log file, and one JSON object per
 * event.
 *
 * @module
 */
import { bitsPerCharacter, type EvalResult, mean, perplexity } from "@transformer-xl/eval";
import type { JsonLog, TextLog } from "@transformer-xl/runtime";
import type { EvalEvent, LogEvent, TrainEvent } from "./events.ts";

const RULE = "-".repeat(100);

/** Prints the events of a run. */
export class Reporter {
  readonly #text: TextLog;
  readonly #json: JsonLog | undefined;
  readonly #characters: boolean;
  readonly #own: boolean;

  /**
   * @param options.characters whether losses are shown in bits per character
   * @param options.own whether losses are those of this process alone, not the mean over all
   */
  constructor(
    text: TextLog,
    json: JsonLog | undefined,
    options: { readonly characters: boolean; readonly own?: boolean },
  ) {
    this.#text = text;
    this.#json = json;
    this.#characters = options.characters;
    this.#own = options.own ?? false;
  }

  /** Reports one event. */
  report(event: TrainEvent): void {
    if (event.kind === "log") this.#log(event);
    else if (event.kind === "eval") this.#evaluation(event);
    else if (event.kind === "checkpoint") this.#json?.write({ ...event });
    else if (event.kind === "interrupted") {
      this.#text.write(`Interrupted at step ${event.step}; continue with --restart`);
    }
  }

  /** Reports the test at the end. */
  test({ elapsedMs, lossNats, tokens }: EvalResult): void {
    this.#text.write("=".repeat(100));
    this.#text.write(
      `| End of training | test time: ${fixed(elapsedMs / 1000, 5, 2)}s | test loss ${
        fixed(lossNats, 5, 2)
      }` +
        ` | test ${this.#unit(lossNats, 3)}`,
    );
    this.#text.write("=".repeat(100));
    this.#json?.write({ kind: "test", lossNats, tokens, elapsedMs });
  }

  #log(event: LogEvent): void {
    const { ownMetrics, ...shown } = event;
    const metrics = this.#own ? ownMetrics : event.metrics;
    const { epoch, step, batch, batchCount, lr, msPerBatch, tokensPerSecond } = event;
    const lossNats = mean(metrics.map(({ lossNats }) => lossNats));
    this.#text.write(
      `| epoch ${String(epoch).padStart(3)} step ${String(step).padStart(8)} | batches ${
        String(batch).padStart(6)
      } / ${batchCount} | lr ${scientific(lr)} | ms/batch ${fixed(msPerBatch, 5, 1)} | tok/s ${
        fixed(tokensPerSecond, 7, 0)
      } | loss ${fixed(lossNats, 5, 2)} | ${this.#unit(lossNats, 2)}`,
    );
    const first = step - metrics.length + 1;
    const skipped = metrics.flatMap(({ applied, lossScale }, i) =>
      applied ? [] : [`${first + i}${lossScale === 1 ? "" : ` (loss scale now ${lossScale})`}`]
    );
    if (skipped.length > 0) {
      this.#text.write(
        `A gradient was not finite, the update was skipped: step ${skipped.join(", ")}`,
        "WARNING",
      );
    }
    this.#json?.write({ ...shown, metrics, lossNats });
  }

  #evaluation({ index, step, result, best }: EvalEvent): void {
    const { lossNats, elapsedMs, tokens } = result;
    this.#text.write(RULE);
    this.#text.write(
      `| Eval ${String(index).padStart(3)} at step ${String(step).padStart(8)} | time: ${
        fixed(elapsedMs / 1000, 5, 2)
      }s | valid loss ${fixed(lossNats, 5, 2)} | valid ${this.#unit(lossNats, 3)}`,
    );
    this.#text.write(RULE);
    this.#json?.write({ kind: "eval", step, lossNats, tokens, elapsedMs, best });
  }

  #unit(lossNats: number, digits: number): string {
    return this.#characters
      ? `bpc ${fixed(bitsPerCharacter(lossNats), 9, 5)}`
      : `ppl ${fixed(perplexity(lossNats), 9, digits)}`;
  }
}

/** A number in a field of `width`, as Python's `{:width.digitsf}`. */
function fixed(value: number, width: number, digits: number): string {
  return value.toFixed(digits).padStart(width);
}

/** As Python's `{:.3e}`: an exponent of at least two digits. */
function scientific(value: number): string {
  return value.toExponential(3).replace(/e([+-])(\d)$/, "e$10$2");
}
