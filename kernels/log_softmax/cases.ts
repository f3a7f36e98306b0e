/**
 * Cases of log_softmax.
 *
 * @module
 */
import type { VocabularyBlock } from "../cross_entropy/mod.ts";
import type { OpCases, OperandSpec } from "../op_cases.ts";
import { scale } from "../scale/mod.ts";
import { logSoftmax } from "./mod.ts";

function operands(
  R: number,
  D: number,
  blocks: readonly number[],
  width: number,
): Record<string, OperandSpec> {
  return {
    y: { shape: [R, width] },
    hidden: { shape: [R, D] },
    ...Object.fromEntries(blocks.flatMap((V, i) => [
      [`weight${i}`, { shape: [V, D] }],
      [`bias${i}`, { shape: [V] }],
    ])),
  };
}

/** All columns, a part of them beside others, a shift, blocks, wide rows and extreme logits. */
export const logSoftmaxCases: OpCases = {
  op: "log_softmax",
  call(rec, { y, hidden, shift, ...tables }, { attrs }) {
    const blocks: VocabularyBlock[] = [];
    for (let i = 0; tables[`weight${i}`]; i++) {
      blocks.push({ weight: tables[`weight${i}`]!, bias: tables[`bias${i}`]! });
    }
    const columns = blocks.reduce((sum, { bias }) => sum + bias.size, 0);
    const { first = 0, count = columns, at = 0, column = 0 } = attrs ?? {};
    logSoftmax(rec, scale(rec, hidden!, 1), {
      blocks,
      outputs: [{ y: y!, at: Number(at), first: Number(first), count: Number(count) }],
      ...(shift && { shift: { values: scale(rec, shift, 1), column: Number(column) } }),
    });
    return {};
  },
  rows: [
    { name: "one word", operands: operands(3, 5, [1], 1), sumLength: 5 },
    { name: "all words", operands: operands(13, 8, [37], 37), sumLength: 37 },
    {
      name: "blocks and a part of the columns",
      operands: operands(7, 12, [10, 70, 51], 200),
      attrs: { first: 9, count: 75, at: 60 },
      sumLength: 131,
    },
    {
      name: "a shift",
      operands: { ...operands(9, 6, [21], 30), shift: { shape: [9, 3] } },
      attrs: { at: 9, column: 2 },
      sumLength: 21,
    },
    {
      name: "wide rows",
      operands: operands(2, 4, [5003], 5003),
      sumLength: 5003,
    },
    {
      name: "extreme logits",
      operands: {
        ...operands(4, 3, [64], 64),
        bias0: { shape: [64], values: (i: number) => i % 5 === 0 ? 60 : -60 },
      },
      sumLength: 64,
    },
    {
      name: "base head",
      operands: operands(64, 512, [20_000], 20_000),
      sumLength: 20_000,
      bench: true,
    },
  ].map((row) => ({ ...row, derivative: false as const })),
};
