/**
 * Cases of slice.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { slice } from "./mod.ts";

/** A frozen start and one given at every run. */
export const sliceCases: OpCases = {
  op: "slice",
  call: (rec, { x }, { scalars, attrs }) => {
    const start = scalars["start"] ?? Number(attrs!["start"]);
    return { outputs: { y: slice(rec, x!, { start, count: Number(attrs!["count"]) }) } };
  },
  rows: [
    { name: "everything", operands: { x: { shape: [3, 5] } }, attrs: { start: 0, count: 3 } },
    { name: "the middle", operands: { x: { shape: [37, 19] } }, attrs: { start: 11, count: 13 } },
    { name: "no rows", operands: { x: { shape: [37, 19] } }, attrs: { start: 11, count: 0 } },
    {
      name: "a start of the run",
      operands: { x: { shape: [70, 33] } },
      scalars: { start: 49 },
      attrs: { count: 21 },
    },
  ],
};
