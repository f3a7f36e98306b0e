/**
 * Cases of add_positions.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { addPositions } from "./mod.ts";

/** One element, one batch column, odd sizes, several workgroups, and the base model. */
export const addPositionsCases: OpCases = {
  op: "add_positions",
  call: (rec, { x, p }) => ({ outputs: { y: addPositions(rec, x!, p!) } }),
  rows: [
    { name: "one element", operands: { x: { shape: [1, 1] }, p: { shape: [1, 1] } } },
    { name: "one batch column", operands: { x: { shape: [7, 5] }, p: { shape: [7, 5] } } },
    { name: "odd sizes", operands: { x: { shape: [21, 5] }, p: { shape: [7, 5] } }, sumLength: 3 },
    {
      name: "several workgroups",
      operands: { x: { shape: [170, 19] }, p: { shape: [34, 19] } },
      sumLength: 5,
    },
    {
      name: "base",
      operands: { x: { shape: [384 * 4, 512] }, p: { shape: [384, 512] } },
      sumLength: 4,
      bench: true,
    },
  ],
};
