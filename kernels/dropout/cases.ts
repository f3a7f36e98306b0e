/**
 * Cases of dropout.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { dropout, type DropoutMask } from "./mod.ts";

const scalars = { seed: 1111, step: 7, stream: 3 };

/** Both masks, odd sizes, rates near both ends, large counters, and the shapes of the base model. */
export const dropoutCases: OpCases = {
  op: "dropout",
  call(rec, { x, keep }, { scalars: { seed, step, stream }, attrs }) {
    const mask: DropoutMask = keep === undefined
      ? { kind: "philox", seed: seed!, step: step!, stream: stream!, site: Number(attrs!["site"]) }
      : { kind: "given", keep };
    return { outputs: { y: dropout(rec, x!, { rate: Number(attrs!["rate"]), mask }) } };
  },
  rows: [
    {
      name: "one element",
      operands: { x: { shape: [1] } },
      scalars,
      attrs: { rate: 0.1, site: 0 },
    },
    {
      name: "odd size",
      operands: { x: { shape: [37, 19] } },
      scalars,
      attrs: { rate: 0.1, site: 5 },
    },
    {
      name: "many blocks",
      operands: { x: { shape: [4099] } },
      scalars,
      attrs: { rate: 0.5, site: 1 },
    },
    {
      name: "numbers that use all 32 bits",
      operands: { x: { shape: [100] } },
      scalars: { seed: 0xffff_ffff, step: 0x8000_0001, stream: 0xdead_beef },
      attrs: { rate: 0.25, site: 0xffff_fffe },
    },
    {
      name: "nearly nothing dropped",
      operands: { x: { shape: [65] } },
      scalars,
      attrs: { rate: 1e-6, site: 2 },
    },
    {
      name: "nearly all dropped",
      operands: { x: { shape: [65] } },
      scalars,
      attrs: { rate: 0.99, site: 2 },
    },
    { name: "empty", operands: { x: { shape: [0, 8] } }, scalars, attrs: { rate: 0.1, site: 2 } },
    {
      name: "a given mask",
      operands: {
        x: { shape: [23, 5] },
        keep: { shape: [23, 5], dtype: "u32", values: (i) => (i % 3 === 0 ? 0 : 1) },
      },
      attrs: { rate: 0.5 },
    },
    {
      name: "base activation",
      operands: { x: { shape: [6144, 512] } },
      scalars,
      attrs: { rate: 0.1, site: 0 },
      bench: true,
    },
  ],
};
