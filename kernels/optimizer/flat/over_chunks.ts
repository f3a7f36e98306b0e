/**
 * Launches over the chunks of every flat buffer, as one entry of the profile.
 *
 * @module
 */
import type { Cost, FlatBuffer, Launch, Recorder } from "@transformer-xl/runtime/core";
import { copiedBytes, type RecordedChunks } from "./chunks.ts";
import { flat, weightOperands } from "./flat.ts";

/** Part of a launch that differs between kernels: chunks, constants and workgroups are added. */
export type ChunkLaunch = Pick<Launch, "kernel" | "operands" | "scalars">;

/** Records one launch per flat buffer, one workgroup per chunk. */
export function recordOverChunks(
  rec: Recorder,
  name: string,
  chunks: RecordedChunks,
  cost: Cost,
  launch: (buffer: FlatBuffer, n: number) => ChunkLaunch,
): void {
  rec.node(name, { cost }, () =>
    chunks.buffers.forEach((part) => {
      const { scalars, workgroups } = chunks.over(part);
      const { kernel, operands, scalars: more } = launch(part.buffer, part.n);
      rec.launch({
        kernel,
        operands: { chunks: chunks.rows, ...operands },
        constants: chunks.constants,
        scalars: { ...scalars, ...more },
        workgroups,
      });
    }));
}

/** Operands of an update: gradients, and weights with their copies. */
export function updateOperands(buffer: FlatBuffer): ChunkLaunch["operands"] {
  return { gradients: flat(buffer.gradients!), ...weightOperands(buffer) };
}

/**
 * Work of an update of every element.
 *
 * @param flops per element
 * @param states buffers that are read and written beside the weights
 */
export function updateCost(chunks: RecordedChunks, flops: number, states: number): Cost {
  const { elements, gradientBytes } = chunks;
  return {
    flops: flops * elements,
    bytes: 8 * (1 + states) * elements + gradientBytes + copiedBytes(chunks),
  };
}
