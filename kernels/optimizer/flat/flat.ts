/**
 * Flat buffers as operands, and launches as entries of the profile.
 *
 * @module
 */
import {
  type Cost,
  type FlatBuffer,
  type Kernel,
  kernel,
  type Recorder,
  type Reference,
  type Storage,
  Tensor,
} from "@transformer-xl/runtime";
import { forEachChunk } from "./chunks.ts";
import copiedSource from "./store_weight_copied.wgsl" with { type: "text" };
import plainSource from "./store_weight.wgsl" with { type: "text" };

/** A whole storage as a vector. */
export function flat(storage: Storage): Tensor {
  const { length, dtype, label } = storage;
  return new Tensor([length], dtype, label, { kind: "storage", storage, offset: 0 });
}

/** The master weights of a flat buffer, and their copies where kernels bind others. */
export function weightOperands(
  { weights, masters }: FlatBuffer,
): { readonly weights: Tensor; readonly copies?: Tensor } {
  return masters === weights
    ? { weights: flat(weights) }
    : { weights: flat(masters), copies: flat(weights) };
}

/** A kernel that stores weights, by whether they have copies. */
export function weightKernels(
  name: string,
  source: string,
  reference: Reference,
): (buffer: FlatBuffer) => Kernel {
  const plain = kernel(name, plainSource + source, reference);
  const copied = kernel(`${name}_copied`, copiedSource + source, (operands, sizes) => {
    reference(operands, sizes);
    const { chunks, control, weights, copies } = operands;
    if (control![1] === 0) return;
    forEachChunk(chunks!, sizes["first"]!, sizes["count"]!, (from, to) => {
      for (let i = from; i < to; i++) copies![i] = weights![i]!;
    });
  });
  return ({ weights, masters }) => masters === weights ? plain : copied;
}

/** Makes what `body` records one op without a derivative. */
export function recordNode(rec: Recorder, name: string, cost: Cost, body: () => void): void {
  const from = rec.commands.length;
  body();
  rec.nodes.push({
    name,
    inputs: {},
    outputs: {},
    commands: [from, rec.commands.length],
    cost,
    vjp: undefined,
  });
}
