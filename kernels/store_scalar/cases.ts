/**
 * Cases of store_scalar.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { scale } from "../scale/mod.ts";
import { storeScalar } from "./mod.ts";

/** Replacing, adding, scaling by a number of the run, and an index past the end. */
export const storeScalarCases: OpCases = {
  op: "store_scalar",
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
