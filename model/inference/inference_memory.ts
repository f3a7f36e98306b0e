/**
 * The memory of inference and what is kept beside it while weights do not change: keys and values in
 * the place of hidden states, projected positions, and a window for tokens that are read one by one.
 *
 * @module
 */
import type {
  Plan,
  PlanInputs,
  PlanOutputs,
  RunValues,
  Tensor,
} from "@transformer-xl/runtime/core";
import type { Model } from "../build.ts";
import type { Lengths } from "../config.ts";
import { type DropoutSource, NO_DROPOUT } from "../dropout_masks.ts";
import { Memory, type MemoryContent, residentLayers } from "../memory.ts";
import type { Segment } from "../text/batches/batches.ts";
import type { BatchInputs } from "../vocabulary/batch_inputs.ts";
import { type CacheChoice, cacheOf } from "./cache.ts";
import { KeyWindow } from "./key_window.ts";
import { ProjectedPositions } from "./projected_positions.ts";

/** Inference draws no masks and no samples, and weights no chunks. */
const NUMBERS = { chunks: 1, seed: 0, step: 0, stream: 0 };

/** Options of a memory of inference. */
export interface InferenceMemoryOptions {
  /** Name of its layers in errors and plans. */
  readonly label: string;
  /** What rows are kept as (default "auto": keys and values where they stay right). */
  readonly cache?: CacheChoice | undefined;
  /** Whether single tokens are read too, into a window of keys (default false). */
  readonly window?: boolean;
}

/** What recordings of inference share, as options of the forward pass. */
export interface InferenceRecording {
  /** Lengths of the recording. */
  readonly lengths: Lengths;
  /** The memory it reads and writes. */
  readonly memory: Memory;
  /** Positions that were projected ahead; undefined where recordings project their own. */
  readonly positions: readonly Tensor[] | undefined;
  /** No dropout. */
  readonly drop: DropoutSource;
}

/** What a memory of inference owns. */
interface Owned {
  /** The layers of the memory belong to it, if there is one. */
  readonly window: KeyWindow | undefined;
  readonly positions: ProjectedPositions | undefined;
  readonly memory: Memory;
}

/** A memory for recordings of a model whose weights stay. The caller owns it. */
export class InferenceMemory implements Disposable {
  /** What its rows are. */
  readonly content: MemoryContent;
  /** Options of recordings of whole segments. */
  readonly recording: InferenceRecording;
  readonly #owned: Owned;

  private constructor(content: MemoryContent, lengths: Lengths, owned: Owned) {
    const { memory, positions } = owned;
    this.content = content;
    this.recording = { lengths, memory, positions: positions?.layers, drop: NO_DROPOUT };
    this.#owned = owned;
  }

  /**
   * Allocates an empty memory, and records what is projected ahead. Without memory rows there is no
   * window.
   *
   * @throws {ConfigError} when keys of memory rows are asked for and do not stay right
   * @throws {DeviceError} when memory is short
   */
  static async open(
    model: Model,
    lengths: Lengths,
    { label, cache, window: hasWindow = false }: InferenceMemoryOptions,
  ): Promise<InferenceMemory> {
    const { device } = model;
    const content = cacheOf(model.config, lengths, cache);
    using stack = new DisposableStack();
    const keeps = content === "keys" && (!hasWindow || lengths.memLen > 0);
    const window = keeps && hasWindow ? stack.use(await KeyWindow.open(model, lengths)) : undefined;
    const layers = window?.layers ?? residentLayers(device, model, lengths, label, content);
    const memory = new Memory(device, model, lengths, label, layers);
    if (window === undefined) stack.use(memory);
    const positions = keeps
      ? stack.use(await ProjectedPositions.record(model, lengths))
      : undefined;
    stack.move();
    return new InferenceMemory(content, lengths, { window, positions, memory });
  }

  /** The window of keys; undefined where recordings of one token are those of a short segment. */
  get window(): KeyWindow | undefined {
    return this.#owned.window;
  }

  /**
   * Runs a recording of a segment, and advances the memory.
   *
   * @param more values of inputs besides those of the batch
   */
  run(
    plan: Plan<PlanInputs, PlanOutputs>,
    batch: BatchInputs,
    segment: Segment,
    more: RunValues<PlanInputs> = {},
  ): void {
    const { memory, positions } = this.#owned;
    positions?.prepare();
    plan.run({ ...batch.values(segment, memory, NUMBERS), ...more });
    memory.advance(segment.rows);
  }

  /** Forgets everything read; the weights may have changed. */
  reset(): void {
    this.#owned.memory.reset();
    this.#owned.positions?.reset();
  }

  /** Frees the memory and what was projected. */
  [Symbol.dispose](): void {
    const { window, positions, memory } = this.#owned;
    positions?.[Symbol.dispose]();
    (window ?? memory)[Symbol.dispose]();
  }
}
