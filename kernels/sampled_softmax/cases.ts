/**
 * Cases of sampled_softmax.
 *
 * @module
 */
import { reshape } from "@transformer-xl/runtime/core";
import { cast } from "../cast/mod.ts";
import { matmul } from "../matmul/mod.ts";
import type { OpCase, OpCases } from "../op_cases.ts";
import { IGNORED } from "../shared/ignored.ts";
import { groupOperands, groupsOf, integers } from "../embedding/token_group_operands.ts";
import { LogUniform, sampledSoftmax } from "./mod.ts";

/** Samples that a case asks for. */
const SAMPLES = 4;

/**
 * A case of R = `targets.length` rows: one weight and bias per block of the vocabulary, and sampled
 * words, padded to `slots`.
 */
function row(
  name: string,
  D: number,
  blocks: readonly number[],
  targets: readonly number[],
  samples: readonly number[],
  more: Partial<OpCase> & { readonly slots?: number } = {},
): OpCase {
  const { slots = samples.length, operands, scalars, ...rest } = more;
  const padded = Array.from({ length: slots }, (_, i) => samples[i] ?? IGNORED);
  const wanted = groupOperands(targets, blocks, { prefix: "target_" });
  const drawn = groupOperands(padded, blocks, { prefix: "sample_" });
  return {
    name,
    operands: {
      hidden: { shape: [targets.length, D] },
      targets: integers(targets),
      samples: integers(padded),
      ...wanted.operands,
      ...drawn.operands,
      ...Object.fromEntries(blocks.flatMap((V, i) => [
        [`weight${i}`, { shape: [V, D] }],
        [`bias${i}`, { shape: [V] }],
      ])),
      ...operands,
    },
    scalars: { ...wanted.scalars, ...drawn.scalars, drawn: samples.length, ...scalars },
    cotangent: "one",
    sumLength: Math.max(targets.length, D, slots),
    ...rest,
  };
}

const words = (count: number, step: number, V: number) =>
  Array.from({ length: count }, (_, i) => i * step % V);

/** Blocks, ignored rows, accidental hits, unused slots, chunks, extreme logits. */
export const sampledSoftmaxCases: OpCases = {
  op: "sampled_softmax",
  call(rec, { hidden, targets, samples, ...tables }, { scalars, attrs }) {
    const count = Object.keys(tables).filter((name) => name.startsWith("weight")).length;
    const blocks = Array.from({ length: count }, (_, i) => ({
      weight: tables[`weight${i}`]!,
      bias: tables[`bias${i}`]!,
    }));
    const V = blocks.reduce((sum, { bias }) => sum + bias.size, 0);
    const nll = sampledSoftmax(rec, hidden!, {
      blocks,
      targets: targets!,
      samples: samples!,
      count: scalars["drawn"]!,
      groups: {
        targets: groupsOf(tables, scalars, count, "target_"),
        samples: groupsOf(tables, scalars, count, "sample_"),
      },
      logExpected: new LogUniform(V, SAMPLES).logExpected,
      weight: scalars["weight"] ?? 1,
      differentiate: attrs?.["differentiate"] !== false,
      ...(attrs?.["chunkRows"] && { chunkRows: Number(attrs["chunkRows"]) }),
    });
    // The gradient includes `weight`, so it is that of the weighted nll.
    const { factor } = tables;
    if (factor === undefined) return { outputs: { nll } };
    return {
      outputs: { loss: matmul(rec, reshape(rec, nll, [nll.size, 1]), cast(rec, factor, "f32")) },
    };
  },
  rows: [
    row("one row and one sample", 3, [5], [2], [4]),
    row("nothing but the target", 3, [9], [2, 2], [2]),
    row("odd sizes", 7, [131], words(13, 29, 131), words(21, 6, 131)),
    row("repeated targets, some of which are samples", 5, [40], [3, 0, 3, 39, 7], [0, 3, 8, 20]),
    row("three blocks", 9, [10, 70, 51], [0, 9, 10, 79, 80, 130], [0, 3, 10, 79, 100, 130]),
    row("a block without words", 6, [10, 10, 10], [0, 25, 9], [1, 22, 29]),
    row("some rows are ignored", 6, [33], [IGNORED, 4, IGNORED, 31, 4], [2, 4, 9, 30]),
    row("every row is ignored", 6, [33], [IGNORED, IGNORED], [2, 4, 9]),
    row("fewer samples than slots", 6, [33], [8, 1, 20], [0, 1, 5, 19, 31], { slots: 12 }),
    row("chunks", 6, [40], words(11, 7, 40), [0, 1, 2, 7, 14, 33], {
      attrs: { chunkRows: 4 },
      slots: 8,
    }),
    row("a weight given at every run", 6, [33], words(9, 5, 33), [0, 2, 10, 15], {
      scalars: { weight: 0.25 },
      operands: { factor: { shape: [1, 1], values: () => 0.25 } },
    }),
    row("logits up to 10,000", 1, [101], [0, 0, 100, 100, 37], [0, 1, 50, 60, 100], {
      operands: {
        hidden: { shape: [5, 1], values: (i) => i % 2 === 0 ? 1 : -1 },
        weight0: { shape: [101, 1], values: (v) => 200 * (v - 50) },
      },
    }),
    row("without gradient", 6, [19, 8], words(11, 4, 27), [0, 3, 8, 20], {
      attrs: { differentiate: false, chunkRows: 4 },
      derivative: false,
    }),
    row(
      "base softmax of 33,278 words",
      512,
      [33_278],
      words(384, 79, 33_278),
      words(1100, 30, 33_278),
      {
        slots: 1344,
        bench: true,
      },
    ),
  ],
};
