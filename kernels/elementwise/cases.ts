/**
 * Cases of the elementwise ops.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { cast } from "./cast.ts";
import { reluBackward } from "./relu_backward.ts";
import { scale } from "./scale.ts";

/** Halfway between halves, below the smallest half, and any number; from either width to the other. */
export const castCases: OpCases = {
  op: "cast",
  call: (rec, { x }) => ({ outputs: { y: cast(rec, x!, x!.dtype === "f32" ? "f16" : "f32") } }),
  rows: [
    {
      name: "ties go to even",
      operands: { x: { shape: [64], values: (i) => 1 + (i - 32) * 2 ** -12 } },
      derivative: false, // a step function
    },
    {
      name: "halves that are not normal",
      operands: { x: { shape: [40], values: (i) => (i - 20) * 2 ** -25 } },
      derivative: false,
    },
    { name: "several workgroups", operands: { x: { shape: [1031] } }, derivative: false },
  ],
};

/** One element, ends inside a workgroup, several workgroups. */
export const scaleCases: OpCases = {
  op: "scale",
  call: (rec, { x }, { attrs }) => ({ outputs: { y: scale(rec, x!, Number(attrs!["factor"])) } }),
  rows: [
    { name: "one element", operands: { x: { shape: [1] } }, attrs: { factor: -2.5 } },
    { name: "odd size", operands: { x: { shape: [37, 19] } }, attrs: { factor: 22.5 } },
    { name: "several workgroups", operands: { x: { shape: [1025] } }, attrs: { factor: 0 } },
    {
      name: "base activation",
      operands: { x: { shape: [6144, 512] } },
      attrs: { factor: 22.627417 },
      bench: true,
    },
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
