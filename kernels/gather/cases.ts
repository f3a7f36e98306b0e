/**
 * Cases of gather.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { scale } from "../scale/mod.ts";
import { rowsOf } from "../shared/row_numbers.ts";
import { slice } from "../slice/mod.ts";
import { gather } from "./mod.ts";

/** Narrow and wide rows; counts below the capacity, whose other rows are cut off. */
export const gatherCases: OpCases = {
  op: "gather",
  call(rec, { x, rows }, { scalars, attrs }) {
    const y = gather(rec, x!, rows!, scalars["count"] ?? rows!.size);
    const count = Number(attrs?.["count"] ?? rows!.size);
    // Into a value, not into the gradient of a parameter.
    const z = attrs?.["value"] ? gather(rec, scale(rec, x!, 1), rows!, rows!.size) : y;
    return { outputs: { y: slice(rec, z, { start: 0, count }) } };
  },
  rows: [
    { name: "one row of one column", operands: { x: { shape: [4, 1] }, rows: rowsOf(4, 1) } },
    { name: "odd sizes", operands: { x: { shape: [37, 19] }, rows: rowsOf(37, 23) } },
    {
      name: "rows wider than a workgroup",
      operands: { x: { shape: [9, 1031] }, rows: rowsOf(9, 7) },
    },
    {
      name: "of a value",
      operands: { x: { shape: [37, 12] }, rows: rowsOf(37, 23) },
      attrs: { value: true },
    },
    {
      name: "a count of the run",
      operands: { x: { shape: [99, 40] }, rows: rowsOf(99, 60) },
      scalars: { count: 21 },
      attrs: { count: 21 },
    },
    {
      name: "a count of zero",
      operands: { x: { shape: [99, 40] }, rows: rowsOf(99, 60) },
      scalars: { count: 0 },
      attrs: { count: 0 },
    },
    {
      name: "base head rows",
      operands: { x: { shape: [6144, 512] }, rows: rowsOf(6144, 5745) },
      bench: true,
    },
  ],
};
