/**
 * Cases of the sum over rows.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { scale } from "../scale/mod.ts";
import { accumulateSumRows, sumRows } from "./mod.ts";

/** One and two levels, all rows and a count that changes, as a value and into a gradient. */
export const sumRowsCases: OpCases = {
  op: "sum_rows",
  call(rec, { x, sum }, { scalars }) {
    const limit = scalars["rows"] && { rows: scalars["rows"] };
    if (sum === undefined) return { extra: { y: sumRows(rec, x!, limit) } };
    // Operands share one buffer, which a launch may not both read and write.
    accumulateSumRows(rec, sum, scale(rec, x!, 1), limit);
    return {};
  },
  rows: [
    { name: "one element", operands: { x: { shape: [1, 1] } } },
    { name: "odd sizes", operands: { x: { shape: [37, 19] } }, sumLength: 37 },
    { name: "two levels", operands: { x: { shape: [517, 70] } }, sumLength: 517 },
    {
      name: "some of the rows",
      operands: { x: { shape: [90, 33] } },
      scalars: { rows: 17 },
      sumLength: 17,
    },
    {
      name: "some of the rows at two levels",
      operands: { x: { shape: [700, 5] } },
      scalars: { rows: 301 },
      sumLength: 301,
    },
    { name: "none of the rows", operands: { x: { shape: [700, 5] } }, scalars: { rows: 0 } },
    {
      name: "added to what is there",
      operands: { x: { shape: [300, 9] }, sum: { shape: [9] } },
      sumLength: 300,
    },
    {
      name: "base feed-forward bias",
      operands: { x: { shape: [6144, 2048] } },
      sumLength: 6144,
      bench: true,
    },
  ].map((row) => ({ ...row, derivative: false as const })),
};
