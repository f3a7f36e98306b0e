/**
 * A model of random weights, for measurements without a checkpoint. Its text is given, or random.
 *
 * @module
 */
import { createModel, isOfCharacters } from "@transformer-xl/model";
import { DataError, quoted } from "@transformer-xl/runtime";
import { deviceSettings, type EvalConfig, isRandomText, lengthsOf } from "../config.ts";
import { skippedIterations } from "../latency/latency_meter.ts";
import { openDeviceRuntime } from "../scorers/device_runtime.ts";
import { GIVEN_TEXT } from "../settings/flag_words.ts";
import { type ManualModel, unusedLine } from "../settings/manual_config.ts";
import { randomIds } from "../text/random_text.ts";
import { openSplits, type ScoredTexts } from "../text/scored_text.ts";
import type { ModelSource } from "./model_source.ts";

/** Name of random ids in results. */
const RANDOM = "random";

/** Iterations of random text that a benchmark counts, unless another number is given. */
const COUNTED_SEGMENTS = 100;

/** The model of `--manual_config`. */
export function randomSource(
  config: EvalConfig,
  { config: model, unused }: ManualModel,
): ModelSource {
  const { seed, manualVocab } = config;
  const line = unusedLine(unused);
  return {
    name: "random weights",
    config: model,
    characters: isOfCharacters(manualVocab),
    digest: "none",
    fingerprint: "none",
    lines: [
      ...(line === undefined ? [] : [line]),
      `model : random weights of seed ${seed}, ${model.nToken} ${SYMBOLS[manualVocab]}`,
    ],
    async texts(cacheDir, announce) {
      if (isRandomText(config)) return randomText(config, model.nToken);
      const { dataset, data } = config;
      if (data !== null) announce(`text of evaluation : ${JSON.stringify(data)} (${GIVEN_TEXT})`);
      const opened = await openSplits(config, { dataset, data, vocab: manualVocab }, cacheDir);
      const { size } = opened.symbols;
      if (size <= model.nToken) return opened;
      throw new DataError(
        `Cannot score ${
          quoted(data ?? dataset)
        }: it has ${size} symbols and the model ${model.nToken}`,
        { need: "a model for the symbols of the text" },
      );
    },
    openRuntime: (config, notice) =>
      openDeviceRuntime(
        { ...deviceSettings(config), notice },
        (device, modelConfig, fp16) => createModel(device, modelConfig, { seed, fp16 }),
      ),
    [Symbol.dispose]() {},
  };
}

const SYMBOLS: Readonly<Record<EvalConfig["manualVocab"], string>> = {
  word: "words",
  bpe: "byte pairs",
  char: "characters",
  byte: "bytes",
};

/** As many ids as the segments need that the flags ask for. */
function randomText(config: EvalConfig, nToken: number): ScoredTexts {
  const { batchSize, tgtLen, memLen } = lengthsOf(config);
  const skipped = skippedIterations({ memLen, tgtLen }, "none");
  const segments = config.maxSize ?? skipped + COUNTED_SEGMENTS;
  const ids = randomIds(batchSize * (segments * tgtLen + 1), nToken, config.seed);
  return {
    texts: [{ name: RANDOM, ids, whole: true }],
    lines: [`text : random ids of seed ${config.seed}, ${ids.length} tokens`],
    symbols: { size: nToken, fingerprint: RANDOM },
    vocabulary: undefined,
  };
}
