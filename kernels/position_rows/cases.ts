/**
 * Cases of position_rows.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { positionRows } from "./mod.ts";

/** One row, a table as long as the rows, shorter and longer ones, clamping, padding rows. */
export const positionRowsCases: OpCases = {
  op: "position_rows",
  call(rec, { x }, { scalars, attrs }) {
    const number = (key: string) => Number(attrs![key]);
    const newest = scalars["newest"] ?? number("newest");
    const y = positionRows(rec, x!, {
      count: number("count"),
      newest,
      maxDistance: number("maxDistance"),
    });
    return { outputs: { y } };
  },
  rows: [
    {
      name: "one row",
      operands: { x: { shape: [1, 1] } },
      attrs: { count: 1, newest: 0, maxDistance: 0 },
    },
    {
      name: "as many rows as distances",
      operands: { x: { shape: [9, 7] } },
      attrs: { count: 9, newest: 8, maxDistance: 8 },
    },
    {
      name: "more rows than distances",
      operands: { x: { shape: [9, 7] } },
      attrs: { count: 37, newest: 36, maxDistance: 8 },
      sumLength: 29,
    },
    {
      name: "clamped, with rows of padding",
      operands: { x: { shape: [9, 7] } },
      scalars: { newest: 11 },
      attrs: { count: 17, maxDistance: 4 },
      sumLength: 8,
    },
    {
      name: "fewer rows than distances",
      operands: { x: { shape: [40, 33] } },
      scalars: { newest: 20 },
      attrs: { count: 23, maxDistance: 39 },
      sumLength: 3,
    },
    {
      name: "each row at distance 0",
      operands: { x: { shape: [3, 5] } },
      attrs: { count: 6, newest: 5, maxDistance: 0 },
      sumLength: 6,
    },
    {
      name: "base",
      operands: { x: { shape: [384, 512] } },
      attrs: { count: 384, newest: 383, maxDistance: 383 },
      bench: true,
    },
  ],
};
