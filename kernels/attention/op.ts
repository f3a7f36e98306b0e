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
import { type AttentionForm, isFused } from "./form.ts";
import { fusedAttention } from "./fused/op.ts";
import {
  expectBindable,
  type Geometry,
  geometryOf,
  type Operands,
  positionsOf,
} from "./geometry.ts";
import {
  launchAddBiases,
  launchAddDistanceBias,
  launchPackHeads,
  launchSoftmax,
} from "./launches.ts";
import {
  blockOf,
  dotRows,
  dotWithPositions,
  mixRows,
  packed,
  type Slices,
  timeMajor,
} from "./products.ts";

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
  /** Which form is recorded where there is a choice: no gradient, no dropout (default `auto`). */
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
    const { kv } = inputs;
    const { B, N, H, Q } = g;
    const temporary = (shape: Shape, label: string) =>
      rec.temporary(shape, kv.dtype, `attention.${label}`);
    const content = temporary([B, N, Q, H], "content");
    const x = scoresByPosition(rec, g, inputs, content);
    const keys = Q === 1 ? blockOf(g, kv, "keys") : packedKeys(rec, g, kv);
    dotRows(rec, g, { x: packed(g, content, Q), y: keys, w: p }, g.scale);
    launchSoftmax(rec, g, { x, p });
    let w = p;
    if (dropout !== undefined) {
      w = temporary(p.shape, "dropped");
      launchDropout(rec, p, w, dropout);
    }
    mixRows(rec, g, { w, x: timeMajor(g, out), y: blockOf(g, kv, "values") });
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

/** Packs the keys, which all queries read. */
function packedKeys(rec: Recorder, g: Geometry, kv: Tensor): Slices {
  const { B, N, H, K } = g;
  const keys = rec.temporary([B, N, K, H], kv.dtype, "attention.keys");
  launchPackHeads(rec, g, { x: kv, y: keys }, 0);
  return packed(g, keys, K);
}

/**
 * Writes the queries of scores by key into `content` and returns the scores by position,
 * [N, Q, B, K]; undefined without positions.
 */
function scoresByPosition(
  rec: Recorder,
  g: Geometry,
  inputs: Operands,
  content: Tensor,
): Tensor | undefined {
  const { B, N, H, Q, K } = g;
  const { q } = inputs;
  const positions = positionsOf(inputs);
  if (positions === undefined) {
    launchPackHeads(rec, g, { x: q, y: content }, 0);
    return undefined;
  }
  const { r, contentBias: u, positionBias: s, distanceBias } = positions;
  const position = rec.temporary([N, Q, B, H], q.dtype, "attention.position");
  const x = rec.temporary([N, Q, B, K], q.dtype, "attention.x");
  launchAddBiases(rec, g, { q, u, s, content, position });
  dotWithPositions(rec, g, { x: position, r, w: x }, g.scale);
  if (distanceBias !== undefined) launchAddDistanceBias(rec, g, { bias: distanceBias, x });
  return x;
}

/** Records an attention, relative if `inputs` has the operands of positions. */
export function attend(rec: Recorder, inputs: Operands, options: AttentionOptions): Tensor {
  const geometry = geometryOf(inputs, options);
  const dropout = options.dropout?.rate === 0 ? undefined : options.dropout;
  if (isFused(rec.limits, geometry, inputs, { ...options, drops: dropout !== undefined })) {
    return fusedAttention(rec, inputs, geometry);
  }
  expectBindable(rec, geometry, inputs.q.dtype);
  const keep = dropout?.mask.kind === "given" ? dropout.mask.keep : undefined;
  const op = positionsOf(inputs) === undefined ? plain : relative;
  return op(rec, { ...inputs, keep }, { geometry, dropout }).out;
}
