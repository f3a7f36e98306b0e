/**
 * Cases of cross_entropy.
 *
 * @module
 */
import { reshape } from "@transformer-xl/runtime/core";
import { cast } from "../cast/mod.ts";
import { matmul } from "../matmul/mod.ts";
import type { OpCase, OpCases, OperandSpec } from "../op_cases.ts";
import { crossEntropy, IGNORED, type VocabularyBlock } from "./mod.ts";

/** hidden [R, D], targets [R] and one weight and bias per block of the vocabulary. */
function operands(
  R: number,
  D: number,
  blocks: readonly number[],
  target: (row: number) => number,
): Record<string, OperandSpec> {
  return {
    hidden: { shape: [R, D] },
    targets: { shape: [R], dtype: "u32", values: target },
    ...Object.fromEntries(blocks.flatMap((V, i) => [
      [`weight${i}`, { shape: [V, D] }],
      [`bias${i}`, { shape: [V] }],
    ])),
  };
}

const spread = (V: number) => (row: number) => row * 7919 % V;
const someIgnored = (V: number) => (row: number) => row % 3 === 1 ? IGNORED : spread(V)(row);

function row(
  name: string,
  R: number,
  D: number,
  blocks: readonly number[],
  more: Partial<OpCase> & { readonly target?: (row: number) => number } = {},
): OpCase {
  const V = blocks.reduce((sum, columns) => sum + columns, 0);
  const { target = spread(V), operands: extra, ...rest } = more;
  return {
    name,
    operands: { ...operands(R, D, blocks, target), ...extra },
    cotangent: "one",
    sumLength: Math.max(R, D, V),
    ...rest,
  };
}

const EDGES = [0, 9, 10, 79, 80, 130]; // first and last column of every block of [10, 70, 51]

/** Blocks, ignored and limited rows, chunks, wide rows and extreme logits. */
export const crossEntropyCases: OpCases = {
  op: "cross_entropy",
  call(rec, { hidden, targets, ...tables }, { scalars, attrs }) {
    const blocks: VocabularyBlock[] = [];
    for (let i = 0; tables[`weight${i}`]; i++) {
      blocks.push({ weight: tables[`weight${i}`]!, bias: tables[`bias${i}`]! });
    }
    const { weight, rows } = scalars;
    const nll = crossEntropy(rec, hidden!, {
      blocks,
      targets: targets!,
      weight: weight ?? 1,
      differentiate: attrs?.["differentiate"] !== false,
      ...(rows && { rows }),
      ...(attrs?.["chunkRows"] && { chunkRows: Number(attrs["chunkRows"]) }),
    });
    // The gradient includes `weight`, so it is that of the weighted nll.
    const { factor } = tables;
    if (factor === undefined) return { outputs: { nll } };
    const loss = matmul(rec, reshape(rec, nll, [nll.size, 1]), cast(rec, factor, "f32"));
    return { outputs: { loss } };
  },
  rows: [
    row("one row and one column", 1, 3, [1]),
    row("one row", 1, 5, [3]),
    row("odd sizes", 13, 7, [131]),
    row("wide rows", 3, 4, [2177]),
    row("three blocks", 6, 9, [10, 70, 51], { target: (r) => EDGES[r]! }),
    row("some rows are ignored", 10, 6, [20, 13], { target: someIgnored(33) }),
    row("every row is ignored", 4, 6, [70], { target: () => IGNORED }),
    row("fewer rows than there is room for", 11, 6, [19, 8], { scalars: { rows: 7 } }),
    row("no rows", 11, 6, [19, 8], { scalars: { rows: 0 } }),
    row("chunks", 11, 6, [19, 8], { attrs: { chunkRows: 4 }, target: someIgnored(27) }),
    row("chunks, some empty, one in part", 11, 6, [19, 8], {
      attrs: { chunkRows: 3 },
      scalars: { rows: 4 },
    }),
    row("a weight given at every run", 9, 6, [21], {
      scalars: { weight: 0.25 },
      operands: { factor: { shape: [1, 1], values: () => 0.25 } },
    }),
    row("logits up to 10,000", 5, 1, [101], {
      operands: {
        hidden: { shape: [5, 1], values: (i) => i % 2 === 0 ? 1 : -1 },
        weight0: { shape: [101, 1], values: (v) => 200 * (v - 50) },
      },
      target: (r) => [0, 0, 100, 100, 37][r]!,
    }),
    row("without gradient", 11, 6, [19, 8], {
      attrs: { differentiate: false, chunkRows: 4 },
      scalars: { rows: 9 },
      derivative: false,
    }),
    row("base head", 384, 512, [20_000], { bench: true }),
    row("base second tail", 256, 512, [65_536, 65_536, 28_928], {
      scalars: { rows: 51 },
      bench: true,
    }),
  ],
};
