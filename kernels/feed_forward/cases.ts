/**
 * Cases of the feed-forward network.
 *
 * @module
 */
import type { Dropout } from "../dropout/mod.ts";
import type { OpCase, OpCases } from "../op_cases.ts";
import { feedForward } from "./mod.ts";

const row = (
  name: string,
  [R, D, F, E]: readonly [number, number, number, number],
  more: Partial<OpCase> = {},
): OpCase => ({
  name,
  ...more,
  operands: {
    x: { shape: [R, D] },
    w1: { shape: [F, D] },
    b1: { shape: [F] },
    w2: { shape: [E, F] },
    b2: { shape: [E] },
    ...more.operands,
  },
  sumLength: Math.max(R, D, F) * 4,
});

const philox = { seed: 1111, step: 2, stream: 5 };

/** Odd sizes, sizes that suit vector loads, and both kinds of masks. */
export const feedForwardCases: OpCases = {
  op: "feed_forward",
  call(rec, { x, w1, b1, w2, b2, keep }, { scalars: { seed, step, stream }, attrs }) {
    const mask: Dropout["mask"] | undefined = keep !== undefined
      ? { kind: "given", keep }
      : seed !== undefined
      ? { kind: "philox", seed, step: step!, stream: stream!, site: 7 }
      : undefined;
    const dropout = mask && { rate: Number(attrs!["rate"]), mask };
    const weights = { w1: w1!, b1: b1!, w2: w2!, b2: b2! };
    return { outputs: { y: feedForward(rec, x!, weights, dropout) } };
  },
  rows: [
    row("one element", [1, 1, 1, 1]),
    row("odd sizes", [13, 7, 19, 5]),
    row("odd sizes with dropout", [13, 7, 19, 5], { scalars: philox, attrs: { rate: 0.3 } }),
    row("odd rows wider than a block with dropout", [5, 7, 131, 5], {
      scalars: philox,
      attrs: { rate: 0.3 },
    }),
    row("whole blocks of a mask", [37, 7, 72, 5], { scalars: philox, attrs: { rate: 0.5 } }),
    row("a given mask", [9, 8, 16, 8], {
      operands: { keep: { shape: [9, 16], dtype: "u32", values: (i) => (i % 3 === 0 ? 0 : 1) } },
      attrs: { rate: 0.5 },
    }),
    row("base", [1536, 512, 2048, 512], {
      scalars: philox,
      attrs: { rate: 0.1 },
      bench: true,
    }),
  ],
};
