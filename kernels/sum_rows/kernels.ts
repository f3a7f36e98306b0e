/**
 * The kernel of the sum over rows with its loop.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import source from "./sum_rows.wgsl" with { type: "text" };

/** Sums of the columns of one block of rows. */
export const SUM_ROWS = kernel<"x" | "y", "rows" | "per" | "columns" | "block" | "accumulate">(
  "sum_rows",
  source,
  ({ x, y }, { columns: C, block, accumulate, ...s }) => {
    const rows = Math.ceil(s.rows / s.per);
    const sum = new Float64Array(C);
    for (let g = 0; g * block < rows; g++) {
      sum.fill(0);
      for (let r = g * block; r < Math.min(rows, (g + 1) * block); r++) {
        for (let c = 0; c < C; c++) sum[c]! += x[r * C + c]!;
      }
      for (let c = 0; c < C; c++) y[g * C + c] = sum[c]! + (accumulate ? y[g * C + c]! : 0);
    }
  },
);
