/**
 * A window of keys and values: memory rows, and below them rows for tokens that are read one by one.
 * A token writes one row and attends to the rows above it, so that the memory need not move with
 * every token; when the window is full, its last rows move to the front.
 *
 * @module
 */
import { appendRows, concat, copyRows } from "@transformer-xl/kernels";
import {
  type Plan,
  type PlanInputs,
  type PlanOutputs,
  type Recorder,
  type Scalar,
  Tensor,
} from "@transformer-xl/runtime/core";
import type { Model } from "../build.ts";
import { keysOf, type Lengths } from "../config.ts";
import type { MemoryLayer } from "../memory.ts";

/** The window of one layer; as a layer of a memory, it is the first M rows. */
class WindowLayer implements MemoryLayer {
  readonly content = "keys";
  readonly rows: Tensor; // [M B, 2 N H]
  /** [K B, 2 N H]: all rows. */
  readonly state: Tensor & Disposable;

  constructor(state: Tensor & Disposable, memoryRows: number) {
    const { dtype, label, range, shape } = state;
    this.state = state;
    this.rows = new Tensor([memoryRows, shape[1]!], dtype, label, range);
  }

  join(rec: Recorder, x: Tensor): Tensor {
    return concat(rec, this.rows, x);
  }

  keep(rec: Recorder, context: Tensor, start: Scalar): void {
    copyRows(rec, this.rows, context, start);
  }

  /** The layer of a recording that writes its rows from row `start` on and moves nothing. */
  appending(start: Scalar): MemoryLayer {
    const { content, rows, state } = this;
    return {
      content,
      rows,
      join: (rec, x) => appendRows(rec, state, x, start),
      keep: () => {},
      [Symbol.dispose]: () => {},
    };
  }

  [Symbol.dispose](): void {
    this.state[Symbol.dispose]();
  }
}

/** What a recording of one row reads and writes. */
export interface WindowRecording {
  /** Its memory. */
  readonly layers: readonly MemoryLayer[];
  /** Rows of keys, and the one that is written. */
  readonly window: { readonly rows: number; readonly first: Scalar };
  /** Its inputs; {@link KeyWindow.values} are their values. */
  readonly inputs: { readonly "window row": Scalar; readonly "window start": Scalar };
}

/** The windows of all layers. The caller owns them. */
export class KeyWindow implements Disposable {
  /** One per layer of the model. */
  readonly layers: readonly WindowLayer[];
  readonly #lengths: Lengths;
  readonly #move: Plan<PlanInputs, PlanOutputs>;
  /** Rows below the memory that are used. */
  #used = 0;

  private constructor(
    layers: readonly WindowLayer[],
    lengths: Lengths,
    move: Plan<PlanInputs, PlanOutputs>,
  ) {
    this.layers = layers;
    this.#lengths = lengths;
    this.#move = move;
  }

  /**
   * Allocates windows of M + T rows.
   *
   * @throws {DeviceError} when memory is short
   */
  static async open(model: Model, lengths: Lengths): Promise<KeyWindow> {
    const { device, config: { nLayer, nHead, dHead }, precision } = model;
    const { batchSize: B, memLen: M } = lengths;
    const columns = 2 * nHead * dHead;
    using stack = new DisposableStack();
    const layers = Array.from({ length: nLayer }, (_, l) => {
      const shape = [keysOf(lengths) * B, columns];
      const state = stack.use(device.state(`keys of layer ${l}`, shape, precision.memories));
      return new WindowLayer(state, M * B);
    });
    const move = await device.plan("window", (rec) => {
      const start = rec.scalar("start");
      for (const { rows, state } of layers) {
        const moved = rec.temporary(rows.shape, rows.dtype, "moved rows");
        copyRows(rec, moved, state, start);
        copyRows(rec, rows, moved, 0);
      }
      return { inputs: { start }, outputs: {} };
    });
    stack.move();
    return new KeyWindow(layers, lengths, move);
  }

  /** Declares what the recording of one row needs. */
  record(rec: Recorder): WindowRecording {
    const first = rec.scalar("window row");
    const start = rec.scalar("window start");
    return {
      layers: this.layers.map((layer) => layer.appending(start)),
      window: { rows: keysOf(this.#lengths), first },
      inputs: { "window row": first, "window start": start },
    };
  }

  /** Makes room for one row, which {@link KeyWindow.advance} then counts as used. */
  values(): { readonly "window row": number; readonly "window start": number } {
    const { batchSize, memLen, tgtLen } = this.#lengths;
    if (this.#used === tgtLen) this.moveToFront();
    const row = memLen + this.#used;
    return { "window row": row, "window start": row * batchSize };
  }

  /** Counts a row. */
  advance(): void {
    this.#used++;
  }

  /** Has the last M rows lie in front, where segments of a memory expect them. */
  moveToFront(): void {
    if (this.#used === 0) return;
    this.#move.run({ start: this.#used * this.#lengths.batchSize });
    this.#used = 0;
  }

  /** Frees the windows. */
  [Symbol.dispose](): void {
    this.#move[Symbol.dispose]();
    for (const layer of this.layers) layer[Symbol.dispose]();
  }
}
