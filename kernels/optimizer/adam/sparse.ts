/**
 * Adam for tables with sparse gradients, as PyTorch's SparseAdam: rows without a gradient keep their
 * weights and their moments, which do not decay meanwhile. There is no weight decay.
 *
 * @module
 */
import {
  partOf,
  rangeOffsets,
  type Recorder,
  rowSize,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime/core";
import type { GradientNorm } from "../clip/mod.ts";
import type { RecordedChunks } from "../flat/chunks.ts";
import { flat } from "../flat/flat.ts";
import { recordOverChunks, updateCost, updateOperands } from "../flat/over_chunks.ts";
import type { RoleOf } from "../groups.ts";
import type { OptimizerState } from "../optimizer.ts";
import { SPARSE_ADAM, TOUCHED_ROWS } from "./sparse_kernels.ts";

/** Moments of Adam, laid out like the weights. */
export interface Moments {
  /** First moments. */
  readonly m: OptimizerState;
  /** Second moments. */
  readonly v: OptimizerState;
}

/**
 * Records the update of all tables with sparse gradients.
 *
 * @param scalars rate, corrections and decays of the kernel, by name
 */
export function recordSparseAdam(
  rec: Recorder,
  all: RecordedChunks,
  { control }: GradientNorm,
  { m, v }: Moments,
  roleOf: RoleOf,
  scalars: Readonly<Record<string, number | Scalar>>,
): void {
  const tables = partOf(m.layout, (parameter) => roleOf(parameter).sparse ?? false);
  const chunks = all.within(tables);
  if (chunks.count === 0) return;
  const width = rowSize(tables.parameters[0]!);
  const touched = recordTouchedRows(rec, chunks, rangeOffsets(tables), width);
  recordOverChunks(rec, "sparse_adam", chunks, updateCost(chunks, 13, 2), (buffer, n) => ({
    kernel: SPARSE_ADAM(buffer),
    operands: {
      control,
      m: flat(m.buffers[n]!),
      v: flat(v.buffers[n]!),
      ...updateOperands(buffer),
      touched: touched.get(n)!,
    },
    scalars: { ...scalars, width },
  }));
}

/** Records which rows have a gradient: u32 [rows of all tables], by number of the flat buffer. */
function recordTouchedRows(
  rec: Recorder,
  { buffers, parameters, elements, gradientBytes, constants }: RecordedChunks,
  positions: ReturnType<typeof rangeOffsets>,
  width: number,
): ReadonlyMap<number, Tensor> {
  const touched = new Map<number, Tensor>();
  rec.node("touched_rows", { cost: { flops: elements, bytes: gradientBytes } }, () => {
    for (const { buffer, n } of buffers) {
      const offsets = [...rangeOffsets({ parameters, buffers: [buffer] })]
        .filter(([{ parameter }]) => parameters.includes(parameter));
      const ends = offsets.map(([range]) => positions.get(range)! / width + range.to - range.from);
      const flags = rec.temporary([Math.max(...ends)], "u32", "adam.touched");
      touched.set(n, flags);
      for (const [range, offset] of offsets) {
        const rows = range.to - range.from;
        rec.launch({
          kernel: TOUCHED_ROWS,
          operands: { gradients: flat(buffer.gradients!), touched: flags },
          constants,
          scalars: { offset, width, first: positions.get(range)! / width, rows },
          workgroups: rows,
        });
      }
    }
  });
  return touched;
}
