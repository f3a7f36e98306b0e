/**
 * Cases of the reductions and of writing one number.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { scale } from "../elementwise/scale.ts";
import { accumulateColumnSum, sumRows } from "./column_sum.ts";
import { sum } from "./sum_all.ts";
import { storeScalar } from "./write_at.ts";

/** One and two levels, all rows and a count that changes, as a value and into a gradient. */
export const columnSumCases: OpCases = {
  op: "column_sum",
  call(rec, { x, sum }, { scalars }) {
    const limit = scalars["rows"] && { rows: scalars["rows"] };
    if (sum === undefined) return { extra: { y: sumRows(rec, x!, limit) } };
    // Operands share one buffer, which a launch may not both read and write.
    accumulateColumnSum(rec, sum, scale(rec, x!, 1), limit);
    return {};
  },
  rows: [
    { name: "one element", operands: { x: { shape: [1, 1] } } },
    { name: "odd sizes", operands: { x: { shape: [37, 19] } }, reduction: 37 },
    { name: "two levels", operands: { x: { shape: [517, 70] } }, reduction: 517 },
    {
      name: "some of the rows",
      operands: { x: { shape: [90, 33] } },
      scalars: { rows: 17 },
      reduction: 17,
    },
    {
      name: "some of the rows at two levels",
      operands: { x: { shape: [700, 5] } },
      scalars: { rows: 301 },
      reduction: 301,
    },
    { name: "none of the rows", operands: { x: { shape: [700, 5] } }, scalars: { rows: 0 } },
    {
      name: "added to what is there",
      operands: { x: { shape: [300, 9] }, sum: { shape: [9] } },
      reduction: 300,
    },
    {
      name: "base feed-forward bias",
      operands: { x: { shape: [6144, 2048] } },
      reduction: 6144,
      bench: true,
    },
  ].map((row) => ({ ...row, derivative: false as const })),
};

/** One level, two levels, more elements than the lanes of both take in one turn. */
export const sumAllCases: OpCases = {
  op: "sum_all",
  call: (rec, { x }) => ({ outputs: { y: sum(rec, x!) } }),
  rows: [
    { name: "one element", operands: { x: { shape: [1] } } },
    { name: "one workgroup", operands: { x: { shape: [37, 19] } }, sumLength: 703 },
    { name: "two levels", operands: { x: { shape: [5001] } }, sumLength: 5001 },
    { name: "empty", operands: { x: { shape: [0] } } },
    {
      name: "several turns of every lane",
      operands: { x: { shape: [70_001] } },
      sumLength: 70_001,
    },
    {
      name: "base activation",
      operands: { x: { shape: [6144, 512] } },
      sumLength: 6144 * 512,
      bench: true,
    },
  ],
};

/** Replacing, adding, scaling by a number of the run, and an index past the end. */
export const writeAtCases: OpCases = {
  op: "write_at",
  call(rec, { value, target }, { scalars, attrs }) {
    storeScalar(rec, target!, scalars["index"]!, scale(rec, value!, 1), {
      accumulate: attrs?.["accumulate"] === true,
      ...(scalars["scale"] && { scale: scalars["scale"] }),
    });
    return {};
  },
  rows: [
    { name: "replaces", scalars: { index: 3 } },
    { name: "adds", scalars: { index: 0 }, attrs: { accumulate: true } },
    {
      name: "adds a scaled value",
      scalars: { index: 6, scale: 0.125 },
      attrs: { accumulate: true },
    },
    { name: "writes nothing past the end", scalars: { index: 7 } },
  ].map((row) => ({
    ...row,
    operands: { value: { shape: [1] }, target: { shape: [7] } },
    derivative: false as const,
  })),
};
