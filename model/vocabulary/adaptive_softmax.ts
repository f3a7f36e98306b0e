/**
 * The adaptive softmax (Grave et al. 2017): a head over frequent words and one column per cluster of
 * rarer words, and a softmax inside each cluster for the tokens that fall into it.
 *
 *     nll(word in head)    = -log p_head(word)
 *     nll(word in tail i)  = -log p_head(cluster i) - log p_i(word)
 *
 * The reference takes head column `size - i` for tail i; weights are exchanged with it, so this does
 * too. Which rows go to which tail is decided on the host, which knows the targets.
 *
 * @module
 */
import { crossEntropy, gather, matmul, scatter } from "@transformer-xl/kernels";
import type { Recorder, Scalar, Tensor } from "@transformer-xl/runtime/core";
import type { TargetInputs } from "./target_inputs.ts";
import type { ClusterTables } from "./tables.ts";

/** Losses of a batch. */
export interface TokenLosses {
  /** Negative log-likelihood in nats, [T B, 1] in token order; 0 without a target. */
  readonly nll: Tensor;
  /** The partial losses; their cotangent is all ones in training. */
  readonly parts: readonly Tensor[];
}

/** Options of a head of losses. */
export interface LossOptions {
  /** Gradient of the step's loss with respect to each nll. */
  readonly weight: Scalar;
  /** True when a training step is recorded: gradients are formed in the forward pass. */
  readonly differentiate: boolean;
  /** Its first element multiplies the weight; 1 when absent. */
  readonly lossScale?: Tensor;
}

/** Records the losses of hidden rows, [T B, D]. */
export function tokenLosses(
  rec: Recorder,
  hidden: Tensor,
  targets: TargetInputs,
  clusters: readonly ClusterTables[],
  options: LossOptions,
): TokenLosses {
  const [head, ...tails] = clusters;
  const headHidden = head!.softmaxProjection
    ? matmul(rec, hidden, head!.softmaxProjection)
    : hidden;
  const nll = rec.scope(
    "head",
    () =>
      crossEntropy(rec, headHidden, { blocks: head!.softmax, targets: targets.head, ...options }),
  ); // [R]
  const parts = [nll];
  const total = rec.alias(nll, [nll.size, 1]);
  tails.forEach((tail, i) => {
    if (tail.softmax.length === 0) return; // a cluster of no symbol has a column of the head alone
    const { rows, count, columns } = targets.tails[i]!;
    rec.scope(`tail${i + 1}`, () => {
      const selected = gather(rec, hidden, rows, count); // [R, D], `count` of them
      const narrow = tail.softmaxProjection
        ? matmul(rec, selected, tail.softmaxProjection, { rows: count })
        : selected;
      const part = crossEntropy(rec, narrow, {
        blocks: tail.softmax,
        targets: columns,
        rows: count,
        ...options,
      });
      parts.push(part);
      scatter(rec, total, rec.alias(part, [part.size, 1]), rows, count, { accumulate: true });
    });
  });
  return { nll: total, parts };
}
