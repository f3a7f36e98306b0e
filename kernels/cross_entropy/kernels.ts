/**
 * The kernels of cross-entropy apart from its matrix products, with their loops: one processes the
 * rows of a chunk of logits, one sums the columns of their gradient.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import exactExp from "../shared/exp.wgsl" with { type: "text" };
import softmaxLanes from "../shared/softmax_lanes.wgsl" with { type: "text" };
import { IGNORED } from "../shared/ignored.ts";
import biasSource from "./bias_gradient.wgsl" with { type: "text" };
import rowSource from "./softmax_row.wgsl" with { type: "text" };
import { BIAS_GRADIENT_CODE, SOFTMAX_ROW_CODE } from "./vector_code.ts";

/** Loss of every row; with `differentiate` the logits become their gradient. */
export const SOFTMAX_ROW = kernel<
  "targets" | "logits" | "nll" | "loss_scale",
  "rows" | "base" | "columns" | "stride" | "weight" | "differentiate"
>(
  "softmax_row",
  exactExp + softmaxLanes + rowSource,
  ({ targets, logits, nll, loss_scale: lossScale }, s) => {
    const { rows, base, columns, stride, differentiate } = s;
    const weight = s.weight * lossScale[0]!;
    for (let row = 0; row < rows; row++) {
      const begin = row * stride;
      const goal = targets[base + row]!;
      if (differentiate) logits.fill(0, begin + columns, begin + stride);
      if (goal === IGNORED) {
        nll[base + row] = 0;
        if (differentiate) logits.fill(0, begin, begin + columns);
        continue;
      }
      let largest = -Infinity;
      for (let v = begin; v < begin + columns; v++) largest = Math.max(largest, logits[v]!);
      let sum = 0;
      for (let v = begin; v < begin + columns; v++) sum += Math.exp(logits[v]! - largest);
      nll[base + row] = Math.log(sum) + (largest - logits[begin + goal]!);
      if (!differentiate) continue;
      const factor = weight / sum;
      const atGoal = factor * Math.exp(logits[begin + goal]! - largest) - weight;
      for (let v = begin; v < begin + columns; v++) {
        logits[v] = factor * Math.exp(logits[v]! - largest);
      }
      logits[begin + goal] = atGoal;
    }
  },
  SOFTMAX_ROW_CODE,
);

/** Sums of the columns of a chunk, added to the gradient of the bias. */
export const BIAS_GRADIENT = kernel<"dlogits" | "dbias", "rows" | "columns" | "stride" | "first">(
  "bias_gradient",
  biasSource,
  ({ dlogits, dbias }, { rows, columns, stride, first }) => {
    const sum = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      const begin = first + row * stride;
      for (let c = 0; c < columns; c++) sum[c]! += dlogits[begin + c]!;
    }
    for (let c = 0; c < columns; c++) dbias[c]! += sum[c]!;
  },
  BIAS_GRADIENT_CODE,
);
