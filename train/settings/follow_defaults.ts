/**
 * Defaults that depend on other settings.
 *
 * @module
 */
import { canShare, type Corpus } from "@transformer-xl/model";
import type { FlagOrigin } from "@transformer-xl/runtime";
import type { TrainConfig } from "../config.ts";
import { contextOf, evalLengths, evalWarmupLen } from "../run_plan.ts";

/** Settings, and lines about adapted defaults. */
export interface Followed {
  /** The settings to use. */
  readonly config: TrainConfig;
  /** Adapted defaults, one line each. */
  readonly notes: readonly string[];
}

type Origins = ReadonlyMap<string, FlagOrigin>;

/** Whether a setting has its default value, which may be adapted. */
function mayFollow(origin: Origins, key: keyof TrainConfig): boolean {
  return ["default", "preset"].includes(origin.get(key) ?? "default");
}

/**
 * Adapts defaults to given settings: the evaluation length to `--tgt_len` if it exceeds the context of
 * training, and the cutoffs of a preset to those of the data set if another one is given, to none
 * without `--adaptive`.
 */
export function followSettings(config: TrainConfig, origin: Origins): TrainConfig {
  const { evalTgtLen, tgtLen, adaptive, cutoffs } = config;
  const isLong = evalTgtLen > contextOf(config) && mayFollow(origin, "evalTgtLen");
  const isOther = !adaptive || !mayFollow(origin, "dataset");
  return {
    ...config,
    evalTgtLen: isLong ? tgtLen : evalTgtLen,
    cutoffs: isOther && mayFollow(origin, "cutoffs") ? [] : cutoffs,
  };
}

/**
 * Reduces the default evaluation lengths until a small text fills its columns and memory.
 *
 * @param processes that share the columns
 */
export function fitEvaluation(
  config: TrainConfig,
  corpus: Pick<Corpus, "valid" | "test">,
  origin: Origins,
  processes: number,
): Followed {
  const tokens = Math.min(
    config.noEval ? Infinity : corpus.valid.length,
    config.noEval || config.noTest ? Infinity : corpus.test.length,
  );
  const fits = (each: TrainConfig) => canScore(each, tokens);
  const told = (each: TrainConfig): Followed => ({
    config: each,
    notes: [
      `the smallest text to evaluate has ${tokens} tokens: evaluating with --eval_batch_size ` +
      `${each.evalBatchSize} and --eval_tgt_len ${each.evalTgtLen}`,
    ],
  });
  if (tokens === Infinity || fits(config)) return { config, notes: [] };
  const mayShrink = mayFollow(origin, "evalBatchSize");
  const sizes = Array.from({ length: mayShrink ? config.evalBatchSize : 1 }, (_, n) => ({
    ...config,
    evalBatchSize: config.evalBatchSize - n,
  })).filter(({ evalBatchSize }) => canShare(evalBatchSize, processes));
  const found = sizes.find(fits);
  if (found !== undefined) return told(found);
  // Without warm-up rows, the whole context of training in one segment, two tokens are enough.
  if (mayFollow(origin, "evalTgtLen")) {
    const whole = sizes.map((each) => ({ ...each, evalTgtLen: contextOf(config) })).find(fits);
    if (whole !== undefined) return told(whole);
  }
  return { config, notes: [] }; // cutting the text reports the error
}

/** Whether `tokens` fill the evaluation's columns and leave something to score. */
function canScore(config: TrainConfig, tokens: number): boolean {
  const { batchSize, tgtLen } = evalLengths(config);
  const rows = Math.floor(tokens / batchSize);
  const warmup = Math.ceil(evalWarmupLen(config) / tgtLen) * tgtLen;
  return rows >= 2 && warmup < Math.min(warmup, rows) + rows - 1;
}
