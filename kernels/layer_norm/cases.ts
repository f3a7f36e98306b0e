/**
 * Cases of layer norm.
 *
 * @module
 */
import type { Dropout } from "../dropout/mod.ts";
import type { OpCase, OpCases, OperandSpec } from "../op_cases.ts";
import { scale } from "../scale/mod.ts";
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

const dropped = (row: OpCase): OpCase => ({
  ...row,
  scalars: { seed: 1111, step: 2, stream: 5 },
  attrs: { rate: 0.3 },
});

/** With and without residual, narrow and wide rows, several blocks of rows, a large offset. */
export const layerNormCases: OpCases = {
  op: "layer_norm",
  call(rec, { x, gain, bias, residual }, { scalars: { seed, step, stream }, attrs }) {
    const dropout: Dropout | undefined = seed && {
      rate: Number(attrs!["rate"]),
      mask: { kind: "philox", seed, step: step!, stream: stream!, site: 3 },
    };
    const options = { ...(residual && { residual }), dropout };
    // Values have no gradient to add to: their cotangents are sums of their own.
    const [g, b] = [gain!, bias!].map((p) => attrs?.["computed"] ? scale(rec, p, 2) : p);
    return { outputs: { y: layerNorm(rec, x!, g!, b!, options) } };
  },
  rows: [
    row("one row", 1, 32),
    row("odd sizes", 37, 19),
    row("odd sizes with residual", 37, 19, true),
    row("fewer columns than lanes", 5, 3, true),
    row("more columns than one group of gains", 33, 131),
    row("many blocks of rows", 300, 10, true),
    row("wide rows", 3, 1024, true),
    { ...row("gain and bias that are computed", 70, 12, true), attrs: { computed: true } },
    row("rows of vectors, of an odd number", 21, 36, true),
    dropped(row("a dropout of odd rows", 9, 19, true)),
    dropped(row("a dropout of whole blocks", 13, 72, true)),
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
    {
      ...dropped(row("base rows with residual and dropout", 6144, 512, true)),
      bench: true,
    },
    { ...row("base rows", 6144, 512), bench: true },
  ],
};
