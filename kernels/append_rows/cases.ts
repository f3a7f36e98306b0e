/**
 * Cases of append_rows.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { scale } from "../scale/mod.ts";
import { appendRows } from "./mod.ts";

/** A segment below a memory, and a target that is replaced as a whole. */
export const appendRowsCases: OpCases = {
  op: "append_rows",
  call(rec, { target, x }, { scalars }) {
    // Operands share one buffer, which a launch may not both read and write.
    appendRows(rec, target!, scale(rec, x!, 1), scalars["start"]);
    return {};
  },
  rows: [
    {
      name: "a segment below a memory",
      operands: { target: { shape: [37, 19] }, x: { shape: [5, 19] } },
      derivative: false,
    },
    {
      name: "from a given row on",
      operands: { target: { shape: [37, 19] }, x: { shape: [5, 19] } },
      scalars: { start: 11 },
      derivative: false,
    },
    {
      name: "all rows",
      operands: { target: { shape: [3, 1] }, x: { shape: [3, 1] } },
      derivative: false,
    },
  ],
};
