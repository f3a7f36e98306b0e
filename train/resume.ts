/**
 * Whether a run may continue from a checkpoint: what shapes the state must be the same.
 *
 * @module
 */
import {
  assertSameVocabulary,
  type Corpus,
  type ModelCheckpoint,
  type ModelShape,
} from "@transformer-xl/model";
import { CheckpointError } from "@transformer-xl/runtime";
import { trainingRecord } from "./checkpoint.ts";
import { checkPosition } from "./checkpoint_checks.ts";
import type { TrainConfig } from "./config.ts";

/** Settings that shape memories, moments and the order of the text. */
const FIXED = [
  "batchSize",
  "tgtLen",
  "memLen",
  "extLen",
  "optim",
  "roll",
  "seed",
] as const;

/** May be set anew: they change masks and clamps, not parameters. */
const FREE: ReadonlySet<string> = new Set(["dropout", "dropatt", "clampLen", "sameLength"]);

/**
 * Checks a checkpoint against the run that wants to continue it.
 *
 * @throws {CheckpointError} naming the settings that differ, or that training is finished
 */
export function checkContinues(
  checkpoint: ModelCheckpoint,
  config: TrainConfig,
  shape: ModelShape,
  corpus: Corpus,
): void {
  assertSameVocabulary(checkpoint.vocabulary, corpus.vocabulary);
  const record = trainingRecord(checkpoint);
  const differences = [
    ...differing(checkpoint.shape, shape).filter((key) => !FREE.has(key)),
    ...FIXED.filter((key) => record.config[key] !== config[key]),
  ];
  if (differences.length > 0) {
    const flags = differences.map((key) =>
      `--${key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
    );
    throw new CheckpointError(
      `Cannot continue from "${checkpoint.path}": it was trained with other ${flags.join(", ")}; ` +
        "leave these flags out to take the checkpoint's",
    );
  }
  checkPosition(checkpoint.path, record, Math.floor(corpus.train.length / config.batchSize));
  if (record.progress.step >= config.maxStep) {
    throw new CheckpointError(
      `Cannot continue from "${checkpoint.path}": it is at step ${record.progress.step} ` +
        `and --max_step is ${config.maxStep}; raise --max_step`,
    );
  }
}

function differing(a: ModelShape, b: ModelShape): string[] {
  return (Object.keys(a) as (keyof ModelShape)[])
    .filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
}
