/**
 * Cases of target scores.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { scale } from "../scale/mod.ts";
import { IGNORED } from "../shared/ignored.ts";
import { targetScores } from "./mod.ts";

const spread = (V: number) => (row: number) => (row * 7 + 3) % V;

function operands(R: number, V: number, target: (row: number) => number = spread(V)) {
  return {
    values: { shape: [R, V] },
    targets: { shape: [R], dtype: "u32", values: target },
  } as const;
}

/** One column, odd sizes, equal values, excluded rows, and rows wider than a workgroup. */
export const targetScoresCases: OpCases = {
  op: "target_scores",
  call: (rec, { values, targets }) => ({
    extra: { y: targetScores(rec, scale(rec, values!, 1), targets!) },
  }),
  rows: [
    { name: "one column", operands: operands(3, 1) },
    { name: "odd sizes", operands: operands(13, 37) },
    {
      name: "equal values",
      operands: { ...operands(6, 70), values: { shape: [6, 70], values: (i: number) => i % 3 } },
    },
    {
      name: "excluded rows",
      operands: operands(9, 21, (row) => row % 3 === 1 ? IGNORED : spread(21)(row)),
    },
    { name: "wide rows", operands: operands(2, 5003) },
    { name: "base rows", operands: operands(64, 33_278), bench: true },
  ].map((row) => ({ ...row, derivative: false as const })),
};
