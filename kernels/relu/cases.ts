/**
 * Cases of ReLU and its derivative.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { relu, reluBackward } from "./mod.ts";

/** Both signs, ends inside a workgroup, several workgroups. */
export const reluCases: OpCases = {
  op: "relu",
  call: (rec, { x }) => ({ outputs: { y: relu(rec, x!) } }),
  rows: [
    { name: "one element", operands: { x: { shape: [1] } } },
    { name: "odd size", operands: { x: { shape: [37, 19] } } },
    { name: "several workgroups", operands: { x: { shape: [1025] } } },
  ],
};

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
