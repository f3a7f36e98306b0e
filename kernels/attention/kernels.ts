/**
 * The kernels of attention that are not matrix products, with their loops: the two biased queries,
 * packed heads, the bias of distances, the masked softmax, and its derivative. The softmax and its
 * derivative exist with scores by position, which are read and written shifted, and without.
 *
 * @module
 */
import {
  elementwiseKernel,
  type Kernel,
  kernel,
  type Numbers,
  type VectorCode,
} from "@transformer-xl/runtime/core";
import { itemSource, type ItemWidth } from "../shared/items/item_width.ts";
import exactExp from "../shared/exp.wgsl" with { type: "text" };
import addBiases from "./wgsl/add_biases.wgsl" with { type: "text" };
import addDistanceBias from "./wgsl/add_distance_bias.wgsl" with { type: "text" };
import cotangentPlain from "./wgsl/cotangent_plain.wgsl" with { type: "text" };
import cotangentShifted from "./wgsl/cotangent_shifted.wgsl" with { type: "text" };
import distanceBiasGradient from "./wgsl/distance_bias_gradient.wgsl" with { type: "text" };
import packHeads from "./wgsl/pack_heads.wgsl" with { type: "text" };
import queryCotangent from "./wgsl/query_cotangent.wgsl" with { type: "text" };
import queryTerms from "./wgsl/query_terms.wgsl" with { type: "text" };
import scoresPlain from "./wgsl/scores_plain.wgsl" with { type: "text" };
import scoresShifted from "./wgsl/scores_shifted.wgsl" with { type: "text" };
import { ADD_BIASES_CODE, PACK_HEADS_CODE, queryCotangentCode } from "./vector/query_code.ts";
import { softmaxBackwardCode, softmaxCode } from "./vector/softmax_code.ts";
import softmax from "./wgsl/masked_softmax.wgsl" with { type: "text" };
import softmaxBackward from "./wgsl/masked_softmax_backward.wgsl" with { type: "text" };

type Rows = "B" | "N" | "Q" | "K" | "M" | "validMemory" | "maxDistance";
type Operands<K extends string> = Readonly<Record<K, Numbers>>;
type Sizes<K extends string> = Readonly<Record<K, number>>;

/** The two biased queries. */
export const ADD_BIASES = kernel<"q" | "u" | "s" | "content" | "position", "Q" | "B" | "N" | "H">(
  "attention_add_biases",
  addBiases,
  ({ q, u, s, content, position }, { Q, B, N, H }) => {
    for (let row = 0; row < Q * B; row++) {
      const [i, b] = [Math.floor(row / B), row % B];
      for (let n = 0; n < N; n++) {
        const from = (row * N + n) * H;
        const c0 = ((b * N + n) * Q + i) * H;
        const p0 = (n * Q * B + row) * H;
        for (let h = 0; h < H; h++) {
          content[c0 + h] = q[from + h]! + u[n * H + h]!;
          position[p0 + h] = q[from + h]! + s[n * H + h]!;
        }
      }
    }
  },
  ADD_BIASES_CODE,
);

/** Heads one after the other. */
export const PACK_HEADS = kernel<"x" | "y", "T" | "B" | "N" | "H" | "width" | "offset">(
  "attention_pack_heads",
  packHeads,
  ({ x, y }, { T, B, N, H, width, offset }) => {
    for (let row = 0; row < T * B; row++) {
      const [t, b] = [Math.floor(row / B), row % B];
      for (let n = 0; n < N; n++) {
        const from = row * width + offset + n * H;
        const to = ((b * N + n) * T + t) * H;
        for (let h = 0; h < H; h++) y[to + h] = x[from + h]!;
      }
    }
  },
  PACK_HEADS_CODE,
);

/** Scores by position with the bias of their distance. */
export const ADD_DISTANCE_BIAS: Kernel = elementwiseKernel<
  "bias" | "x",
  "count" | "R" | "N" | "K" | "scale"
>("attention_add_distance_bias", addDistanceBias, ({ bias, x }, { count, R, N, K, scale }) => {
  for (let i = 0; i < count; i++) x[i]! += scale * bias[i % K * N + Math.floor(i / (R * K))]!;
});

/** Gradient of the bias of distances. */
export const DISTANCE_BIAS_GRADIENT: Kernel = kernel<"dx" | "db", "R" | "N" | "K">(
  "attention_distance_bias_gradient",
  distanceBiasGradient,
  ({ dx, db }, { R, N, K }) => {
    for (let n = 0; n < N; n++) {
      for (let p = 0; p < K; p++) {
        let sum = 0;
        for (let r = 0; r < R; r++) sum += dx[(n * R + r) * K + p]!;
        db[p * N + n] = sum;
      }
    }
  },
);

/** Sizes of the kernels of {@link queryKernels}. */
type QuerySizes = "rows" | "columns" | "block" | "u_at" | "s_at";

/**
 * Kernels of the cotangent of the queries, and of the first level of those of both biases, by width of
 * items.
 *
 * @param source WGSL of `terms_of`, see query_cotangent.wgsl
 * @param termsOf the same as functions of a number's index
 * @param code the same computation as vector code
 */
export function queryKernels<X extends string, S extends string = never>(
  name: string,
  source: string,
  termsOf: (
    operands: Operands<X>,
    sizes: Sizes<S>,
    length: number,
  ) => Readonly<Record<"byContent" | "byPosition", (i: number) => number>>,
  code?: (width: ItemWidth) => VectorCode,
): Readonly<Record<ItemWidth, Kernel>> {
  const ofWidth = (width: ItemWidth): Kernel =>
    kernel<X | "dq" | "partials", S | QuerySizes>(
      name,
      itemSource(width, source, queryCotangent),
      (operands, sizes) => {
        const { dq, partials }: Operands<"dq" | "partials"> = operands;
        const { rows, columns, block, u_at, s_at }: Sizes<QuerySizes> = sizes;
        const C = width * columns;
        const { byContent, byPosition } = termsOf(operands, sizes, rows * C);
        const [uSums, sSums] = [new Float64Array(C), new Float64Array(C)];
        for (let b = 0; b * block < rows; b++) {
          uSums.fill(0);
          sSums.fill(0);
          for (let i = b * block * C; i < Math.min(rows, (b + 1) * block) * C; i++) {
            const [content, position] = [byContent(i), byPosition(i)];
            uSums[i % C]! += content;
            sSums[i % C]! += position;
            dq[i] = content + position;
          }
          partials.set(uSums, width * u_at + b * C);
          partials.set(sSums, width * s_at + b * C);
        }
      },
      code?.(width),
    );
  return { 1: ofWidth(1), 4: ofWidth(4) };
}

/** Cotangent of the queries from its two terms, and the first level of those of both biases. */
export const QUERY_COTANGENT: Readonly<Record<ItemWidth, Kernel>> = queryKernels<
  "content" | "position"
>(
  "attention_query_cotangent",
  queryTerms,
  ({ content, position }) => ({
    byContent: (i) => content[i]!,
    byPosition: (i) => position[i]!,
  }),
  queryCotangentCode,
);

/** Visits the rows in order: flat row, place of its distances, visible keys, out's offset. */
function eachRow(
  { B, N, Q, K, M, validMemory, maxDistance, H = 0 }: Sizes<Rows> & { readonly H?: number },
  visit: (row: number, x0: number, begin: number, end: number, o0: number) => void,
): void {
  for (let row = 0; row < B * N * Q; row++) {
    const i = row % Q;
    const n = Math.floor(row / Q) % N;
    const b = Math.floor(row / (Q * N));
    const x0 = ((n * Q + i) * B + b) * K;
    const begin = Math.max(0, M - validMemory, i + M - maxDistance);
    visit(row, x0, begin, i + M + 1, ((i * B + b) * N + n) * H);
  }
}

function softmaxLoops(
  { x, p }: Operands<"p"> & { readonly x?: Numbers },
  sizes: Sizes<Rows>,
): void {
  const { K } = sizes;
  const weights = new Float64Array(K);
  eachRow(sizes, (row, x0, begin, end) => {
    const p0 = row * K;
    const shifted = x0 + K - end;
    let high = -Infinity;
    for (let j = begin; j < end; j++) {
      const score = p[p0 + j]! + (x ? x[shifted + j]! : 0);
      weights[j] = score;
      if (score > high) high = score;
    }
    let sum = 0;
    for (let j = begin; j < end; j++) sum += weights[j] = Math.exp(weights[j]! - high);
    p.fill(0, p0, p0 + K);
    for (let j = begin; j < end; j++) p[p0 + j] = weights[j]! / sum;
  });
}

function softmaxBackwardLoops(
  { p, out, d_out: dOut, ds, dx }:
    & Operands<"p" | "out" | "d_out" | "ds">
    & { readonly dx?: Numbers },
  sizes: Sizes<Rows | "H" | "scale">,
): void {
  const { K, H, scale } = sizes;
  eachRow(sizes, (row, x0, begin, end, o0) => {
    let delta = 0;
    for (let h = o0; h < o0 + H; h++) delta += dOut[h]! * out[h]!;
    const p0 = row * K;
    const shifted = x0 + K - end;
    dx?.fill(0, x0, shifted + begin);
    ds.fill(0, p0, p0 + begin);
    for (let j = begin; j < end; j++) {
      const value = scale * p[p0 + j]! * (ds[p0 + j]! - delta);
      ds[p0 + j] = value;
      if (dx) dx[shifted + j] = value;
    }
    ds.fill(0, p0 + end, p0 + K);
  });
}

type Cotangent = "p" | "out" | "d_out" | "ds";

/** Masked softmax of scores by key and by position. */
export const SOFTMAX: Kernel = kernel<"x" | "p", Rows>(
  "attention_softmax",
  exactExp + scoresShifted + softmax,
  softmaxLoops,
  softmaxCode(true),
);
/** Masked softmax of scores by key. */
export const PLAIN_SOFTMAX: Kernel = kernel<"p", Rows>(
  "attention_plain_softmax",
  exactExp + scoresPlain + softmax,
  softmaxLoops,
  softmaxCode(false),
);
/** Derivative of {@link SOFTMAX}. */
export const SOFTMAX_BACKWARD: Kernel = kernel<Cotangent | "dx", Rows | "H" | "scale">(
  "attention_softmax_backward",
  cotangentShifted + softmaxBackward,
  softmaxBackwardLoops,
  softmaxBackwardCode(true),
);
/** Derivative of {@link PLAIN_SOFTMAX}. */
export const PLAIN_SOFTMAX_BACKWARD: Kernel = kernel<Cotangent, Rows | "H" | "scale">(
  "attention_plain_softmax_backward",
  cotangentPlain + softmaxBackward,
  softmaxBackwardLoops,
  softmaxBackwardCode(false),
);
