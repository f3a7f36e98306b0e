/**
 * Cases of norms of residual sums.
 *
 * @module
 */
import type { Dropout } from "../dropout/mod.ts";
import { copyRows } from "../copy_rows/mod.ts";
import { normals } from "../normals.ts";
import type { OpCase, OpCases } from "../op_cases.ts";
import { residualNorm } from "./mod.ts";

const row = (name: string, R: number, D: number, attrs: OpCase["attrs"] = {}): OpCase => ({
  name,
  operands: {
    x: { shape: [R, D] },
    residual: { shape: [R, D] },
    gain: { shape: [D] },
    bias: { shape: [D] },
  },
  sumLength: Math.max(R + Number(attrs["above"] ?? 0), D),
  attrs,
});

const dropped = (row: OpCase): OpCase => ({
  ...row,
  scalars: { seed: 1111, step: 2, stream: 5 },
  attrs: { ...row.attrs, rate: 0.3 },
});

/** Odd and even rows with a memory, copied or in place, and without; one of both results unused. */
export const residualNormCases: OpCases = {
  op: "residual_norm",
  call(rec, { x, residual, gain, bias }, { scalars: { seed, step, stream }, attrs }) {
    const dropout: Dropout | undefined = seed && {
      rate: Number(attrs!["rate"]),
      mask: { kind: "philox", seed, step: step!, stream: stream!, site: 3 },
    };
    const [R, D] = x!.shape as [number, number];
    const rows = Number(attrs!["above"] ?? 0);
    const memory = rows > 0
      ? rec.constant("memory", [rows, D], x!.dtype, Float32Array.from(normals("memory", rows * D)))
      : undefined;
    let into;
    if (memory !== undefined && attrs!["inPlace"]) {
      into = rec.temporary([rows + R, D], x!.dtype, "context");
      copyRows(rec, into, memory, 0);
    }
    const options = { dropout, ...(memory && { above: { memory, into } }) };
    const { sum, y, rows: all } = residualNorm(rec, x!, residual!, gain!, bias!, options);
    const used = attrs!["used"] ?? "both";
    return {
      outputs: { ...(used !== "y" && { sum }), ...(used !== "sum" && { y }) },
      extra: { rows: all },
    };
  },
  rows: [
    row("odd sizes", 37, 19),
    row("odd sizes below a memory", 7, 19, { above: 5 }),
    row("vectors below a memory", 9, 36, { above: 3 }),
    row("in place below a memory", 9, 36, { above: 3, inPlace: true }),
    row("several items of a processor", 70, 128, { above: 65 }),
    row("the norm alone is used", 6, 8, { above: 3, used: "y" }),
    row("the sum alone is used", 6, 8, { above: 3, used: "sum" }),
    dropped(row("a dropout of odd rows", 9, 19)),
    dropped(row("a dropout of odd rows below a memory", 9, 19, { above: 2 })),
    dropped(row("a dropout of whole blocks", 13, 72)),
    dropped(row("a dropout of whole blocks below a memory", 13, 72, { above: 11 })),
    dropped(row("a dropout in place below a memory", 13, 72, { above: 11, inPlace: true })),
    { ...dropped(row("base rows below a memory", 6144, 512, { above: 6144 })), bench: true },
  ],
};
