/**
 * The kernels of the sampled softmax apart from its matrix products and lookups, with their loops.
 *
 * @module
 */
import { elementwiseKernel, kernel } from "@transformer-xl/runtime/core";
import exactExp from "../shared/exp.wgsl" with { type: "text" };
import { IGNORED } from "../shared/ignored.ts";
import softmaxLanes from "../shared/softmax_lanes.wgsl" with { type: "text" };
import rowSource from "./sampled_row.wgsl" with { type: "text" };
import gradientSource from "./target_gradient.wgsl" with { type: "text" };
import logitSource from "./target_logit.wgsl" with { type: "text" };

/** The corrected logit of every row's target. */
export const TARGET_LOGIT = kernel<
  "hidden" | "rows" | "bias" | "targets" | "log_expected" | "logit",
  "count" | "width"
>("target_logit", logitSource, (operands, { count, width }) => {
  const { hidden, rows, bias, targets, log_expected: logExpected, logit } = operands;
  for (let row = 0; row < count; row++) {
    const id = targets[row]!;
    let sum = 0;
    for (let at = row * width; at < (row + 1) * width; at++) sum += hidden[at]! * rows[at]!;
    logit[row] = id === IGNORED ? 0 : sum + bias[row]! - logExpected[id]!;
  }
});

/** Loss of every row; with `differentiate` the logits and the target's become their gradients. */
export const SAMPLED_ROW = kernel<
  "targets" | "samples" | "log_expected" | "logits" | "target_logit" | "nll" | "loss_scale",
  "rows" | "base" | "columns" | "stride" | "weight" | "differentiate"
>("sampled_row", exactExp + softmaxLanes + rowSource, (operands, s) => {
  const { targets, samples, log_expected: logExpected, logits, nll } = operands;
  const { target_logit: targetLogit, loss_scale: lossScale } = operands;
  const weight = s.weight * lossScale[0]!;
  const corrected = new Float64Array(s.columns);
  for (let row = s.base; row < s.base + s.rows; row++) {
    const begin = (row - s.base) * s.stride;
    const goal = targets[row]!;
    if (goal === IGNORED) {
      nll[row] = targetLogit[row] = 0;
      if (s.differentiate) logits.fill(0, begin, begin + s.columns);
      continue;
    }
    const own = targetLogit[row]!;
    let largest = own;
    for (let c = 0; c < s.columns; c++) {
      const id = samples[c]!;
      corrected[c] = id === goal ? -Infinity : logits[begin + c]! - logExpected[id]!;
      largest = Math.max(largest, corrected[c]!);
    }
    let sum = Math.exp(own - largest);
    for (let c = 0; c < s.columns; c++) sum += Math.exp(corrected[c]! - largest);
    nll[row] = Math.log(sum) + (largest - own);
    if (!s.differentiate) continue;
    const factor = weight / sum;
    for (let c = 0; c < s.columns; c++) {
      logits[begin + c] = factor * Math.exp(corrected[c]! - largest);
    }
    targetLogit[row] = factor * Math.exp(own - largest) - weight;
  }
});

/** Gradients through the target's logit: of hidden rows, of the target's rows and biases. */
export const TARGET_GRADIENT = elementwiseKernel<
  "hidden" | "dlogit" | "rows" | "bias" | "dhidden",
  "count" | "width"
>(
  "target_gradient",
  gradientSource,
  ({ hidden, dlogit, rows, bias, dhidden }, { count, width }) => {
    for (let i = 0; i < count; i++) {
      const row = Math.floor(i / width);
      dhidden[i]! += dlogit[row]! * rows[i]!;
      rows[i] = dlogit[row]! * hidden[i]!;
      bias[row] = dlogit[row]!;
    }
  },
);
