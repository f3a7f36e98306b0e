/**
 * Attention in one launch: an online softmax over blocks of keys, without an array of scores.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  f32,
  like,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { type Geometry, type Operands, positionsOf } from "../geometry.ts";
import { launchPackHeads } from "../launches.ts";
import { forwardKernel } from "./kernels.ts";
import { blocksOf, forwardPlan } from "./plan.ts";

type FusedInputs = Operands & { readonly [name: string]: Tensor | undefined };

/** Outputs of the op. */
type FusedOutputs = {
  /** [Q * B, N * H]. */
  readonly out: Tensor;
  /** [B, N, Q]: logarithms of the softmax's denominators. */
  readonly lse: Tensor;
};

interface FusedAttrs {
  readonly geometry: Geometry;
}

const op = defineOp<FusedInputs, FusedOutputs, FusedAttrs>({
  name: "fused_attention",
  infer: ({ q }, { geometry: { B, N, Q } }) => ({ out: like(q), lse: f32([B, N, Q]) }),
  forward(rec, inputs, outputs, { geometry }) {
    const { B, N, Q, K, H, M, validMemory, maxDistance, scale } = geometry;
    const { q, kv } = inputs;
    const positions = positionsOf(inputs);
    const { r, contentBias: u, positionBias: s, distanceBias } = positions ?? {};
    const plan = forwardPlan(rec.limits, geometry, {
      positions: positions !== undefined,
      distanceBias: distanceBias !== undefined,
    });
    const { rows, columns } = blocksOf(plan);
    const packs = plan.stage !== "workgroup";
    rec.launch({
      kernel: forwardKernel(plan),
      operands: {
        q,
        kv,
        ...(positions && { r: packs ? packedPositions(rec, geometry, r!) : r!, u: u!, s: s! }),
        ...(packs && { keys: packedKeys(rec, geometry, kv) }),
        ...(distanceBias && { distance_bias: distanceBias }),
        ...outputs,
      },
      scalars: { B, N, Q, K, H, M, validMemory, maxDistance, scale },
      workgroups: [Math.ceil(Q / rows), B * N, Math.ceil(H / columns)],
    });
  },
  cost({ q, kv, r }, { geometry: { B, N, H, Q, K } }) {
    const flops = B * N * Q * K * ((r === undefined ? 4 : 6) * H + 4);
    return { flops, bytes: bytesOf(q, kv, r, q) };
  },
});

/** Keys one after the other, since rows a power of two apart fall into one set of a CPU's cache. */
function packedKeys(rec: Recorder, geometry: Geometry, kv: Tensor): Tensor {
  const { B, N, H, K } = geometry;
  const keys = rec.temporary([B, N, K, H], kv.dtype, "attention.keys");
  launchPackHeads(rec, geometry, { x: kv, y: keys }, 0);
  return keys;
}

/** Positions likewise. */
function packedPositions(rec: Recorder, geometry: Geometry, r: Tensor): Tensor {
  const { N, H, K } = geometry;
  const positions = rec.temporary([N, K, H], r.dtype, "attention.positions");
  launchPackHeads(rec, { ...geometry, B: 1 }, { x: r, y: positions }, 0);
  return positions;
}

/** Records a fused attention, [Q * B, N * H]. */
export function fusedAttention(rec: Recorder, inputs: Operands, geometry: Geometry): Tensor {
  return op(rec, { ...inputs }, { geometry }).out;
}
