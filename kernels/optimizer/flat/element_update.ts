/**
 * Kernels that update each weight from its gradient and its state.
 *
 * @module
 */
import type { FlatBuffer, Kernel, Loops, Numbers, VectorCode } from "@transformer-xl/runtime/core";
import { forEachChunk } from "./chunks.ts";
import { type ChunkOperands, type ChunkSizes, weightKernels } from "./flat.ts";
import updateSource from "./update_chunk.wgsl" with { type: "text" };

/**
 * A kernel over chunks from the update of one element.
 *
 * @param source WGSL of `stepped`, see update_chunk.wgsl
 * @param loop the same update as a function of element `i`, its clipped gradient `g`, and its index
 * `at` in the states
 * @param code the same update as vector code
 * @returns the kernel of a buffer, by whether its weights have copies
 */
export function elementUpdate<Operands extends string, Sizes extends string>(
  name: string,
  source: string,
  loop: (
    operands: Readonly<Record<Operands | ChunkOperands, Numbers>>,
    sizes: Readonly<Record<Sizes, number>>,
  ) => (i: number, g: number, at: number) => void,
  code: VectorCode,
): (buffer: FlatBuffer) => Kernel {
  const loops: Loops<Operands | ChunkOperands, Sizes | ChunkSizes> = (operands, sizes) => {
    const { chunks, control, gradients }: Readonly<Record<ChunkOperands, Numbers>> = operands;
    const { first, count }: Readonly<Record<ChunkSizes, number>> = sizes;
    const c = control[0]!;
    if (control[1] === 0) return;
    const update = loop(operands, sizes);
    forEachChunk(chunks, first, count, (from, to, state) => {
      const shift = state - from;
      for (let i = from; i < to; i++) update(i, c * gradients[i]!, i + shift);
    });
  };
  return weightKernels<Operands, Sizes>(name, source + updateSource, loops, code);
}
