/**
 * Cases of the two sums.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { scale } from "../scale/mod.ts";
import { accumulate, add } from "./mod.ts";

/** One element, ends inside a workgroup, and an activation. */
export const addCases: OpCases = {
  op: "add",
  call: (rec, { a, b }) => ({ outputs: { c: add(rec, a!, b!) } }),
  rows: [
    { name: "one element", operands: { a: { shape: [1] }, b: { shape: [1] } } },
    { name: "odd size", operands: { a: { shape: [37, 19] }, b: { shape: [37, 19] } } },
    {
      name: "base activation",
      operands: { a: { shape: [6144, 512] }, b: { shape: [6144, 512] } },
      bench: true,
    },
  ],
};

/** Into what is there. */
export const accumulateCases: OpCases = {
  op: "accumulate",
  call(rec, { x, sum }) {
    // Operands share one buffer, which a launch may not both read and write.
    accumulate(rec, sum!, scale(rec, x!, 1));
    return {};
  },
  rows: [{
    name: "odd size",
    operands: { x: { shape: [23, 31] }, sum: { shape: [23, 31] } },
    derivative: false,
  }],
};
