/**
 * Cases of the sum.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { sum } from "./mod.ts";

/** One level, two levels, and more elements than both levels process at once. */
export const sumCases: OpCases = {
  op: "sum",
  call: (rec, { x }) => ({ outputs: { y: sum(rec, x!) } }),
  rows: [
    { name: "one element", operands: { x: { shape: [1] } } },
    { name: "one workgroup", operands: { x: { shape: [37, 19] } }, sumLength: 703 },
    { name: "two levels", operands: { x: { shape: [5001] } }, sumLength: 5001 },
    { name: "empty", operands: { x: { shape: [0] } } },
    {
      name: "several turns of every lane",
      operands: { x: { shape: [70_001] } },
      sumLength: 70_001,
    },
    {
      name: "base activation",
      operands: { x: { shape: [6144, 512] } },
      sumLength: 6144 * 512,
      bench: true,
    },
  ],
};
