/**
 * The launches of the sampled softmax: rows of words, logits and losses of a chunk, gradients.
 *
 * @module
 */
import type { DType, Recorder, Scalar, Tensor } from "@transformer-xl/runtime/core";
import { launchElementwise } from "@transformer-xl/runtime/core";
import { gradientOf, type VocabularyBlock } from "../cross_entropy/blocks.ts";
import { launchBiasGradient } from "../cross_entropy/launches.ts";
import {
  launchEmbedding,
  launchEmbeddingGradient,
  type RowTable,
  type TokenGroups,
} from "../embedding/launches.ts";
import { launchMatmul } from "../matmul/launch.ts";
import { SAMPLED_ROW, TARGET_GRADIENT, TARGET_LOGIT } from "./kernels.ts";

/** Softmax rows and biases of a list of words, or their gradients. */
export interface WordRows {
  /** [words, D]. */
  readonly rows: Tensor;
  /** [words]. */
  readonly bias: Tensor;
}

/** A chunk of rows. */
export interface SampledChunk {
  /** [chunk, stride]. */
  readonly logits: Tensor;
  /** First row of the chunk within hidden, targets and nll. */
  readonly base: number;
  /** Rows of the chunk. */
  readonly rows: number;
  /** Elements between rows of logits. */
  readonly stride: number;
}

/** Operands of all chunks. */
export interface SampledOperands {
  /** [R, D]. */
  readonly hidden: Tensor;
  /** u32 [R]. */
  readonly targets: Tensor;
  /** u32 [C]. */
  readonly samples: Tensor;
  /** Samples in use. */
  readonly count: Scalar;
  /** Rows of the samples, zeros past `count`. */
  readonly drawn: WordRows;
  /** [V]. */
  readonly logExpected: Tensor;
  /** [R]: corrected logit of the target, then its gradient. */
  readonly targetLogit: Tensor;
}

/** Unwritten rows of `words` words. */
export function wordRows(
  rec: Recorder,
  words: number,
  D: number,
  dtype: DType,
  label: string,
): WordRows {
  return {
    rows: rec.temporary([words, D], dtype, `sampled_softmax.${label}_rows`),
    bias: rec.temporary([words], dtype, `sampled_softmax.${label}_bias`),
  };
}

/** Records the lookup of the words `ids`; zeros where an id is IGNORED. */
export function launchLookUp(
  rec: Recorder,
  ids: Tensor,
  blocks: readonly VocabularyBlock[],
  { rows, bias }: WordRows,
): void {
  launchEmbedding(rec, ids, rangesOf(blocks, ({ weight }) => weight), rows);
  launchEmbedding(rec, ids, rangesOf(blocks, ({ bias }) => bias), bias);
}

/** Records the sum of gradients per word into those of the parameters. */
export function launchWordGradients(
  rec: Recorder,
  groups: TokenGroups,
  blocks: readonly VocabularyBlock[],
  { rows, bias }: WordRows,
): void {
  const gradient = (tensor: Tensor) => gradientOf("sampled_softmax", tensor);
  rangesOf(blocks, ({ weight }) => gradient(weight)).forEach((range, i) =>
    launchEmbeddingGradient(rec, groups, i, rows, range)
  );
  rangesOf(blocks, ({ bias }) => gradient(bias)).forEach((range, i) =>
    launchEmbeddingGradient(rec, groups, i, bias, range)
  );
}

/** A tensor of every block, with the words that it holds. */
function rangesOf(
  blocks: readonly VocabularyBlock[],
  of: (block: VocabularyBlock) => Tensor,
): RowTable[] {
  let from = 0;
  return blocks.map((block) => {
    const [table, rows] = [of(block), block.bias.size];
    from += rows;
    return { table, from: from - rows, rows, width: table.size / rows };
  });
}

/** Records the corrected logits of the targets, whose rows are `wanted`. */
export function launchTargetLogits(
  rec: Recorder,
  { hidden, targets, logExpected, targetLogit }: SampledOperands,
  { rows, bias }: WordRows,
): void {
  const [count, width] = [hidden.shape[0]!, hidden.shape[1]!];
  rec.launch({
    kernel: TARGET_LOGIT,
    operands: { hidden, rows, bias, targets, log_expected: logExpected, logit: targetLogit },
    constants: { LANES: rec.limits.adapterClass === "cpu" ? 8 : 64 },
    scalars: { count, width },
    workgroups: [count],
  });
}

/** Records logits and losses of a chunk; with `differentiate`, logits become their gradient. */
export function launchLosses(
  rec: Recorder,
  { hidden, targets, samples, count, drawn, logExpected, targetLogit }: SampledOperands,
  { logits, base, rows, stride }: SampledChunk,
  options: {
    readonly nll: Tensor;
    readonly weight: Scalar | number;
    readonly lossScale: Tensor;
    readonly differentiate: boolean;
  },
): void {
  const { nll, weight, lossScale, differentiate } = options;
  const D = hidden.shape[1]!;
  launchMatmul(rec, {
    form: "NT",
    ...{ a: hidden, aOffset: base * D },
    ...{ b: drawn.rows, bias: drawn.bias },
    ...{ c: logits, ldc: stride },
    ...{ M: rows, N: samples.size, K: D },
  });
  rec.launch({
    kernel: SAMPLED_ROW,
    operands: {
      ...{ targets, samples, logits, nll, target_logit: targetLogit },
      ...{ log_expected: logExpected, loss_scale: lossScale },
    },
    // On a CPU a workgroup of eight lanes is one vector, and its barriers are almost free.
    constants: { LANES: rec.limits.adapterClass === "cpu" ? 8 : 256 },
    scalars: { rows, base, columns: count, stride, weight, differentiate: differentiate ? 1 : 0 },
    workgroups: [rows],
  });
}

/** Records the gradients of a chunk of hidden rows, and adds those of the samples to `sums`. */
export function launchGradients(
  rec: Recorder,
  { hidden, samples, drawn }: SampledOperands,
  { logits, base, rows, stride }: SampledChunk,
  dhidden: Tensor,
  sums: WordRows,
): void {
  const [D, C] = [hidden.shape[1]!, samples.size];
  launchMatmul(rec, {
    form: "NN",
    ...{ a: logits, lda: stride },
    b: drawn.rows,
    ...{ c: dhidden, cOffset: base * D },
    ...{ M: rows, N: D, K: C },
  });
  launchMatmul(rec, {
    form: "TN",
    ...{ a: logits, lda: stride },
    ...{ b: hidden, bOffset: base * D },
    c: sums.rows,
    ...{ M: C, N: D, K: rows },
    accumulate: base > 0,
  });
  launchBiasGradient(rec, { logits, base, rows, columns: C, stride }, 0, sums.bias);
}

/** Records the gradients through the targets' logits: `wanted` rows become theirs in place. */
export function launchTargetGradients(
  rec: Recorder,
  { hidden, targetLogit }: SampledOperands,
  dhidden: Tensor,
  { rows, bias }: WordRows,
): void {
  const operands = { hidden, dlogit: targetLogit, rows, bias, dhidden };
  launchElementwise(rec, TARGET_GRADIENT, operands, hidden.size, { width: hidden.shape[1]! });
}
