/**
 * Relative attention with memory. Per batch column b and head n, with c = 1 / sqrt(H):
 *
 *     score_ij = c [ (q_i + u) . k_j + (q_i + s) . r_p ],  p = j + Q-1 - i
 *     P = softmax over the visible j,  out_i = sum_j dropout(P)_ij v_j
 *
 * Row p of r stands for the distance K-1-p; key j lies at distance i + M - j from query i. Key j is
 * visible when its memory row holds something (j >= M - validMemory), it is not in the future
 * (j <= i + M), and it lies within the maximum distance. Hidden keys have weight exactly 0.
 *
 * Scores by position are one product per head over all batch columns; the softmax reads them shifted,
 * so the relative shift costs nothing.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  defineOp,
  like,
  type Recorder,
  type Scalar,
  type Shape,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { type Dropout, launchDropout } from "../dropout/mod.ts";
import {
  type AttentionAttrs,
  attentionBackward,
  type AttentionInputs,
  type AttentionOutputs,
} from "./backward.ts";
import { expectBindable, geometryOf } from "./geometry.ts";
import { blockOf, dotRows, dotWithPositions, mixRows, packed, timeMajor } from "./products.ts";
import { launchAddBiases, launchPackHeads, launchSoftmax } from "./launches.ts";

/** Operands of {@link relativeAttention}; rows are time-major, heads side by side in a row. */
export interface RelativeAttentionInputs {
  /** [Q * B, N * H]: queries, row i * B + b. */
  readonly q: Tensor;
  /** [K * B, 2 * N * H]: keys, then values, in each row j * B + b; memory first. */
  readonly kv: Tensor;
  /** [K, N * H]: projected positions; row p is distance K-1-p. */
  readonly r: Tensor;
  /** [N, H]: added to queries for content scores (`r_w_bias`). */
  readonly contentBias: Tensor;
  /** [N, H]: added to queries for position scores (`r_r_bias`). */
  readonly positionBias: Tensor;
}

/** Options of {@link relativeAttention}. */
export interface RelativeAttentionOptions {
  /** Batch columns. */
  readonly B: number;
  /** Heads. */
  readonly N: number;
  /** Head width. */
  readonly H: number;
  /** M = K - Q. */
  readonly memoryRows: number;
  /** Valid memory rows, right-aligned: rows M - validMemory .. M-1. */
  readonly validMemory: Scalar | number;
  /** Largest visible distance (same_length: M); everything is visible without it. */
  readonly maxDistance?: number;
  /** On the probabilities, without renormalisation; mask order is [B, N, Q, K]. */
  readonly dropout?: Dropout;
}

const op = defineOp<AttentionInputs, AttentionOutputs, AttentionAttrs>({
  name: "relative_attention",
  infer({ q }, { geometry: { B, N, Q, K } }) {
    return { out: like(q), probabilities: like(q, [B, N, Q, K]) };
  },
  forward(rec, inputs, { out, probabilities: p }, { geometry: g, dropout }) {
    const { q, kv, r, contentBias: u, positionBias: s } = inputs;
    const { B, N, H, Q, K } = g;
    const temporary = (shape: Shape, label: string) =>
      rec.temporary(shape, q.dtype, `attention.${label}`);
    const content = temporary([B, N, Q, H], "content");
    const position = temporary([N, Q, B, H], "position");
    const keys = temporary([B, N, K, H], "keys");
    const x = temporary([N, Q, B, K], "x");
    launchAddBiases(rec, g, { q, u, s, content, position });
    dotWithPositions(rec, g, { x: position, r, w: x }, g.scale);
    launchPackHeads(rec, g, { x: kv, y: keys }, 0);
    dotRows(rec, g, { x: packed(g, content, Q), y: packed(g, keys, K), w: p }, g.scale);
    launchSoftmax(rec, g, { x, p });
    let w = p;
    if (dropout !== undefined) {
      w = temporary(p.shape, "dropped");
      launchDropout(rec, p, w, dropout);
    }
    mixRows(rec, g, { w, x: timeMajor(g, out), y: blockOf(g, kv, "values") });
  },
  vjp: (rec, site, { out: dOut }) => dOut === undefined ? {} : attentionBackward(rec, site, dOut),
  cost({ q, kv, r }, { geometry: { B, N, H, Q, K } }) {
    const pairs = B * N * Q * K;
    return { flops: pairs * (6 * H + 4), bytes: bytesOf(q, kv, r, q) + bytesPer(q.dtype) * pairs };
  },
});

/**
 * Attention of Q rows over M rows of memory and themselves, [Q * B, N * H]. Differentiable in every
 * operand, memory rows of `kv` included.
 *
 * @throws {ShapeError} when an operand has another shape than the sizes ask for
 * @throws {DeviceError} when the probabilities exceed one binding
 * @example
 * ```ts
 * import { relativeAttention } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * // One row, one row of memory, all scores equal: with empty memory the row sees only itself.
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("attention", (rec) => {
 *   const q = rec.constant("q", [1, 1], "f32", Float32Array.of(0));
 *   const kv = rec.constant("kv", [2, 2], "f32", Float32Array.of(0, 3, 0, 5));
 *   const r = rec.constant("r", [2, 1], "f32", Float32Array.of(0, 0));
 *   const bias = rec.constant("bias", [1, 1], "f32", Float32Array.of(0));
 *   const validMemory = rec.scalar("valid memory");
 *   const y = relativeAttention(
 *     rec,
 *     { q, kv, r, contentBias: bias, positionBias: bias },
 *     { B: 1, N: 1, H: 1, memoryRows: 1, validMemory },
 *   );
 *   return { inputs: { validMemory }, outputs: { y } };
 * });
 * plan.run({ validMemory: 0 });
 * assertEquals([...(await plan.read("y")).y], [5]);
 * plan.run({ validMemory: 1 });
 * assertEquals([...(await plan.read("y")).y], [4]);
 * ```
 */
export function relativeAttention(
  rec: Recorder,
  inputs: RelativeAttentionInputs,
  options: RelativeAttentionOptions,
): Tensor {
  const geometry = geometryOf(inputs, options);
  expectBindable(rec, geometry, inputs.q.dtype);
  const { q, kv, r, contentBias, positionBias } = inputs;
  const dropout = options.dropout?.rate === 0 ? undefined : options.dropout;
  const keep = dropout?.mask.kind === "given" ? dropout.mask.keep : undefined;
  return op(rec, { q, kv, r, contentBias, positionBias, keep }, { geometry, dropout }).out;
}
