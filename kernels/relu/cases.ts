/**
 * Cases of the derivative of ReLU.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { reluBackward } from "./mod.ts";

/** Positive, negative and zero outputs of the ReLU. */
export const reluBackwardCases: OpCases = {
  op: "relu_backward",
  call: (rec, { y, dy }) => ({ outputs: { dx: reluBackward(rec, y!, dy!) } }),
  rows: [
    { name: "one element", operands: { y: { shape: [1] }, dy: { shape: [1] } }, derivative: false },
    {
      name: "nothing passes where y is zero",
      operands: {
        y: { shape: [23, 31], values: (i) => Math.max(0, (i % 5) - 2) },
        dy: { shape: [23, 31] },
      },
      derivative: false,
    },
    {
      name: "base feed-forward",
      operands: { y: { shape: [6144, 2048] }, dy: { shape: [6144, 2048] } },
      derivative: false,
      bench: true,
    },
  ],
};
