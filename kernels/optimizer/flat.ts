/**
 * Flat buffers as operands, and launches as entries of the profile.
 *
 * @module
 */
import { type Cost, type Recorder, type Storage, Tensor } from "@transformer-xl/runtime";

/** A whole storage as a vector. */
export function flat(storage: Storage): Tensor {
  const { length, dtype, label } = storage;
  return new Tensor([length], dtype, label, { kind: "storage", storage, offset: 0 });
}

/** Makes what `body` records one op without a derivative. */
export function recordNode(rec: Recorder, name: string, cost: Cost, body: () => void): void {
  const from = rec.steps.length;
  body();
  rec.nodes.push({
    name,
    inputs: {},
    outputs: {},
    steps: [from, rec.steps.length],
    cost,
    vjp: undefined,
  });
}
