/**
 * Cotangents of values during the walk over the tape.
 *
 * @module
 */
import type { Recorder } from "../record/recorder.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { add } from "./add.ts";

/**
 * The sums of the cotangents that have reached each value. Memory that a single value's cotangent
 * lies in may be added to in place. Ops hand one cotangent to several values (both terms of a sum),
 * so the values of each buffer that are still to be differentiated are counted.
 */
export class Cotangents {
  readonly #rec: Recorder;
  /** Buffers from this one on belong to the derivative: no value of the forward pass is in them. */
  readonly #firstBuffer: number;
  readonly #of = new Map<Tensor, Tensor>();
  /** Values by the number of the buffer of their cotangent. */
  readonly #values = new Map<number, Set<Tensor>>();

  /** None so far; forward passes of `rec` are recorded. */
  constructor(rec: Recorder) {
    this.#rec = rec;
    this.#firstBuffer = rec.buffers.length;
  }

  /** The cotangent of a value; undefined as long as none has reached it. */
  get(value: Tensor): Tensor | undefined {
    return this.#of.get(value);
  }

  /** Adds to the cotangent of a value. */
  give(value: Tensor, cotangent: Tensor): void {
    const before = this.#of.get(value);
    const sum = before === undefined ? cotangent : add(this.#rec, before, cotangent);
    this.release(value);
    this.#of.set(value, sum);
    const buffer = bufferOf(sum);
    if (buffer === undefined) return;
    const values = this.#values.get(buffer) ?? new Set();
    this.#values.set(buffer, values.add(value));
  }

  /** The cotangent of a value if nothing else reads its memory later, so that it may be added to. */
  addable(value: Tensor): Tensor | undefined {
    const cotangent = this.#of.get(value);
    const buffer = cotangent && bufferOf(cotangent);
    if (buffer === undefined || buffer < this.#firstBuffer) return undefined;
    return this.#values.get(buffer)!.size === 1 ? cotangent : undefined;
  }

  /** Marks a value whose op is differentiated: its cotangent is not read again. */
  release(value: Tensor): void {
    const cotangent = this.#of.get(value);
    const buffer = cotangent && bufferOf(cotangent);
    if (buffer !== undefined) this.#values.get(buffer)!.delete(value);
  }
}

function bufferOf({ range }: Tensor): number | undefined {
  return range.kind === "plan" ? range.buffer : undefined;
}
