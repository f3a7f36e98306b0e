/**
 * The launches of fused attention's derivative: one kernel forms the cotangents of keys and values, and
 * sums of those of queries and positions, which small launches add up.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  type Grads,
  type NodeOptions,
  type Recorder,
  type Tensor,
  type VjpSite,
} from "@transformer-xl/runtime/core";
import type { Dropout } from "../../../dropout/mod.ts";
import { launchSumRows } from "../../../sum_rows/mod.ts";
import { type AttentionInputs, biasesBackward, type MutableGrads } from "../../backward.ts";
import { type Geometry, positionsOf } from "../../geometry.ts";
import { launchQueryCotangent } from "../../launches.ts";
import { maskKind, maskOperand, maskValues } from "../mask_source.ts";
import { backwardPlan, blocksOf } from "../plan.ts";
import { backwardKernel, QUERY_SUMS } from "./kernels.ts";
import { keyParts } from "./parts.ts";

/** Outputs of the forward pass. */
export type FusedOutputs = {
  /** [Q * B, N * H]. */
  readonly out: Tensor;
  /** [B, N, Q]: logarithms of the softmax's denominators. */
  readonly lse: Tensor;
};

/** What is frozen into one call. */
export interface FusedAttrs {
  /** Sizes and what is visible. */
  readonly geometry: Geometry;
  /** On the probabilities. */
  readonly dropout: Dropout | undefined;
}

type Site = VjpSite<AttentionInputs, FusedOutputs, FusedAttrs>;

/** Sums of a launch that others add up. */
interface Sums {
  readonly dq: Tensor;
  readonly dr: Tensor | undefined;
  readonly distanceBias: Tensor | undefined;
}

/** Records the cotangents of all operands. */
export function fusedBackward(rec: Recorder, site: Site, dOut: Tensor): Grads<AttentionInputs> {
  const { inputs, outputs: { out, lse }, attrs: { geometry, dropout }, wants } = site;
  const { q, kv } = inputs;
  const { B, N, H, Q, K } = geometry;
  const positions = positionsOf(inputs);
  const { parts, blocks } = keyParts(rec.limits, geometry);
  const sumsOf = (shape: readonly number[], label: string) =>
    rec.temporary([parts, ...shape], "f32", `attention.${label}`);
  const sums: Sums = {
    dq: sumsOf([positions ? 2 : 1, Q * B, N * H], "dq sums"),
    dr: positions && sumsOf([B, K, N * H], "dr sums"),
    distanceBias: positions?.distanceBias && sumsOf([B, K, N], "distance bias sums"),
  };
  const dKv = rec.temporary(kv.shape, kv.dtype, "attention.dKv");
  rec.node("fused_attention_backward", backwardWork(site, dOut, dKv, sums), () => {
    const plan = backwardPlan(rec.limits, geometry, {
      positions: positions !== undefined,
      distanceBias: sums.distanceBias !== undefined,
      mask: maskKind(dropout),
    });
    const { M, validMemory, maxDistance, scale } = geometry;
    const { columns } = blocksOf(plan);
    rec.launch({
      kernel: backwardKernel(plan),
      operands: {
        ...{ q, kv, d_out: dOut, out, lse, d_kv: dKv, dq_sums: sums.dq },
        ...(positions && { r: positions.r, u: positions.contentBias, s: positions.positionBias }),
        ...(sums.dr && { dr_sums: sums.dr }),
        ...(positions?.distanceBias && { distance_bias: positions.distanceBias }),
        ...(sums.distanceBias && { distance_bias_sums: sums.distanceBias }),
        ...maskOperand(dropout),
      },
      scalars: {
        ...{ B, N, Q, K, H, M, validMemory, maxDistance, scale, blocks },
        ...maskValues(dropout),
      },
      workgroups: [parts, B * N, Math.ceil(H / columns)],
    });
  });
  const grads: MutableGrads = wants("kv") ? { kv: dKv } : {};
  if (sums.dr === undefined) {
    if (wants("q")) grads.q = summed(rec, sums.dq, parts, q, "dq");
  } else positionsBackward(rec, site, { ...sums, dr: sums.dr }, parts, grads);
  return grads;
}

/** Work of the kernel: the scores again, and products for each cotangent. */
function backwardWork(
  { inputs, outputs, attrs: { geometry: { B, N, H, Q, K } } }: Site,
  dOut: Tensor,
  dKv: Tensor,
  { dq, dr, distanceBias }: Sums,
): NodeOptions {
  const { q, kv, r } = inputs;
  const products = r === undefined ? 5 : 8;
  return {
    inputs: { ...inputs, ...outputs, dOut },
    outputs: { dKv, dq, dr, distanceBias },
    cost: {
      flops: 2 * products * B * N * Q * K * H,
      bytes: bytesOf(q, kv, r, dOut, outputs.out, dKv, dq, dr),
    },
  };
}

/** Cotangents of queries, positions, and all biases. */
function positionsBackward(
  rec: Recorder,
  site: Site,
  sums: Sums & { readonly dr: Tensor },
  parts: number,
  grads: MutableGrads,
): void {
  const { inputs: { q, r, distanceBias }, attrs: { geometry: { B } }, wants } = site;
  if (wants("r")) grads.r = summed(rec, sums.dr, parts * B, r!, "dr");
  if (sums.distanceBias !== undefined && wants("distanceBias")) {
    grads.distanceBias = summed(rec, sums.distanceBias, parts * B, distanceBias!, "dDistanceBias");
  }
  if (!(wants("q") || wants("contentBias") || wants("positionBias"))) return;
  const dq = rec.temporary(q.shape, q.dtype, "attention.dq");
  const work = {
    inputs: { sums: sums.dq },
    outputs: { dq },
    cost: { flops: 2 * sums.dq.size, bytes: bytesOf(sums.dq, dq) },
  };
  const partials = rec.node(
    "attention_dq",
    work,
    () => launchQueryCotangent(rec, QUERY_SUMS, dq, { sums: sums.dq }, { parts }),
  );
  biasesBackward(rec, site, partials, grads);
  if (wants("q")) grads.q = dq;
}

/** The sum of `count` arrays of the size of `like`. */
function summed(rec: Recorder, sums: Tensor, count: number, like: Tensor, label: string): Tensor {
  const y = rec.temporary(like.shape, like.dtype, `attention.${label}`);
  const cost = { flops: sums.size, bytes: bytesOf(sums) + y.size * bytesPer(y.dtype) };
  rec.node(`attention_${label}`, { inputs: { sums }, outputs: { y }, cost }, () => {
    launchSumRows(rec, rec.alias(sums, [count, y.size]), rec.alias(y, [y.size]));
  });
  return y;
}
