/**
 * Cases of concat.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { concat } from "./mod.ts";

/** Sizes around a workgroup, and no rows on one side. */
export const concatCases: OpCases = {
  op: "concat",
  call: (rec, { a, b }) => ({ outputs: { y: concat(rec, a!, b!) } }),
  rows: [
    { name: "one row each", operands: { a: { shape: [1, 1] }, b: { shape: [1, 1] } } },
    { name: "odd sizes", operands: { a: { shape: [37, 19] }, b: { shape: [5, 19] } } },
    {
      name: "memory and segment of the base model",
      operands: { a: { shape: [6144, 512] }, b: { shape: [6144, 512] } },
      bench: true,
    },
  ],
};
