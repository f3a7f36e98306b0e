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
  type Recorder,
  type Shape,
  sizeOf,
  type Tensor,
  type VjpSite,
} from "@transformer-xl/runtime";
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
    const work = { name: "attention_dropout", inputs: { x }, outputs: { y }, flops: x.size };
    record(rec, work, () => launchDropout(rec, x, y, dropout));
    return y;
  };

  const dKv = wants("kv") ? temporary(kv.shape, "dKv") : undefined;
  if (dKv !== undefined) {
    const w = dropped(p, "dropped");
    const work = { name: "attention_dV", inputs: { w, dOut }, outputs: { dKv }, flops };
    record(rec, work, () => {
      scatter(rec, g, { w, x: timeMajor(g, dOut), y: blockOf(g, dKv, "values") });
    });
  }

  const dDropped = temporary(scores, "dDropped");
  record(
    rec,
    { name: "attention_dP", inputs: { dOut, kv }, outputs: { dDropped }, flops },
    () => {
      const x = temporary([B, N, Q, H], "dOut");
      const values = temporary([B, N, K, H], "values");
      launchPackHeads(rec, g, { x: dOut, y: x }, 0);
      launchPackHeads(rec, g, { x: kv, y: values }, N * H);
      dotRows(rec, g, { x: packed(g, x, Q), y: packed(g, values, K), w: dDropped }, 1);
    },
  );
  const dS = dropped(dDropped, "dP"); // becomes dS in place
  const dX = temporary([N, Q, B, K], "dX");
  record(
    rec,
    { name: "attention_dS", inputs: { p, out, dOut, dS }, outputs: { dX }, flops: 3 * p.size },
    () => launchSoftmaxBackward(rec, g, { p, out, d_out: dOut, ds: dS, dx: dX }),
  );

  const grads: { -readonly [X in keyof Operands]?: Tensor } = {};
  const toBias = (name: "contentBias" | "positionBias", rows: Tensor, shape: Shape) => {
    if (!wants(name)) return;
    const sum = gradients[name];
    if (sum === undefined) grads[name] = rec.alias(sumRows(rec, rows), shape);
    else accumulateSumRows(rec, sum, rows);
  };
  if (wants("q") || wants("contentBias") || wants("positionBias")) {
    const dContent = temporary(q.shape, "dContent");
    const byKey = { inputs: { dS, kv }, outputs: { dContent }, flops };
    record(rec, { name: "attention_dq_content", ...byKey }, () => {
      mixRows(rec, g, { w: dS, x: timeMajor(g, dContent), y: blockOf(g, kv, "keys") });
    });
    const dPosition = temporary(q.shape, "dPosition");
    const byDistance = { inputs: { dX, r }, outputs: { dPosition }, flops };
    record(rec, { name: "attention_dq_position", ...byDistance }, () => {
      mixPositions(rec, g, { w: dX, r, x: dPosition });
    });
    toBias("contentBias", dContent, contentBias.shape);
    toBias("positionBias", dPosition, positionBias.shape);
    if (wants("q")) grads.q = add(rec, dContent, dPosition);
  }

  if (dKv === undefined && !wants("r")) return grads;
  const content = temporary([B, N, Q, H], "content");
  const position = temporary([N, Q, B, H], "position");
  const work = { inputs: { q }, outputs: { content, position }, flops: 2 * q.size };
  record(rec, { name: "attention_add_biases", ...work }, () => {
    launchAddBiases(rec, g, { q, u: contentBias, s: positionBias, content, position });
  });
  if (dKv !== undefined) {
    grads.kv = dKv;
    const work = { name: "attention_dK", inputs: { dS, content }, outputs: { dKv }, flops };
    record(rec, work, () => {
      scatter(rec, g, { w: dS, x: packed(g, content, Q), y: blockOf(g, dKv, "keys") });
    });
  }
  if (wants("r")) {
    const dr = grads.r = temporary(r.shape, "dr");
    const work = { name: "attention_dr", inputs: { dX, position }, outputs: { dr }, flops };
    record(rec, work, () => scatterPositions(rec, g, { w: dX, x: position, dr }));
  }
  return grads;
}

/** One entry of the tape: a step of the derivative, with its work. */
function record(
  rec: Recorder,
  { name, inputs, outputs, flops }: {
    readonly name: string;
    readonly inputs: Readonly<Record<string, Tensor>>;
    readonly outputs: Readonly<Record<string, Tensor>>;
    readonly flops: number;
  },
  body: () => void,
): void {
  const from = rec.commands.length;
  body();
  const bytes = bytesOf(...Object.values(inputs), ...Object.values(outputs));
  const steps = [from, rec.commands.length] as const;
  rec.nodes.push({
    name,
    inputs,
    outputs,
    commands: steps,
    cost: { flops, bytes },
    vjp: undefined,
  });
}
