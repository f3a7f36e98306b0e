/**
 * Interface of peers: other implementations of the model that are measured beside this program, on
 * equal shapes.
 *
 * @module
 */
import type { Lengths, ModelConfig } from "@transformer-xl/model";

/** What is measured: `train`, whole steps with their update; `eval`, segments of an evaluation. */
export type Task = "train" | "eval";

/** The values of {@link Task}. */
export const TASKS = ["train", "eval"] as const satisfies readonly Task[];

/** Sizes of a model: relative attention, layer norms behind, tied weights, LAMB. */
export type PeerModel =
  & Pick<ModelConfig, "nLayer" | "nHead" | "dHead" | "dModel" | "dInner" | "cutoffs" | "dropout">
  & {
    /** V: words. */
    readonly vocabSize: number;
  };

/** What all peers of a comparison start from. */
export interface WorkloadFiles {
  /**
   * Path of the parameters: safetensors in float32, with the names of NVIDIA's state dict but one
   * table and one row of biases for all clusters.
   */
  readonly weights: string;
  /**
   * Path of the ids: unsigned 32-bit integers in the byte order of the machine; for each segment the
   * inputs `[T, B]`, then the targets `[T, B]`.
   */
  readonly ids: string;
}

/** The work that every peer does. */
export interface Workload {
  /** Weights and ids. */
  readonly files: WorkloadFiles;
  /** Sizes of the model. */
  readonly model: PeerModel;
  /** Lengths of a step. */
  readonly lengths: Lengths;
  /** What a step is. */
  readonly task: Task;
  /** Seed of dropout masks, which every peer draws by itself. */
  readonly seed: number;
  /** Threads of peers that take a number. */
  readonly threads: number;
}

/** A series of steps. */
export interface Sample {
  /** Time until the last loss is known, milliseconds. */
  readonly ms: number;
  /** Processor time of all threads of the peer, milliseconds. */
  readonly cpuMs: number;
  /** Last loss, nats per token. */
  readonly loss: number;
}

/** A peer with a workload. The caller owns it. */
export interface PeerSession extends AsyncDisposable {
  /** Version, device and threads, for people. */
  readonly detail: string;
  /** Parameters of its model. */
  readonly parameters: number;
  /**
   * Runs steps, one after the other, on the segments in turns. The first one has no memory.
   *
   * @throws {Error} when the peer ended
   */
  run(steps: number): Promise<Sample>;
}

/** An implementation of the model. */
export interface Peer {
  /** Name in tables. */
  readonly name: string;
  /** What it can run. */
  readonly tasks: readonly Task[];
  /** Prepares a workload; returns the reason in a line where the peer is not installed. */
  open(workload: Workload): Promise<PeerSession | string>;
}
