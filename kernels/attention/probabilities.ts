/**
 * The probabilities of attention as an array, from products of matrices and the masked softmax.
 *
 * @module
 */
import type { Recorder, Tensor } from "@transformer-xl/runtime/core";
import { type Geometry, type Operands, positionsOf } from "./geometry.ts";
import {
  launchAddBiases,
  launchAddDistanceBias,
  launchPackHeads,
  launchSoftmax,
  packedKeys,
} from "./launches.ts";
import { blockOf, dotRows, dotWithPositions, packed } from "./products.ts";

/** Records p = softmax of the scores, [B, N, Q, K]; 0 where a key is hidden. */
export function launchProbabilities(
  rec: Recorder,
  g: Geometry,
  inputs: Operands,
  p: Tensor,
): void {
  const { kv } = inputs;
  const { B, N, H, Q, K } = g;
  const content = rec.temporary([B, N, Q, H], kv.dtype, "attention.content");
  const x = scoresByPosition(rec, g, inputs, content);
  const keys = Q === 1 ? blockOf(g, kv, "keys") : packed(g, packedKeys(rec, g, kv), K);
  dotRows(rec, g, { x: packed(g, content, Q), y: keys, w: p }, g.scale);
  launchSoftmax(rec, g, { x, p });
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
