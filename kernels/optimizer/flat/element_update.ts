/**
 * Kernels that update every weight from its gradient and the states at the same index.
 *
 * @module
 */
import type { FlatBuffer, Kernel, Reference } from "@transformer-xl/runtime";
import { forEachChunk } from "./chunks.ts";
import { weightKernels } from "./flat.ts";
import updateSource from "./update_chunk.wgsl" with { type: "text" };

/**
 * A kernel over chunks from the update of one element.
 *
 * @param source WGSL of `stepped`, see update_chunk.wgsl
 * @param loop the same update as a function of element `i` and its clipped gradient `g`
 * @returns the kernel of a buffer, by whether its weights have copies
 */
export function elementUpdate(
  name: string,
  source: string,
  loop: (...given: Parameters<Reference>) => (i: number, g: number) => void,
): (buffer: FlatBuffer) => Kernel {
  return weightKernels(name, source + updateSource, (operands, sizes) => {
    const { chunks, control, gradients } = operands;
    const c = control![0]!;
    if (control![1] === 0) return;
    const update = loop(operands, sizes);
    forEachChunk(chunks!, sizes["first"]!, sizes["count"]!, (from, to) => {
      for (let i = from; i < to; i++) update(i, c * gradients![i]!);
    });
  });
}
