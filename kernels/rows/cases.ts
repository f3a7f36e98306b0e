/**
 * Cases of the ops that move rows.
 *
 * @module
 */
import type { OpCases, OperandSpec } from "../op_cases.ts";
import { scale } from "../elementwise/scale.ts";
import { concat, copyRows, slice } from "./copy_rows.ts";
import { combineRows, gather, scatter } from "./indexed_rows.ts";

/** Sizes around a workgroup, and no rows on one side. */
export const concatRowsCases: OpCases = {
  op: "concat_rows",
  call: (rec, { a, b }) => ({ outputs: { y: concat(rec, a!, b!) } }),
  rows: [
    { name: "one row each", operands: { a: { shape: [1, 1] }, b: { shape: [1, 1] } } },
    { name: "odd sizes", operands: { a: { shape: [37, 19] }, b: { shape: [5, 19] } } },
    {
      name: "memory and segment of the base model",
      operands: { a: { shape: [6144, 512] }, b: { shape: [6144, 512] } },
      bench: true,
    },
  ],
};

/** A frozen start and one given at every run. */
export const sliceRowsCases: OpCases = {
  op: "slice_rows",
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

/** A memory that takes the last rows, and one that is longer than what there is. */
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

/** `capacity` distinct rows of R: 5 is coprime to every R used here. */
const rowsOf = (R: number, capacity: number): OperandSpec => ({
  shape: [capacity],
  dtype: "u32",
  values: (i) => (5 * i + 3) % R,
});

/** Narrow and wide rows; counts below the capacity, whose other rows are cut off. */
export const gatherRowsCases: OpCases = {
  op: "gather_rows",
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

/** Replacing and adding, all and some rows. */
export const scatterRowsCases: OpCases = {
  op: "scatter_rows",
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
