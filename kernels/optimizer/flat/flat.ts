/**
 * Flat buffers as operands, and kernels that store weights.
 *
 * @module
 */
import {
  type FlatBuffer,
  type Kernel,
  kernel,
  type Loops,
  type Numbers,
  type Storage,
  Tensor,
  type VectorCode,
} from "@transformer-xl/runtime/core";
import { forEachChunk } from "./chunks.ts";
import copiedSource from "./store_weight_copied.wgsl" with { type: "text" };
import plainSource from "./store_weight.wgsl" with { type: "text" };

/** A whole storage as a vector. */
export function flat(storage: Storage): Tensor {
  const { length, dtype, label } = storage;
  return new Tensor([length], dtype, label, { kind: "storage", storage, offset: 0 });
}

/** The master weights of a flat buffer, and their copies if kernels bind copies. */
export function weightOperands(
  { weights, masters }: FlatBuffer,
): { readonly weights: Tensor; readonly copies?: Tensor } {
  return masters === weights
    ? { weights: flat(weights) }
    : { weights: flat(masters), copies: flat(weights) };
}

/** Operands of every kernel that stores weights. */
export type ChunkOperands = "chunks" | "control" | "gradients" | "weights";

/** Sizes of every kernel over chunks. */
export type ChunkSizes = "first" | "count";

/** A kernel that stores weights, by whether they have copies; vector code if they have none. */
export function weightKernels<Operands extends string, Sizes extends string>(
  name: string,
  source: string,
  loops: Loops<Operands | ChunkOperands, Sizes | ChunkSizes>,
  vectorCode?: VectorCode,
): (buffer: FlatBuffer) => Kernel {
  const plain = kernel<Operands | ChunkOperands, Sizes | ChunkSizes>(
    name,
    plainSource + source,
    loops,
    vectorCode,
  );
  const copied = kernel<Operands | ChunkOperands | "copies", Sizes | ChunkSizes>(
    `${name}_copied`,
    copiedSource + source,
    (operands, sizes) => {
      loops(operands, sizes);
      const { chunks, control, weights, copies }: Readonly<
        Record<ChunkOperands | "copies", Numbers>
      > = operands;
      const { first, count }: Readonly<Record<ChunkSizes, number>> = sizes;
      if (control[1] === 0) return;
      forEachChunk(chunks, first, count, (from, to) => {
        for (let i = from; i < to; i++) copies[i] = weights[i]!;
      });
    },
  );
  return ({ weights, masters }) => masters === weights ? plain : copied;
}
