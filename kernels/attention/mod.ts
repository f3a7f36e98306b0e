/**
 * Attention with memory, relative (Dai et al. 2019, section 3.3) or by dot products (Vaswani et al.
 * 2017, section 3.2.1). Per batch column b and head n, with c = 1 / sqrt(H):
 *
 *     score_ij = c [ (q_i + u) . k_j + (q_i + s) . r_p + b_p ],  p = j + K-1 - (i+M)   relative
 *     score_ij = c q_i . k_j                                                         dot product
 *     P = softmax over the visible j,  out_i = sum_j dropout(P)_ij v_j
 *
 * Row p of r stands for the distance K-1-p; key j lies at distance i + M - j from query i. Key j is
 * visible when its memory row holds something (j >= M - validMemory), it is not in the future
 * (j <= i + M), and it lies within the maximum distance. Hidden keys have weight exactly 0. K = M + Q,
 * or more where M is given at every run: rows behind those of the queries are in the future.
 *
 * There are three forms, see form.ts: products with arrays of scores between them; launches that keep a
 * block of scores at a time; and these in the forward pass alone.
 *
 * @module
 */
import type { Recorder, Tensor } from "@transformer-xl/runtime/core";
import { attend, type AttentionOptions } from "./op.ts";

export { ATTENTION_FORMS, type AttentionForm } from "./form.ts";
export type { AttentionOptions } from "./op.ts";

/** Operands of {@link dotProductAttention}; rows are time-major, heads side by side in a row. */
export interface DotProductAttentionInputs {
  /** [Q * B, N * H]: queries, row i * B + b. */
  readonly q: Tensor;
  /** [K * B, 2 * N * H]: keys, then values, in each row j * B + b; memory first. */
  readonly kv: Tensor;
}

/** Operands of {@link relativeAttention}. */
export interface RelativeAttentionInputs extends DotProductAttentionInputs {
  /** [K, N * H]: positions; row p is distance K-1-p. */
  readonly r: Tensor;
  /** [N, H]: added to queries for content scores (`r_w_bias`). */
  readonly contentBias: Tensor;
  /** [N, H]: added to queries for position scores (`r_r_bias`). */
  readonly positionBias: Tensor;
  /** [K, N]: added to position scores (`r_bias`); row p is distance K-1-p. */
  readonly distanceBias?: Tensor;
}

/**
 * Relative attention of Q rows over M rows of memory and themselves, [Q * B, N * H]. Differentiable
 * in every operand, memory rows of `kv` included.
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
  options: AttentionOptions,
): Tensor {
  return attend(rec, inputs, options);
}

/**
 * Dot-product attention of Q rows over M rows of memory and themselves, [Q * B, N * H], without
 * positions. Differentiable in both operands, memory rows of `kv` included.
 *
 * @throws {ShapeError} when an operand has another shape than the sizes ask for
 * @throws {DeviceError} when the probabilities exceed one binding
 */
export function dotProductAttention(
  rec: Recorder,
  { q, kv }: DotProductAttentionInputs,
  options: AttentionOptions,
): Tensor {
  return attend(rec, { q, kv }, options);
}
