/**
 * Cases of copy_rows.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { scale } from "../scale/mod.ts";
import { copyRows } from "./mod.ts";

/** A memory of the last rows, and one longer than the available rows. */
export const copyRowsCases: OpCases = {
  op: "copy_rows",
  call(rec, { target, x }, { scalars, attrs }) {
    // Operands share one buffer, which a launch may not both read and write.
    const copy = scale(rec, x!, 1);
    copyRows(rec, target!, copy, scalars["start"] ?? Number(attrs!["start"]));
    return {};
  },
  rows: [
    {
      name: "the last rows",
      operands: { target: { shape: [20, 19] }, x: { shape: [37, 19] } },
      scalars: { start: 17 },
      derivative: false,
    },
    {
      name: "zeros past the end",
      operands: { target: { shape: [20, 19] }, x: { shape: [37, 19] } },
      attrs: { start: 30 },
      derivative: false,
    },
  ],
};
