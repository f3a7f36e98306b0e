/**
 * Training runs of several processes inside one program.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type Corpus, openCheckpoint } from "@transformer-xl/model";
import {
  type Device,
  type ProcessGroup,
  ReferenceDevice,
  SoloGroup,
} from "@transformer-xl/runtime";
import {
  CheckpointFiles,
  modelOf,
  type TrainConfig,
  Trainer,
  type TrainEvent,
} from "@transformer-xl/train";
import { weightsNow } from "../small_run.ts";
import { memoryGroups } from "./memory_group.ts";

/** A batch that four processes in two chunks can share, without what differs among processes. */
export const SHARED = {
  batchSize: 8,
  batchChunk: 1,
  dropout: 0,
  dropatt: 0,
  logInterval: 1,
  evalBatchSize: 3,
  noTest: true,
} as const;

/** What one process tells of a run. */
export interface Told {
  /** Loss of every step. */
  readonly losses: readonly number[];
  /** Losses of evaluations. */
  readonly validations: readonly number[];
  /** Flat weights at the end. */
  readonly weights: readonly number[];
  /** Last event. */
  readonly last: TrainEvent | undefined;
}

/** A run of one or more processes. */
export interface Run {
  /** Settings. */
  readonly config: TrainConfig;
  /** Text. */
  readonly corpus: Corpus;
  /** Opens the device of a process; plain loops in float32 without. */
  readonly device?: () => Device | Promise<Device>;
  /** Stops each process. */
  readonly signals?: readonly AbortSignal[];
  /** Where checkpoints go. */
  readonly workDir?: string;
  /** Checkpoint to continue. */
  readonly from?: string;
}

/** One process from start to end. */
export async function member(run: Run, group: ProcessGroup): Promise<Told> {
  const { config, corpus, workDir, from } = run;
  using device = await run.device?.() ?? new ReferenceDevice({ precision: "f32" });
  const modelConfig = modelOf(config, corpus.vocabulary.size, []);
  using checkpoint = from === undefined ? undefined : await openCheckpoint(from);
  using trainer = await Trainer.create(device, config, modelConfig, corpus, checkpoint, group);
  const losses: number[] = [];
  const validations: number[] = [];
  const signal = run.signals?.[group.rank] ?? new AbortController().signal;
  const files = workDir === undefined
    ? undefined
    : new CheckpointFiles(workDir, { saveAll: false });
  let last: TrainEvent | undefined;
  for await (const event of trainer.train(signal, files)) {
    last = event;
    if (event.kind === "log") losses.push(event.metrics[0]!.lossNats);
    if (event.kind === "eval") validations.push(event.result.lossNats);
  }
  return { losses, validations, weights: await weightsNow(device, trainer), last };
}

/** All processes of a run. */
export function together(run: Run, size: number): Promise<Told[]> {
  const groups = size === 1 ? [new SoloGroup()] : memoryGroups(size);
  return Promise.all(groups.map((group) => member(run, group)));
}

/** Largest relative difference. */
export function distance(a: readonly number[], b: readonly number[]): number {
  assertEquals(a.length, b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!) / Math.abs(b[i]!)));
}
