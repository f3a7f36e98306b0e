/**
 * Head of the model that gives the log-probability of every word, for sampling, export and scores of
 * alternatives; training uses the losses of targets (`adaptive_softmax.ts`):
 *
 *     log p(word in head)   = log p_head(word)
 *     log p(word in tail i) = log p_head(cluster i) + log p_i(word)
 *
 * @module
 */
import { logSoftmax, matmul } from "@transformer-xl/kernels";
import type { Recorder, Tensor } from "@transformer-xl/runtime/core";
import type { ClusterTables } from "./tables.ts";

/**
 * Records the log-probabilities of all words after hidden rows.
 *
 * @param hidden [R, D]
 * @returns [R, V] in nats, float32; its size must fit the binding limit of the device
 */
export function logProbabilities(
  rec: Recorder,
  hidden: Tensor,
  clusters: readonly ClusterTables[],
): Tensor {
  const rows = hidden.shape[0]!;
  const [head, ...tails] = clusters;
  const { to: headWords } = head!.cluster;
  const y = rec.temporary([rows, clusters.at(-1)!.cluster.to], "f32", "log probabilities");
  const narrowed = ({ softmaxProjection }: ClusterTables) =>
    softmaxProjection ? matmul(rec, hidden, softmaxProjection) : hidden;
  const words = { y, at: 0, first: 0, count: headWords };
  if (tails.length === 0) {
    logSoftmax(rec, narrowed(head!), { blocks: head!.softmax, outputs: [words] });
    return y;
  }
  const clustersOfHead = rec.temporary([rows, tails.length], "f32", "cluster log probabilities");
  rec.scope("head", () =>
    logSoftmax(rec, narrowed(head!), {
      blocks: head!.softmax,
      outputs: [words, { y: clustersOfHead, at: 0, first: headWords, count: tails.length }],
    }));
  tails.forEach((tail, i) => {
    const { from, to } = tail.cluster;
    if (from === to) return; // no symbol
    rec.scope(`tail${i + 1}`, () =>
      logSoftmax(rec, narrowed(tail), {
        blocks: tail.softmax,
        outputs: [{ y, at: from, first: 0, count: to - from }],
        // The reference's reversed cluster columns.
        shift: { values: clustersOfHead, column: tails.length - 1 - i },
      }));
  });
  return y;
}
