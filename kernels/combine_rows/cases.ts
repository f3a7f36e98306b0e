/**
 * Cases of combine_rows.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { gather } from "../gather/mod.ts";
import { rowsOf } from "../shared/row_numbers.ts";
import { combineRows } from "./mod.ts";

/** Two and three parts, one of them empty. */
export const combineRowsCases: OpCases = {
  op: "combine_rows",
  call(rec, { all, rows0, rows1, rows2 }, { scalars, attrs }) {
    // Parts cut out of one matrix, so that rows that take no part carry no gradient.
    const parts = [rows0, rows1, rows2].flatMap((rows, p) => {
      if (rows === undefined) return [];
      const count = scalars[`count${p}`] ?? rows.size;
      return [{ x: gather(rec, all!, rows, count), rows, count }];
    });
    return { outputs: { y: combineRows(rec, all!.shape[0]!, parts, Number(attrs!["scale"])) } };
  },
  rows: [
    {
      name: "one part",
      operands: { all: { shape: [7, 5] }, rows0: rowsOf(7, 7) },
      attrs: { scale: 1 },
    },
    {
      name: "odd and even rows",
      operands: {
        all: { shape: [37, 19] },
        rows0: { shape: [19], dtype: "u32", values: (i) => 2 * i },
        rows1: { shape: [18], dtype: "u32", values: (i) => 2 * i + 1 },
      },
      attrs: { scale: 4.5 },
    },
    {
      name: "counts of the run, one of them zero",
      operands: {
        all: { shape: [30, 24] },
        rows0: { shape: [30], dtype: "u32", values: (i) => i < 21 ? i : 0 },
        rows1: { shape: [30], dtype: "u32", values: (i) => i < 9 ? 29 - i : 0 },
        rows2: { shape: [30], dtype: "u32" },
      },
      scalars: { count0: 21, count1: 9, count2: 0 },
      attrs: { scale: 22.5 },
    },
  ],
};
