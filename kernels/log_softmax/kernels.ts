/**
 * The kernel of log-softmax, with its loop.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import exactExp from "../shared/exp.wgsl" with { type: "text" };
import softmaxLanes from "../shared/softmax_lanes.wgsl" with { type: "text" };
import source from "./log_softmax.wgsl" with { type: "text" };
import { LOG_SOFTMAX_CODE, type LogSoftmaxSizes } from "./vector_code.ts";

/** Log-probabilities of some columns of every row. */
export const LOG_SOFTMAX = kernel<"logits" | "shift" | "y", LogSoftmaxSizes>(
  "log_softmax",
  exactExp + softmaxLanes + source,
  ({ logits, shift, y }, s) => {
    const rows = logits.length / s.stride;
    for (let row = 0; row < rows; row++) {
      const begin = row * s.stride;
      const end = begin + s.columns;
      let largest = -Infinity;
      for (let v = begin; v < end; v++) largest = Math.max(largest, logits[v]!);
      let sum = 0;
      for (let v = begin; v < end; v++) sum += Math.exp(logits[v]! - largest);
      const level = Math.log(sum) - shift[row * s.shift_stride + s.shift_column]!;
      const to = row * s.y_stride + s.at;
      for (let v = 0; v < s.count; v++) {
        y[to + v] = (logits[begin + s.first + v]! - largest) - level;
      }
    }
  },
  LOG_SOFTMAX_CODE,
);
