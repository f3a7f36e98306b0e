/**
 * The kernels of layer norm with their reference loops.
 *
 * @module
 */
import { type Kernel, kernel, type Numbers } from "@transformer-xl/runtime/core";
import backwardSource from "./layer_norm_backward.wgsl" with { type: "text" };
import forwardSource from "./layer_norm.wgsl" with { type: "text" };
import gainSource from "./gain_partials.wgsl" with { type: "text" };
import plainSource from "./input_plain.wgsl" with { type: "text" };
import residualSource from "./input_residual.wgsl" with { type: "text" };
import rowSumSource from "./row_sum.wgsl" with { type: "text" };

type Inputs = "x" | "gain" | "bias";
type Outputs = "y" | "stats";

/** `residual` and `z` if the kernel adds before it normalises. */
const forward = (
  { x, residual, z, gain, bias, y, stats }:
    & Readonly<Record<Inputs | Outputs, Numbers>>
    & { readonly residual?: Numbers; readonly z?: Numbers },
  { rows: R, columns: D, eps }: Readonly<Record<"rows" | "columns" | "eps", number>>,
): void => {
  const row = new Float64Array(D);
  for (let r = 0; r < R; r++) {
    const start = r * D;
    let sum = 0;
    for (let c = 0; c < D; c++) {
      row[c] = x[start + c]! + (residual ? residual[start + c]! : 0);
      sum += row[c]!;
      if (z) z[start + c] = row[c]!;
    }
    const mean = sum / D;
    let squares = 0;
    for (let c = 0; c < D; c++) squares += (row[c]! - mean) ** 2;
    const rstd = 1 / Math.sqrt(squares / D + eps);
    for (let c = 0; c < D; c++) y[start + c] = gain[c]! * (row[c]! - mean) * rstd + bias[c]!;
    stats[2 * r] = mean;
    stats[2 * r + 1] = rstd;
  }
};

/** Normalises rows of x. */
export const PLAIN: Kernel = kernel<Inputs | Outputs, "rows" | "columns" | "eps">(
  "layer_norm",
  `${rowSumSource}\n${plainSource}\n${forwardSource}`,
  forward,
);

/** Normalises rows of x + residual and keeps the sum. */
export const RESIDUAL: Kernel = kernel<
  Inputs | Outputs | "residual" | "z",
  "rows" | "columns" | "eps"
>("layer_norm_residual", `${rowSumSource}\n${residualSource}\n${forwardSource}`, forward);

/** Cotangent of the normalised rows. */
export const BACKWARD: Kernel = kernel<"dy" | "z" | "gain" | "stats" | "dz", "rows" | "columns">(
  "layer_norm_backward",
  `${rowSumSource}\n${backwardSource}`,
  ({ dy, z, gain, stats, dz }, { rows, columns: D }) => {
    for (let r = 0; r < rows; r++) {
      const start = r * D;
      const [mean, rstd] = [stats[2 * r]!, stats[2 * r + 1]!];
      let sum = 0;
      let product = 0;
      for (let c = 0; c < D; c++) {
        const g = dy[start + c]! * gain[c]!;
        sum += g;
        product += g * (z[start + c]! - mean) * rstd;
      }
      for (let c = 0; c < D; c++) {
        const xhat = (z[start + c]! - mean) * rstd;
        dz[start + c] = rstd * (dy[start + c]! * gain[c]! - (sum + xhat * product) / D);
      }
    }
  },
);

/** Sums of the gradients of gain and bias over blocks of rows. */
export const GAIN_PARTIALS: Kernel = kernel<
  "dy" | "z" | "stats" | "dgain" | "dbias",
  "rows" | "columns" | "block"
>("layer_norm_gain", gainSource, (operands, { rows, columns, block }) => {
  for (let b = 0; b * block < rows; b++) {
    const end = Math.min(rows, (b + 1) * block);
    gainBlock(operands, b * block, end, columns, b * columns);
  }
});

function gainBlock(
  { dy, z, stats, dgain, dbias }: Readonly<
    Record<"dy" | "z" | "stats" | "dgain" | "dbias", Numbers>
  >,
  from: number,
  to: number,
  columns: number,
  at: number,
): void {
  const gainSums = new Float64Array(columns);
  const biasSums = new Float64Array(columns);
  for (let r = from; r < to; r++) {
    const [mean, rstd] = [stats[2 * r]!, stats[2 * r + 1]!];
    for (let c = 0; c < columns; c++) {
      const d = dy[r * columns + c]!;
      gainSums[c]! += d * (z[r * columns + c]! - mean) * rstd;
      biasSums[c]! += d;
    }
  }
  for (let c = 0; c < columns; c++) {
    dgain[at + c] = gainSums[c]!;
    dbias[at + c] = biasSums[c]!;
  }
}
