/**
 * Attention in one launch: an online softmax over blocks of keys, without an array of scores. Its
 * derivative computes the probabilities again: in blocks, or as an array, from where it is that of the
 * materialised form with the scores of one layer in memory at a time.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  f32,
  type Grads,
  like,
  type NodeOptions,
  type Recorder,
  type Tensor,
  type VjpSite,
} from "@transformer-xl/runtime/core";
import { assertDropout } from "../../dropout/mod.ts";
import { attentionBackward, type AttentionInputs } from "../backward.ts";
import { type Geometry, positionsOf } from "../geometry.ts";
import { launchPackHeads, packedKeys } from "../launches.ts";
import { launchProbabilities } from "../probabilities.ts";
import { type FusedAttrs, fusedBackward, type FusedOutputs } from "./backward/record.ts";
import { forwardKernel } from "./kernels.ts";
import { maskKind, maskOperand, maskValues } from "./mask_source.ts";
import { blocksOf, forwardPlan } from "./plan.ts";

/** What is frozen into one call. */
interface Attrs extends FusedAttrs {
  /** How the derivative is recorded. */
  readonly derivative: Derivative;
}

/** The derivative of fused attention: without arrays of scores, or from those of the layer. */
export type Derivative = "fused" | "recomputed";

const op = defineOp<AttentionInputs, FusedOutputs, Attrs>({
  name: "fused_attention",
  infer: ({ q }, { geometry: { B, N, Q } }) => ({ out: like(q), lse: f32([B, N, Q]) }),
  forward(rec, inputs, outputs, { geometry, dropout }) {
    const { B, N, Q, K, H, M, validMemory, maxDistance, scale } = geometry;
    const { q, kv } = inputs;
    const positions = positionsOf(inputs);
    const { r, contentBias: u, positionBias: s, distanceBias } = positions ?? {};
    const plan = forwardPlan(rec.limits, geometry, {
      positions: positions !== undefined,
      distanceBias: distanceBias !== undefined,
      mask: maskKind(dropout),
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
        ...maskOperand(dropout),
        ...outputs,
      },
      scalars: {
        ...{ B, N, Q, K, H, M, validMemory, maxDistance, scale },
        ...maskValues(dropout),
      },
      workgroups: [Math.ceil(Q / rows), B * N, Math.ceil(H / columns)],
    });
  },
  vjp(rec, site, { out: dOut }) {
    if (dOut === undefined) return {};
    return site.attrs.derivative === "fused"
      ? fusedBackward(rec, site, dOut)
      : recomputedBackward(rec, site, dOut);
  },
  cost({ q, kv, r }, { geometry: { B, N, H, Q, K } }) {
    const flops = B * N * Q * K * ((r === undefined ? 4 : 6) * H + 4);
    return { flops, bytes: bytesOf(q, kv, r, q) };
  },
});

/** The derivative of the materialised form, after its probabilities. */
function recomputedBackward(
  rec: Recorder,
  { inputs, outputs: { out }, attrs: { geometry, dropout }, ...site }: VjpSite<
    AttentionInputs,
    FusedOutputs,
    Attrs
  >,
  dOut: Tensor,
): Grads<AttentionInputs> {
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
  const attrs = { geometry, dropout };
  return attentionBackward(rec, { ...site, inputs, outputs, attrs }, { out: dOut });
}

/** Positions one after the other, as {@link packedKeys} has keys. */
function packedPositions(rec: Recorder, geometry: Geometry, r: Tensor): Tensor {
  const { N, H, K } = geometry;
  const positions = rec.temporary([N, K, H], r.dtype, "attention.positions");
  launchPackHeads(rec, { ...geometry, B: 1 }, { x: r, y: positions }, 0);
  return positions;
}

/** Records a fused attention, [Q * B, N * H]. */
export function fusedAttention(rec: Recorder, inputs: AttentionInputs, attrs: Attrs): Tensor {
  const { dropout, geometry: { B, N, Q, K } } = attrs;
  if (dropout !== undefined) {
    assertDropout(dropout, B * N * Q * K, { label: "probabilities", shape: [B, N, Q, K] });
  }
  return op(rec, inputs, attrs).out;
}
