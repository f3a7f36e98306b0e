/**
 * Derivative of relative attention. With dP the cotangent of the probabilities (through the
 * dropout, if there is one) and c = 1 / sqrt(H):
 *
 *     dV = P~^T dO,  dP~ = dO V^T,  dS = c P (dP - delta),  delta_i = dO_i . O_i
 *     dq = dS K + dS R =: dqContent + dqPosition,  du, ds = their sums over rows
 *     dK = dS^T (q + u),  dr_p = sum_{b, i} dS_{i, p - (Q-1) + i} (q_i + s)
 *
 * dS is written twice, by key and by distance, so that every product is an ordinary matrix product:
 * the price of the shift is one more array of scores, for a moment.
 *
 * @module
 */
import {
  add,
  bytesOf,
  type Grads,
  type NodeOptions,
  type Recorder,
  type Shape,
  sizeOf,
  type Tensor,
  type VjpSite,
} from "@transformer-xl/runtime/core";
import { type Dropout, launchDropout } from "../dropout/mod.ts";
import { accumulateSumRows, sumRows } from "../sum_rows/mod.ts";
import type { Geometry, Operands } from "./geometry.ts";
import {
  blockOf,
  dotRows,
  mixPositions,
  mixRows,
  packed,
  scatter,
  scatterPositions,
  timeMajor,
} from "./products.ts";
import { launchAddBiases, launchPackHeads, launchSoftmaxBackward } from "./launches.ts";

/** Inputs of the op; `keep` is the given dropout mask. */
export type AttentionInputs = Operands & {
  readonly keep: Tensor | undefined;
  readonly [name: string]: Tensor | undefined;
};

/** Outputs of the op. */
export type AttentionOutputs = {
  /** [Q * B, N * H]. */
  readonly out: Tensor;
  /** [B, N, Q, K], before the dropout. */
  readonly probabilities: Tensor;
};

/** What is frozen into one call. */
export interface AttentionAttrs {
  /** Sizes and what is visible. */
  readonly geometry: Geometry;
  /** On the probabilities. */
  readonly dropout: Dropout | undefined;
}

/** Records the cotangents of q, kv, r and the two biases. */
export function attentionBackward(
  rec: Recorder,
  site: VjpSite<AttentionInputs, AttentionOutputs, AttentionAttrs>,
  dOut: Tensor,
): Grads<AttentionInputs> {
  const { inputs: { q, kv, r, contentBias, positionBias }, outputs, attrs, wants, gradients } =
    site;
  const { out, probabilities: p } = outputs;
  const { geometry: g, dropout } = attrs;
  const { B, N, H, Q, K } = g;
  const scores: Shape = [B, N, Q, K];
  const flops = 2 * sizeOf(scores) * H;
  const temporary = (shape: Shape, label: string) =>
    rec.temporary(shape, q.dtype, `attention.${label}`);
  const dropped = (x: Tensor, label: string) => {
    if (dropout === undefined) return x;
    const y = temporary(scores, label);
    rec.node("attention_dropout", work({ x }, { y }, x.size), () => {
      launchDropout(rec, x, y, dropout);
    });
    return y;
  };

  const dKv = wants("kv") ? temporary(kv.shape, "dKv") : undefined;
  if (dKv !== undefined) {
    const w = dropped(p, "dropped");
    rec.node("attention_dV", work({ w, dOut }, { dKv }, flops), () => {
      scatter(rec, g, { w, x: timeMajor(g, dOut), y: blockOf(g, dKv, "values") });
    });
  }

  const dDropped = temporary(scores, "dDropped");
  rec.node("attention_dP", work({ dOut, kv }, { dDropped }, flops), () => {
    const x = temporary([B, N, Q, H], "dOut");
    const values = temporary([B, N, K, H], "values");
    launchPackHeads(rec, g, { x: dOut, y: x }, 0);
    launchPackHeads(rec, g, { x: kv, y: values }, N * H);
    dotRows(rec, g, { x: packed(g, x, Q), y: packed(g, values, K), w: dDropped }, 1);
  });
  const dS = dropped(dDropped, "dP"); // becomes dS in place
  const dX = temporary([N, Q, B, K], "dX");
  rec.node("attention_dS", work({ p, out, dOut, dS }, { dX }, 3 * p.size), () => {
    launchSoftmaxBackward(rec, g, { p, out, d_out: dOut, ds: dS, dx: dX });
  });

  const grads: { -readonly [X in keyof Operands]?: Tensor } = {};
  const toBias = (name: "contentBias" | "positionBias", rows: Tensor, shape: Shape) => {
    if (!wants(name)) return;
    const sum = gradients[name];
    if (sum === undefined) grads[name] = rec.alias(sumRows(rec, rows), shape);
    else accumulateSumRows(rec, sum, rows);
  };
  if (wants("q") || wants("contentBias") || wants("positionBias")) {
    const dContent = temporary(q.shape, "dContent");
    rec.node("attention_dq_content", work({ dS, kv }, { dContent }, flops), () => {
      mixRows(rec, g, { w: dS, x: timeMajor(g, dContent), y: blockOf(g, kv, "keys") });
    });
    const dPosition = temporary(q.shape, "dPosition");
    rec.node("attention_dq_position", work({ dX, r }, { dPosition }, flops), () => {
      mixPositions(rec, g, { w: dX, r, x: dPosition });
    });
    toBias("contentBias", dContent, contentBias.shape);
    toBias("positionBias", dPosition, positionBias.shape);
    if (wants("q")) grads.q = add(rec, dContent, dPosition);
  }

  if (dKv === undefined && !wants("r")) return grads;
  const content = temporary([B, N, Q, H], "content");
  const position = temporary([N, Q, B, H], "position");
  rec.node("attention_add_biases", work({ q }, { content, position }, 2 * q.size), () => {
    launchAddBiases(rec, g, { q, u: contentBias, s: positionBias, content, position });
  });
  if (dKv !== undefined) {
    grads.kv = dKv;
    rec.node("attention_dK", work({ dS, content }, { dKv }, flops), () => {
      scatter(rec, g, { w: dS, x: packed(g, content, Q), y: blockOf(g, dKv, "keys") });
    });
  }
  if (wants("r")) {
    const dr = grads.r = temporary(r.shape, "dr");
    rec.node("attention_dr", work({ dX, position }, { dr }, flops), () => {
      scatterPositions(rec, g, { w: dX, x: position, dr });
    });
  }
  return grads;
}

/** Work of one entry of the tape, which reads its inputs and writes its outputs once. */
function work(
  inputs: Readonly<Record<string, Tensor>>,
  outputs: Readonly<Record<string, Tensor>>,
  flops: number,
): NodeOptions {
  const bytes = bytesOf(...Object.values(inputs), ...Object.values(outputs));
  return { inputs, outputs, cost: { flops, bytes } };
}
