/**
 * Cases of scatter.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { scale } from "../scale/mod.ts";
import { rowsOf } from "../shared/row_numbers.ts";
import { scatter } from "./mod.ts";

/** Replacing and adding, all and some rows. */
export const scatterCases: OpCases = {
  op: "scatter",
  call(rec, { y, x, rows }, { scalars, attrs }) {
    scatter(rec, y!, scale(rec, x!, 1), rows!, scalars["count"] ?? rows!.size, {
      accumulate: attrs?.["accumulate"] === true,
      ...(attrs?.["scale"] !== undefined && { scale: Number(attrs["scale"]) }),
    });
    return {};
  },
  rows: [
    {
      name: "replaces",
      operands: { y: { shape: [37, 19] }, x: { shape: [23, 19] }, rows: rowsOf(37, 23) },
    },
    {
      name: "adds a scaled row",
      operands: { y: { shape: [37, 3] }, x: { shape: [23, 3] }, rows: rowsOf(37, 23) },
      attrs: { accumulate: true, scale: -0.5 },
    },
    {
      name: "a count of the run",
      operands: { y: { shape: [37, 65] }, x: { shape: [23, 65] }, rows: rowsOf(37, 23) },
      scalars: { count: 11 },
    },
  ].map((row) => ({ ...row, derivative: false as const })),
};
