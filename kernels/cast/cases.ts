/**
 * Cases of cast.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { cast } from "./mod.ts";

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
