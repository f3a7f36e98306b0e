/**
 * Lengths of evaluation for the models of the training presets, by the same names. Those of NVIDIA's
 * and the authors' models are the values of their evaluation scripts.
 *
 * @module
 */

/** Values of one preset, by key of the evaluation schema. */
export interface EvalPreset {
  /** Batch columns. */
  readonly batchSize: number;
  /** Target tokens per segment. */
  readonly tgtLen: number;
  /** Rows of memory. */
  readonly memLen: number;
  /** Largest relative distance; -1: no limit. */
  readonly clampLen: number;
  /** Whether every position attends to the same number of keys. */
  readonly sameLength: boolean;
  /** Split to score. */
  readonly split: "test";
}

const lengths = (
  [batchSize, tgtLen, memLen, clampLen]: readonly [number, number, number, number],
  sameLength = true,
): EvalPreset => ({ batchSize, tgtLen, memLen, clampLen, sameLength, split: "test" });

const BASE = lengths([16, 64, 640, 400]);
const CHARACTERS = lengths([10, 80, 2100, 820]);
const MANY_CHARACTERS = lengths([10, 128, 3800, 1000]);

/** Lengths of evaluation by the name of the training preset. */
export const EVAL_PRESETS: Readonly<Record<string, EvalPreset>> = {
  tiny: lengths([8, 64, 64, -1], false),
  "shakespeare-char": lengths([12, 64, 64, -1], false),
  "wt2-small": lengths([16, 64, 192, 128]),
  "ptb-small": lengths([16, 64, 192, 128]),
  "wt103-base": BASE,
  "wt103-base-short": BASE,
  "wt103-base-long": BASE,
  "wt103-base-full": BASE,
  trainbench: BASE,
  "wt103-large": lengths([16, 128, 1600, 1000]),
  "wt103-large-multinode": lengths([128, 128, 1600, 1000]),
  "paper-wt103-base": lengths([10, 64, 640, 400]),
  "paper-wt103-large": lengths([10, 128, 1600, 1000]),
  "enwik8-base": CHARACTERS,
  "enwik8-large": MANY_CHARACTERS,
  "text8-base": CHARACTERS,
  "text8-large": MANY_CHARACTERS,
  "lm1b-base": lengths([64, 32, 128, -1]),
  "lm1b-large": lengths([8, 32, 128, -1]),
};
