/**
 * The op behind relative and dot-product attention. Scores by position are one product per head over
 * all batch columns; the softmax reads them shifted, so the relative shift costs nothing.
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
  type Tensor,
} from "@transformer-xl/runtime/core";
import { type Dropout, launchDropout } from "../dropout/mod.ts";
import {
  type AttentionAttrs,
  attentionBackward,
  type AttentionInputs,
  type AttentionOutputs,
} from "./backward.ts";
import { type AttentionForm, formOf } from "./form.ts";
import { fusedAttention } from "./fused/op.ts";
import { expectBindable, geometryOf, type Operands, positionsOf } from "./geometry.ts";
import { launchProbabilities } from "./probabilities.ts";
import { blockOf, mixRows, timeMajor } from "./products.ts";

/** Options of an attention. */
export interface AttentionOptions {
  /** Batch columns. */
  readonly B: number;
  /** Heads. */
  readonly N: number;
  /** Head width. */
  readonly H: number;
  /** M: rows of `kv` above those of the queries; K - Q, or a scalar where rows may follow them. */
  readonly memoryRows: Scalar | number;
  /** Valid memory rows, right-aligned: rows M - validMemory .. M-1. */
  readonly validMemory: Scalar | number;
  /** Largest visible distance (same_length: M); everything is visible without it. */
  readonly maxDistance?: number;
  /** On the probabilities, without renormalisation; mask order is [B, N, Q, K]. */
  readonly dropout?: Dropout;
  /** False where no gradient is recorded (default true). */
  readonly differentiate?: boolean;
  /** Which form is recorded (default `auto`). */
  readonly form?: AttentionForm;
}

const definition = {
  infer({ q }: AttentionInputs, { geometry: { B, N, Q, K } }: AttentionAttrs) {
    return { out: like(q), probabilities: like(q, [B, N, Q, K]) };
  },
  forward(
    rec: Recorder,
    inputs: AttentionInputs,
    { out, probabilities: p }: AttentionOutputs,
    { geometry: g, dropout }: AttentionAttrs,
  ) {
    launchProbabilities(rec, g, inputs, p);
    let w = p;
    if (dropout !== undefined) {
      w = rec.temporary(p.shape, p.dtype, "attention.dropped");
      launchDropout(rec, p, w, dropout);
    }
    mixRows(rec, g, { w, x: timeMajor(g, out), y: blockOf(g, inputs.kv, "values") });
  },
  vjp: attentionBackward,
  cost({ q, kv, r }: AttentionInputs, { geometry: { B, N, H, Q, K } }: AttentionAttrs) {
    const pairs = B * N * Q * K;
    const flops = pairs * ((r === undefined ? 4 : 6) * H + 4);
    return { flops, bytes: bytesOf(q, kv, r, q) + bytesPer(q.dtype) * pairs };
  },
};

const relative = defineOp<AttentionInputs, AttentionOutputs, AttentionAttrs>({
  name: "relative_attention",
  ...definition,
});

const plain = defineOp<AttentionInputs, AttentionOutputs, AttentionAttrs>({
  name: "dot_product_attention",
  ...definition,
});

/** Records an attention, relative if `inputs` has the operands of positions. */
export function attend(rec: Recorder, inputs: Operands, options: AttentionOptions): Tensor {
  const geometry = geometryOf(inputs, options);
  const dropout = options.dropout?.rate === 0 ? undefined : options.dropout;
  const form = formOf(rec.limits, geometry, inputs, { ...options, drops: dropout !== undefined });
  const keep = dropout?.mask.kind === "given" ? dropout.mask.keep : undefined;
  const operands = { ...inputs, keep };
  if (form === "materialized" || (form === "recomputed" && options.differentiate !== false)) {
    expectBindable(rec, geometry, inputs.q.dtype);
  }
  if (form !== "materialized") {
    return fusedAttention(rec, operands, { geometry, dropout, derivative: form });
  }
  const op = positionsOf(inputs) === undefined ? plain : relative;
  return op(rec, operands, { geometry, dropout }).out;
}
