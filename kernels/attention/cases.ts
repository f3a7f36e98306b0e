/**
 * Cases of relative and of dot-product attention.
 *
 * @module
 */
import type { Dropout } from "../dropout/mod.ts";
import type { OpCase, OpCases } from "../op_cases.ts";
import {
  type AttentionForm,
  type AttentionOptions,
  dotProductAttention,
  relativeAttention,
} from "./mod.ts";

interface Sizes {
  readonly Q: number;
  readonly M: number;
  readonly B: number;
  readonly N: number;
  readonly H: number;
  readonly validMemory?: number;
  readonly maxDistance?: number;
  readonly rate?: number;
  readonly form?: "fused" | "recomputed";
}

const FUSED = { form: "fused" } as const;

/** What the derivative of a fused row adds: its kernel takes a software driver long to compile. */
const LOOPS = { derivative: "loops" } as const;

/** A case of dot-product attention. */
function plainRow(name: string, sizes: Sizes, more: Partial<OpCase> = {}): OpCase {
  const { Q, M, B, N, H, validMemory = M, ...attrs } = sizes;
  const K = M + Q;
  return {
    name,
    ...more,
    operands: {
      q: { shape: [Q * B, N * H] },
      kv: { shape: [K * B, 2 * N * H] },
      ...more.operands,
    },
    scalars: { validMemory, ...more.scalars },
    attrs: { M, B, N, H, ...attrs },
    sumLength: Math.max(K, Q * B, H),
  };
}

/** A case of relative attention. */
function row(name: string, sizes: Sizes, more: Partial<OpCase> = {}): OpCase {
  const { Q, M, N, H } = sizes;
  const positions = {
    r: { shape: [M + Q, N * H] },
    contentBias: { shape: [N, H] },
    positionBias: { shape: [N, H] },
  };
  return plainRow(name, sizes, { ...more, operands: { ...positions, ...more.operands } });
}

type Call = Parameters<OpCases["call"]>;

/** Options of a case. */
function optionsOf(
  keep: Call[1][string] | undefined,
  { scalars, attrs }: Call[2],
): AttentionOptions {
  const { seed, step, stream } = scalars;
  const number = (key: string) => Number(attrs![key]);
  const mask: Dropout["mask"] | undefined = keep !== undefined
    ? { kind: "given", keep }
    : seed !== undefined
    ? { kind: "philox", seed, step: step!, stream: stream!, site: 9 }
    : undefined;
  return {
    B: number("B"),
    N: number("N"),
    H: number("H"),
    memoryRows: scalars["memoryRows"] ?? number("M"),
    validMemory: scalars["validMemory"]!,
    ...(attrs!["maxDistance"] !== undefined && { maxDistance: number("maxDistance") }),
    form: (attrs!["form"] ?? "auto") as AttentionForm,
    ...(mask && { dropout: { rate: number("rate"), mask } }),
  };
}

const philox = { seed: 1111, step: 2, stream: 5 };

/** Every mask situation, both dropout masks, odd and smallest sizes, and the base model. */
export const relativeAttentionCases: OpCases = {
  op: "relative_attention",
  call(rec, { q, kv, r, contentBias, positionBias, distanceBias, keep }, given) {
    const out = relativeAttention(
      rec,
      {
        q: q!,
        kv: kv!,
        r: r!,
        contentBias: contentBias!,
        positionBias: positionBias!,
        ...(distanceBias && { distanceBias }),
      },
      optionsOf(keep, given),
    );
    return { outputs: { out } };
  },
  rows: [
    row("one query, no memory", { Q: 1, M: 0, B: 1, N: 1, H: 1 }),
    row("one query over memory", { Q: 1, M: 9, B: 3, N: 2, H: 5 }),
    row("no memory", { Q: 7, M: 0, B: 2, N: 2, H: 4 }),
    row("empty memory", { Q: 6, M: 5, B: 3, N: 3, H: 5, validMemory: 0 }),
    row("memory partly filled", { Q: 6, M: 5, B: 3, N: 3, H: 5, validMemory: 2 }),
    row("full memory, odd sizes", { Q: 13, M: 11, B: 3, N: 3, H: 5 }),
    row("max distance equal to memory", { Q: 9, M: 6, B: 2, N: 2, H: 6, maxDistance: 6 }),
    row("max distance 1 without memory", { Q: 5, M: 0, B: 2, N: 2, H: 4, maxDistance: 1 }),
    row("each query sees itself alone", { Q: 5, M: 0, B: 2, N: 2, H: 4, maxDistance: 0 }, {
      derivative: false, // zero for all but the values, up to rounding
    }),
    row("small max distance, memory partly filled", {
      Q: 8,
      M: 7,
      B: 2,
      N: 3,
      H: 5,
      validMemory: 3,
      maxDistance: 2,
    }),
    row(
      "a given dropout mask",
      { Q: 5, M: 4, B: 2, N: 3, H: 5, rate: 0.5 },
      {
        operands: {
          keep: { shape: [2, 3, 5, 9], dtype: "u32", values: (i) => (i * 7 % 5 < 2 ? 0 : 1) },
        },
      },
    ),
    row("Philox dropout", { Q: 7, M: 5, B: 3, N: 2, H: 4, rate: 0.3, validMemory: 4 }, {
      scalars: philox,
    }),
    row("large scores", { Q: 4, M: 3, B: 1, N: 2, H: 4 }, {
      operands: { contentBias: { shape: [2, 4], values: (i) => 60 - 30 * i } },
      derivative: false, // vanishes for a saturated softmax, up to rounding
    }),
    row("a bias of distances", { Q: 7, M: 5, B: 3, N: 3, H: 5, validMemory: 3, maxDistance: 6 }, {
      operands: { distanceBias: { shape: [12, 3] } },
    }),
    row("rows behind those of the query", { Q: 1, M: 9, B: 3, N: 2, H: 5, validMemory: 4 }, {
      scalars: { memoryRows: 6 },
    }),
    row("rows behind those of several queries", { Q: 4, M: 9, B: 2, N: 3, H: 4, maxDistance: 5 }, {
      scalars: { memoryRows: 7 },
      operands: { distanceBias: { shape: [13, 3] } },
    }),
    row("long memory", { Q: 9, M: 200, B: 1, N: 1, H: 8, validMemory: 170 }),
    row("fused, one query", { Q: 1, M: 9, B: 3, N: 2, H: 5, ...FUSED }, LOOPS),
    row("fused, full memory, odd sizes", { Q: 37, M: 41, B: 3, N: 3, H: 5, ...FUSED }, LOOPS),
    row("fused, small max distance, memory partly filled", {
      ...{ Q: 30, M: 70, B: 2, N: 3, H: 5, validMemory: 33, maxDistance: 40 },
      ...FUSED,
    }, LOOPS),
    row("fused, large scores", { Q: 4, M: 3, B: 1, N: 2, H: 4, ...FUSED }, {
      operands: { contentBias: { shape: [2, 4], values: (i) => 60 - 30 * i } },
      derivative: false, // vanishes for a saturated softmax, up to rounding
    }),
    row("fused, a bias of distances, Philox dropout, rows behind those of the queries", {
      ...{ Q: 4, M: 9, B: 2, N: 3, H: 4, maxDistance: 5, rate: 0.3 },
      ...FUSED,
    }, {
      scalars: { memoryRows: 7, ...philox },
      operands: { distanceBias: { shape: [13, 3] } },
      ...LOOPS,
    }),
    row("fused, the derivative from arrays of scores, a bias of distances, Philox dropout", {
      ...{ Q: 7, M: 5, B: 3, N: 2, H: 4, rate: 0.3, validMemory: 4 },
      form: "recomputed",
    }, { scalars: philox, operands: { distanceBias: { shape: [12, 2] } } }),
    row("base", { Q: 192, M: 192, B: 4, N: 8, H: 64 }, { bench: true }),
    row("base with a bias of distances", { Q: 192, M: 192, B: 4, N: 8, H: 64 }, {
      operands: { distanceBias: { shape: [384, 8] } },
      bench: true,
      derivative: false,
    }),
    row("base, evaluation", { Q: 64, M: 640, B: 4, N: 8, H: 64, maxDistance: 640 }, {
      bench: true,
      derivative: false,
    }),
    row("base, evaluation, fused", {
      ...{ Q: 64, M: 640, B: 4, N: 8, H: 64, maxDistance: 640 },
      ...FUSED,
    }, { bench: true, derivative: false }),
  ],
};

/** The same situations without positions. */
export const dotProductAttentionCases: OpCases = {
  op: "dot_product_attention",
  call(rec, { q, kv, keep }, given) {
    const out = dotProductAttention(rec, { q: q!, kv: kv! }, optionsOf(keep, given));
    return { outputs: { out } };
  },
  rows: [
    plainRow("one query, no memory", { Q: 1, M: 0, B: 1, N: 1, H: 1 }, {
      derivative: false, // of the values alone: one key has weight 1
    }),
    plainRow("no memory", { Q: 7, M: 0, B: 2, N: 2, H: 4 }),
    plainRow("empty memory", { Q: 6, M: 5, B: 3, N: 3, H: 5, validMemory: 0 }),
    plainRow("full memory, odd sizes", { Q: 13, M: 11, B: 3, N: 3, H: 5 }),
    plainRow("small max distance, memory partly filled, Philox dropout", {
      Q: 8,
      M: 7,
      B: 2,
      N: 3,
      H: 5,
      validMemory: 3,
      maxDistance: 2,
      rate: 0.3,
    }, { scalars: philox }),
    plainRow("rows behind those of the queries", { Q: 2, M: 9, B: 2, N: 2, H: 4 }, {
      scalars: { memoryRows: 5 },
    }),
    plainRow("long memory", { Q: 9, M: 200, B: 1, N: 1, H: 8, validMemory: 170 }),
    plainRow(
      "fused, heads of two blocks, a given dropout mask",
      { Q: 18, M: 15, B: 1, N: 2, H: 67, rate: 0.5, ...FUSED },
      {
        operands: {
          keep: { shape: [1, 2, 18, 33], dtype: "u32", values: (i) => (i * 7 % 5 < 2 ? 0 : 1) },
        },
        ...LOOPS,
      },
    ),
    plainRow("base", { Q: 192, M: 192, B: 4, N: 8, H: 64 }, { bench: true }),
  ],
};
