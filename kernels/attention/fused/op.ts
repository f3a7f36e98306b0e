/**
 * Attention in one launch: an online softmax over blocks of keys, without an array of scores. Its
 * derivative computes the probabilities again, and is that of the materialised form from there on:
 * scores of one layer are in memory at a time, instead of those of all.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  f32,
  like,
  type NodeOptions,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { attentionBackward, type AttentionInputs } from "../backward.ts";
import { type Geometry, type Operands, positionsOf } from "../geometry.ts";
import { launchPackHeads, packedKeys } from "../launches.ts";
import { launchProbabilities } from "../probabilities.ts";
import { forwardKernel } from "./kernels.ts";
import { blocksOf, forwardPlan } from "./plan.ts";

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

const op = defineOp<AttentionInputs, FusedOutputs, FusedAttrs>({
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
  vjp(rec, { inputs, outputs: { out }, attrs: { geometry }, ...site }, { out: dOut }) {
    if (dOut === undefined) return {};
    const { B, N, Q, K, H } = geometry;
    const { q, kv, r } = inputs;
    const probabilities = rec.temporary([B, N, Q, K], q.dtype, "attention.probabilities");
    const work: NodeOptions = {
      inputs,
      outputs: { probabilities },
      cost: {
        flops: (r === undefined ? 2 : 4) * probabilities.size * H,
        bytes: bytesOf(q, kv, r, probabilities),
      },
    };
    rec.node("attention_probabilities", work, () => {
      launchProbabilities(rec, geometry, inputs, probabilities);
    });
    const outputs = { out, probabilities };
    const attrs = { geometry, dropout: undefined };
    return attentionBackward(rec, { ...site, inputs, outputs, attrs }, { out: dOut });
  },
  cost({ q, kv, r }, { geometry: { B, N, H, Q, K } }) {
    const flops = B * N * Q * K * ((r === undefined ? 4 : 6) * H + 4);
    return { flops, bytes: bytesOf(q, kv, r, q) };
  },
});

/** Positions one after the other, as {@link packedKeys} has keys. */
function packedPositions(rec: Recorder, geometry: Geometry, r: Tensor): Tensor {
  const { N, H, K } = geometry;
  const positions = rec.temporary([N, K, H], r.dtype, "attention.positions");
  launchPackHeads(rec, { ...geometry, B: 1 }, { x: r, y: positions }, 0);
  return positions;
}

/** Records a fused attention, [Q * B, N * H]. */
export function fusedAttention(rec: Recorder, inputs: Operands, geometry: Geometry): Tensor {
  return op(rec, { ...inputs, keep: undefined }, { geometry }).out;
}
