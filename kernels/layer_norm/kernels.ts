/**
 * The kernels of layer norm with their reference loops, for rows of numbers and of vectors.
 *
 * @module
 */
import {
  type Kernel,
  kernel,
  type Numbers,
  type Reference,
  type VectorCode,
} from "@transformer-xl/runtime/core";
import dropItem from "../shared/dropout/drop_item.wgsl" with { type: "text" };
import { drawFactors, MASK_WGSL, type MaskField } from "../shared/dropout/mask.ts";
import { itemSource, type ItemWidth } from "../shared/items/item_width.ts";
import { backwardCode, forwardCode, gainCode } from "./vector_code.ts";
import backwardSource from "./wgsl/layer_norm_backward.wgsl" with { type: "text" };
import addedDroppedOutput from "./wgsl/output/added_dropped.wgsl" with { type: "text" };
import addedOutput from "./wgsl/output/added.wgsl" with { type: "text" };
import droppedInput from "./wgsl/input_dropped.wgsl" with { type: "text" };
import droppedOutput from "./wgsl/output/dropped.wgsl" with { type: "text" };
import forwardSource from "./wgsl/layer_norm.wgsl" with { type: "text" };
import gainSource from "./wgsl/gain_partials.wgsl" with { type: "text" };
import plainInput from "./wgsl/input_plain.wgsl" with { type: "text" };
import plainOutput from "./wgsl/output/plain.wgsl" with { type: "text" };
import residualInput from "./wgsl/input_residual.wgsl" with { type: "text" };
import residualOperands from "./wgsl/residual_operands.wgsl" with { type: "text" };
import rowItems from "./wgsl/row_items.wgsl" with { type: "text" };
import rowSum from "./wgsl/row_sum.wgsl" with { type: "text" };

/** Operands that only some kernels have. */
type Optional<K extends string> = { readonly [X in K]?: Numbers };
type Operands<K extends string> = Readonly<Record<K, Numbers>>;
type Sizes<K extends string> = Readonly<Record<K, number>>;

/** `residual` and `z` if the kernel adds before it normalises; `columns` counts items. */
const forward = (width: ItemWidth, dropped: boolean) =>
(
  { x, residual, z, gain, bias, y, stats }:
    & Operands<"x" | "gain" | "bias" | "y" | "stats">
    & Optional<"residual" | "z">,
  { rows: R, columns, eps, ...mask }: Sizes<"rows" | "columns" | "eps" | MaskField>,
): void => {
  const D = width * columns;
  const row = new Float64Array(D);
  const factors = new Float64Array(D).fill(1);
  for (let r = 0; r < R; r++) {
    const start = r * D;
    if (dropped) drawFactors(factors, start, mask);
    let sum = 0;
    for (let c = 0; c < D; c++) {
      row[c] = factors[c]! * x[start + c]! + (residual ? residual[start + c]! : 0);
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

/** `dx` if a dropout lies before the sum, `skip` and `first` if the sum has other uses. */
const backward = (width: ItemWidth) =>
(
  { dy, z, gain, stats, dz, dx, skip }:
    & Operands<"dy" | "z" | "gain" | "stats" | "dz">
    & Optional<"dx" | "skip">,
  { rows, columns, first = 0, ...mask }:
    & Sizes<"rows" | "columns" | MaskField>
    & Partial<Sizes<"first">>,
): void => {
  const D = width * columns;
  const factors = new Float64Array(D);
  for (let r = 0; r < rows; r++) {
    const to = r * D;
    const start = (first + r) * D;
    const [mean, rstd] = [stats[2 * (first + r)]!, stats[2 * (first + r) + 1]!];
    let sum = 0;
    let product = 0;
    for (let c = 0; c < D; c++) {
      const g = dy[start + c]! * gain[c]!;
      sum += g;
      product += g * (z[start + c]! - mean) * rstd;
    }
    if (dx) drawFactors(factors, to, mask);
    for (let c = 0; c < D; c++) {
      const xhat = (z[start + c]! - mean) * rstd;
      const own = rstd * (dy[start + c]! * gain[c]! - (sum + xhat * product) / D);
      const value = own + (skip ? skip[to + c]! : 0);
      dz[to + c] = value;
      if (dx) dx[to + c] = factors[c]! * value;
    }
  }
};

const gainPartials = (width: ItemWidth) =>
(
  { dy, z, stats, partials }: Operands<"dy" | "z" | "stats" | "partials">,
  { rows, columns, block, gain_at, bias_at }: Sizes<
    "rows" | "columns" | "block" | "gain_at" | "bias_at"
  >,
): void => {
  const D = width * columns;
  const [gainSums, biasSums] = [new Float64Array(D), new Float64Array(D)];
  for (let b = 0; b * block < rows; b++) {
    gainSums.fill(0);
    biasSums.fill(0);
    for (let r = b * block; r < Math.min(rows, (b + 1) * block); r++) {
      const [mean, rstd] = [stats[2 * r]!, stats[2 * r + 1]!];
      for (let c = 0; c < D; c++) {
        const d = dy[r * D + c]!;
        gainSums[c]! += d * (z[r * D + c]! - mean) * rstd;
        biasSums[c]! += d;
      }
    }
    for (let c = 0; c < D; c++) {
      partials[width * gain_at + b * D + c] = gainSums[c]!;
      partials[width * bias_at + b * D + c] = biasSums[c]!;
    }
  }
};

/** The kernels for one width of items. */
export interface LayerNormKernels {
  /** Normalises rows of x. */
  readonly plain: Kernel;
  /** Normalises rows of x + residual and keeps the sum. */
  readonly residual: Kernel;
  /** The same of drop(x) + residual. */
  readonly dropped: Kernel;
  /** Cotangent of the normalised rows. */
  readonly backward: Kernel;
  /** The same, and after a dropout. */
  readonly droppedBackward: Kernel;
  /** The first with the cotangent of other uses of the rows. */
  readonly addedBackward: Kernel;
  /** The same, and after a dropout. */
  readonly addedDroppedBackward: Kernel;
  /** Sums of the gradients of gain and bias over blocks of rows. */
  readonly gainPartials: Kernel;
}

function kernelsOf(width: ItemWidth): LayerNormKernels {
  const rows = (name: string, loops: unknown, code: VectorCode, ...parts: readonly string[]) =>
    kernel(name, itemSource(width, rowItems, rowSum, ...parts), loops as Reference, code);
  const mask = [MASK_WGSL, dropItem];
  const dropped = [...mask, residualOperands, droppedInput];
  return {
    plain: rows(
      "layer_norm",
      forward(width, false),
      forwardCode(width, "plain"),
      plainInput,
      forwardSource,
    ),
    residual: rows(
      "layer_norm_residual",
      forward(width, false),
      forwardCode(width, "residual"),
      residualOperands,
      residualInput,
      forwardSource,
    ),
    dropped: rows(
      "layer_norm_dropped",
      forward(width, true),
      forwardCode(width, "dropped"),
      ...dropped,
      forwardSource,
    ),
    backward: rows(
      "layer_norm_backward",
      backward(width),
      backwardCode(width, {}),
      plainOutput,
      backwardSource,
    ),
    droppedBackward: rows(
      "layer_norm_backward_dropped",
      backward(width),
      backwardCode(width, { dropped: true }),
      ...mask,
      droppedOutput,
      backwardSource,
    ),
    addedBackward: rows(
      "layer_norm_backward_added",
      backward(width),
      backwardCode(width, { added: true }),
      addedOutput,
      backwardSource,
    ),
    addedDroppedBackward: rows(
      "layer_norm_backward_added_dropped",
      backward(width),
      backwardCode(width, { added: true, dropped: true }),
      ...mask,
      addedDroppedOutput,
      backwardSource,
    ),
    gainPartials: kernel(
      "layer_norm_gain",
      itemSource(width, gainSource),
      gainPartials(width) as Reference,
      gainCode(width),
    ),
  };
}

/** The kernels by width. */
export const LAYER_NORM: Readonly<Record<ItemWidth, LayerNormKernels>> = {
  1: kernelsOf(1),
  4: kernelsOf(4),
};
