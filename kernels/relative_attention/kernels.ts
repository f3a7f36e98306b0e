/**
 * The kernels of relative attention that are not matrix products, with their loops: the two biased
 * queries, packed heads, the shifted and masked softmax, and its derivative.
 *
 * @module
 */
import { kernel, type Numbers } from "@transformer-xl/runtime/core";
import addBiases from "./add_biases.wgsl" with { type: "text" };
import packHeads from "./pack_heads.wgsl" with { type: "text" };
import exactExp from "../shared/exp.wgsl" with { type: "text" };
import softmax from "./shifted_masked_softmax.wgsl" with { type: "text" };
import softmaxBackward from "./shifted_masked_softmax_backward.wgsl" with { type: "text" };

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
);

/** Visits the rows in order: flat row, place of its distances, query, visible keys, out's offset. */
function eachRow(
  { B, N, Q, K, M, validMemory, maxDistance, H = 0 }: Sizes<Rows> & { readonly H?: number },
  visit: (row: number, x0: number, i: number, begin: number, end: number, o0: number) => void,
): void {
  for (let row = 0; row < B * N * Q; row++) {
    const i = row % Q;
    const n = Math.floor(row / Q) % N;
    const b = Math.floor(row / (Q * N));
    const x0 = ((n * Q + i) * B + b) * K;
    const begin = Math.max(0, M - validMemory, i + M - maxDistance);
    visit(row, x0, i, begin, i + M + 1, ((i * B + b) * N + n) * H);
  }
}

function softmaxLoops({ x, p }: Operands<"x" | "p">, sizes: Sizes<Rows>): void {
  const { Q, K } = sizes;
  const weights = new Float64Array(K);
  eachRow(sizes, (row, x0, i, begin, end) => {
    const p0 = row * K;
    const shifted = x0 + Q - 1 - i;
    let high = -Infinity;
    for (let j = begin; j < end; j++) {
      const score = p[p0 + j]! + x[shifted + j]!;
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
  { p, out, d_out: dOut, ds, dx }: Operands<"p" | "out" | "d_out" | "ds" | "dx">,
  sizes: Sizes<Rows | "H" | "scale">,
): void {
  const { Q, K, H, scale } = sizes;
  eachRow(sizes, (row, x0, i, begin, end, o0) => {
    let delta = 0;
    for (let h = o0; h < o0 + H; h++) delta += dOut[h]! * out[h]!;
    const p0 = row * K;
    const shifted = x0 + Q - 1 - i;
    dx.fill(0, x0, shifted + begin);
    ds.fill(0, p0, p0 + begin);
    for (let j = begin; j < end; j++) {
      const value = scale * p[p0 + j]! * (ds[p0 + j]! - delta);
      ds[p0 + j] = value;
      dx[shifted + j] = value;
    }
    ds.fill(0, p0 + end, p0 + K);
  });
}

/** Shifted and masked softmax. */
export const SOFTMAX = kernel("attention_softmax", exactExp + softmax, softmaxLoops);
/** Its derivative. */
export const SOFTMAX_BACKWARD = kernel(
  "attention_softmax_backward",
  softmaxBackward,
  softmaxBackwardLoops,
);
