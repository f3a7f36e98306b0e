/**
 * Derivative of attention. With dP the cotangent of the probabilities (through the
 * dropout, if there is one) and c = 1 / sqrt(H):
 *
 *     dV = P~^T dO,  dP~ = dO V^T,  dS = c P (dP - delta),  delta_i = dO_i . O_i
 *     dq = dS K + dS R =: dqContent + dqPosition,  du, ds = their sums over rows
 *     dK = dS^T (q + u),  dr_p = sum_{b, i} dS_{i, p - (Q-1) + i} (q_i + s),  db_p = sum_{b, i} dS
 *
 * With positions, dS is written twice, by key and by distance, so that every product is an ordinary
 * matrix product: the price of the shift is one more array of scores, for a moment.
 *
 * @module
 */
import {
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
import { columnSums } from "../sum_rows/column_sums.ts";
import { type Geometry, type Operands, type PositionOperands, positionsOf } from "./geometry.ts";
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
import { QUERY_COTANGENT } from "./kernels.ts";
import {
  type BiasPartials,
  launchAddBiases,
  launchDistanceBiasGradient,
  launchPackHeads,
  launchQueryCotangent,
  launchSoftmaxBackward,
} from "./launches.ts";

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

type Site = VjpSite<AttentionInputs, AttentionOutputs, AttentionAttrs>;
/** Gradients that are being recorded. */
export type MutableGrads = { -readonly [X in keyof Operands]?: Tensor };

/** Records the cotangents of all operands. */
export function attentionBackward(
  rec: Recorder,
  site: Site,
  { out: dOut }: Grads<AttentionOutputs>,
): Grads<AttentionInputs> {
  if (dOut === undefined) return {};
  const { inputs, outputs, attrs, wants } = site;
  const { q, kv } = inputs;
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
  const positions = positionsOf(inputs);
  const dX = positions && temporary([N, Q, B, K], "dX");
  rec.node("attention_dS", work({ p, out, dOut, dS }, dX ? { dX } : {}, 3 * p.size), () => {
    launchSoftmaxBackward(rec, g, { p, out, d_out: dOut, ds: dS, dx: dX });
  });

  const grads: MutableGrads = {};
  const toKeys = (content: Tensor) => {
    if (dKv === undefined) return;
    grads.kv = dKv;
    rec.node("attention_dK", work({ dS, content }, { dKv }, flops), () => {
      scatter(rec, g, { w: dS, x: packed(g, content, Q), y: blockOf(g, dKv, "keys") });
    });
  };
  if (wants("q") || wants("contentBias") || wants("positionBias")) {
    const dContent = temporary(q.shape, "dContent");
    rec.node("attention_dq_content", work({ dS, kv }, { dContent }, flops), () => {
      mixRows(rec, g, { w: dS, x: timeMajor(g, dContent), y: blockOf(g, kv, "keys") });
    });
    if (positions === undefined) grads.q = dContent;
    else queriesBackward(rec, site, positions, { dX: dX!, dContent }, grads);
  }
  if (positions !== undefined) {
    positionsBackward(rec, site, positions, { dX: dX!, toKeys }, grads);
  } else if (dKv !== undefined) {
    const content = temporary([B, N, Q, H], "content");
    rec.node("attention_pack_queries", work({ q }, { content }, 0), () => {
      launchPackHeads(rec, g, { x: q, y: content }, 0);
    });
    toKeys(content);
  }
  return grads;
}

/** Cotangents of q and of the two biases added to it, from those of scores and content queries. */
function queriesBackward(
  rec: Recorder,
  site: Site,
  { r }: PositionOperands,
  { dX, dContent }: { readonly dX: Tensor; readonly dContent: Tensor },
  grads: MutableGrads,
): void {
  const { inputs: { q }, attrs: { geometry: g } } = site;
  const dPosition = rec.temporary(q.shape, q.dtype, "attention.dPosition");
  rec.node("attention_dq_position", work({ dX, r }, { dPosition }, 2 * dX.size * g.H), () => {
    mixPositions(rec, g, { w: dX, r, x: dPosition });
  });
  const dq = rec.temporary(q.shape, q.dtype, "attention.dq");
  const partials = rec.node(
    "attention_dq",
    work({ dContent, dPosition }, { dq }, 3 * q.size),
    () =>
      launchQueryCotangent(rec, QUERY_COTANGENT, dq, { content: dContent, position: dPosition }),
  );
  biasesBackward(rec, site, partials, grads);
  if (site.wants("q")) grads.q = dq;
}

/** Gradients of the biases of the queries, from partial sums. */
export function biasesBackward(
  rec: Recorder,
  { inputs, wants, gradients }: Pick<Site, "inputs" | "wants" | "gradients">,
  partials: BiasPartials,
  grads: MutableGrads,
): void {
  for (const name of ["contentBias", "positionBias"] as const) {
    if (!wants(name)) continue;
    const { shape, dtype } = inputs[name]!;
    const sum = columnSums(rec, partials[name], gradients[name], dtype);
    if (sum !== undefined) grads[name] = rec.alias(sum, shape);
  }
}

/** Cotangents of keys, positions and the bias of distances. */
function positionsBackward(
  rec: Recorder,
  { inputs: { q }, attrs: { geometry: g }, wants }: Site,
  { r, contentBias: u, positionBias: s, distanceBias }: PositionOperands,
  { dX, toKeys }: { readonly dX: Tensor; toKeys(content: Tensor): void },
  grads: MutableGrads,
): void {
  const { B, N, H, Q } = g;
  const temporary = (shape: Shape, label: string) =>
    rec.temporary(shape, q.dtype, `attention.${label}`);
  if (wants("kv") || wants("r")) {
    const content = temporary([B, N, Q, H], "content");
    const position = temporary([N, Q, B, H], "position");
    rec.node("attention_add_biases", work({ q }, { content, position }, 2 * q.size), () => {
      launchAddBiases(rec, g, { q, u, s, content, position });
    });
    toKeys(content);
    if (wants("r")) {
      const dr = grads.r = temporary(r.shape, "dr");
      rec.node("attention_dr", work({ dX, position }, { dr }, 2 * dX.size * H), () => {
        scatterPositions(rec, g, { w: dX, x: position, dr });
      });
    }
  }
  if (distanceBias !== undefined && wants("distanceBias")) {
    const db = grads.distanceBias = temporary(distanceBias.shape, "dDistanceBias");
    rec.node("attention_distance_bias", work({ dX }, { db }, dX.size), () => {
      launchDistanceBiasGradient(rec, g, { dx: dX, db });
    });
  }
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
