/**
 * Cases of layer norm.
 *
 * @module
 */
import type { OpCase, OpCases, OperandSpec } from "../op_cases.ts";
import { layerNorm } from "./mod.ts";

const shapes = (R: number, D: number, residual: boolean): Record<string, OperandSpec> => ({
  x: { shape: [R, D] },
  gain: { shape: [D] },
  bias: { shape: [D] },
  ...(residual && { residual: { shape: [R, D] } as OperandSpec }),
});

const row = (name: string, R: number, D: number, residual = false): OpCase => ({
  name,
  operands: shapes(R, D, residual),
  sumLength: Math.max(R, D),
});

/** With and without residual, narrow and wide rows, several blocks of rows, a large offset. */
export const layerNormCases: OpCases = {
  op: "layer_norm",
  call: (rec, { x, gain, bias, residual }) => ({
    outputs: { y: layerNorm(rec, x!, gain!, bias!, residual && { residual }) },
  }),
  rows: [
    row("one row", 1, 32),
    row("odd sizes", 37, 19),
    row("odd sizes with residual", 37, 19, true),
    row("fewer columns than lanes", 5, 3, true),
    row("more columns than one group of gains", 33, 131),
    row("many blocks of rows", 300, 10, true),
    row("wide rows", 3, 1024, true),
    {
      // sum z^2 - (sum z)^2 would lose all digits here.
      name: "a mean far from zero",
      operands: {
        ...shapes(4, 64, false),
        x: { shape: [4, 64], values: (i) => 1000 + Math.sin(i) },
      },
      // Numbers around 1000 are 6e-5 apart, and all of them deviate from the mean by 1 at most.
      tolerance: 1e-3,
    },
    { ...row("base rows with residual", 6144, 512, true), bench: true },
    { ...row("base rows", 6144, 512), bench: true },
  ],
};
