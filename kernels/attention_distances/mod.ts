/**
 * Mean distance of what attention looks at, and its share in the memory: with p the probabilities of
 * query i over keys j, which lie i + M - j rows before it,
 *
 *     y[b, n, i, 0] = sum_j p[b, n, i, j] (i + M - j)         y[b, n, i, 1] = sum_{j < M} p[b, n, i, j]
 *
 * The probabilities are those of the attention of the same operands, computed for this alone and
 * reduced on the device, so that the attention itself may be of any form. No derivative.
 *
 * @module
 */
import { bytesOf, defineOp, f32, type Recorder, type Tensor } from "@transformer-xl/runtime/core";
import {
  expectBindable,
  type Geometry,
  geometryOf,
  type Operands,
  type StatedSizes,
} from "../attention/geometry.ts";
import type { DotProductAttentionInputs, RelativeAttentionInputs } from "../attention/mod.ts";
import { launchProbabilities } from "../attention/probabilities.ts";
import { rowLanes } from "../shared/row_lanes.ts";
import { ATTENTION_DISTANCES } from "./kernels.ts";

type In = Operands & { readonly [name: string]: Tensor | undefined };

const op = defineOp<In, { y: Tensor }, { readonly geometry: Geometry }>({
  name: "attention_distances",
  infer: (_inputs, { geometry: { B, N, Q } }) => ({ y: f32([B, N, Q, 2]) }),
  forward(rec, inputs, { y }, { geometry }) {
    const { B, N, Q, K, M } = geometry;
    const p = rec.temporary([B, N, Q, K], inputs.q.dtype, "attention.probabilities");
    launchProbabilities(rec, geometry, inputs, p);
    const lanes = rowLanes(rec.limits);
    rec.launch({
      kernel: ATTENTION_DISTANCES,
      operands: { p, y },
      constants: { ...lanes },
      scalars: { rows: B * N * Q, Q, K, M },
      threads: B * N * Q * lanes.LANES,
    });
  },
  cost({ q, kv, r }, { geometry: { B, N, H, Q, K } }) {
    const pairs = B * N * Q * K;
    return {
      flops: pairs * ((r === undefined ? 2 : 4) * H + 7),
      bytes: bytesOf(q, kv, r) + 8 * B * N * Q,
    };
  },
});

/**
 * Mean distance of the keys that every query attends to, in rows, and the share of its attention that
 * falls on the memory, 0 to 1.
 *
 * @param inputs those of `relativeAttention`, or of `dotProductAttention`
 * @param sizes as for the attention; its dropout has no part in this
 * @returns f32 [B, N, Q, 2]: distance, share
 * @throws {ShapeError} when an operand has another shape than the sizes ask for
 * @throws {DeviceError} when the probabilities exceed one binding
 * @example
 * ```ts
 * import { attentionDistances } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * // Equal scores: one row over three rows of memory attends to distances 0, 1, 2 and 3 alike.
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("distances", (rec) => {
 *   const q = rec.constant("q", [1, 1], "f32", Float32Array.of(0));
 *   const kv = rec.constant("kv", [4, 2], "f32", new Float32Array(8));
 *   const sizes = { B: 1, N: 1, H: 1, memoryRows: 3, validMemory: 3 };
 *   return { inputs: {}, outputs: { y: attentionDistances(rec, { q, kv }, sizes) } };
 * });
 * plan.run({});
 * assertEquals([...(await plan.read("y")).y], [1.5, 0.75]);
 * ```
 */
export function attentionDistances(
  rec: Recorder,
  inputs: DotProductAttentionInputs | RelativeAttentionInputs,
  sizes: StatedSizes,
): Tensor {
  const geometry = geometryOf(inputs, sizes);
  expectBindable(rec, geometry, inputs.q.dtype);
  return op(rec, { ...inputs }, { geometry }).y;
}
