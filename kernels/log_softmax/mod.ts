/**
 * Log-probabilities of one softmax over a vocabulary range (fused linear layer and log-softmax):
 *
 *     logits = hidden . W^T + b           y = logits - log sum_v exp(logits_v) + shift
 *
 * `shift` is the log-probability of the range itself: 0 for the head of an adaptive softmax, that of
 * the cluster for a tail (Grave et al. 2017). No derivative: training uses cross-entropy, which
 * never stores the probabilities of all words.
 *
 * @module
 */
import {
  bytesOf,
  dims,
  type Recorder,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime/core";
import type { VocabularyBlock } from "../cross_entropy/mod.ts";
import { launchMatmul } from "../matmul/launch.ts";
import { LOG_SOFTMAX } from "./kernels.ts";

/** Columns of the softmax, and their destination. */
export interface LogSoftmaxOutput {
  /** [R, any]: other columns stay. */
  readonly y: Tensor;
  /** First column of y. */
  readonly at: number;
  /** First column of the softmax. */
  readonly first: number;
  /** Columns. */
  readonly count: number;
}

/** Options of {@link logSoftmax}. */
export interface LogSoftmaxOptions {
  /** Consecutive column ranges of one softmax. */
  readonly blocks: readonly VocabularyBlock[];
  /** Where its columns go. */
  readonly outputs: readonly LogSoftmaxOutput[];
  /** One column of a matrix [R, any] that is added to every column; nothing when absent. */
  readonly shift?: { readonly values: Tensor; readonly column: number };
}

/**
 * Records log-probabilities of rows `hidden` [R, D], in place in the outputs.
 *
 * @throws {ShapeError} when sizes disagree or columns do not exist
 */
export function logSoftmax(rec: Recorder, hidden: Tensor, options: LogSoftmaxOptions): void {
  const { blocks, outputs } = options;
  const { R, D } = dims({ hidden: "R D" }, { hidden });
  const columns = blocks.reduce((sum, { bias }) => sum + bias.size, 0);
  for (const { weight, bias } of blocks) {
    dims({ hidden: "R D", weight: "V D", bias: "V" }, { hidden, weight, bias });
  }
  for (const { y, at, first, count } of outputs) {
    const { V } = dims({ hidden: "R D", y: "R V" }, { hidden, y });
    if (first + count > columns || at + count > V) {
      throw new ShapeError(
        `Cannot record log_softmax: columns ${first} to ${first + count} of ${columns} go to ` +
          `${at} to ${at + count} of ${V}`,
      );
    }
  }
  const zeros = () => ({
    values: rec.constant("no shift", [R, 1], outputs[0]!.y.dtype as "f32", new Float32Array(R)),
    column: 0,
  });
  const shift = options.shift ?? zeros();
  const stride = Math.ceil(columns / 4) * 4; // rows stay aligned for vector loads
  const results = Object.fromEntries(outputs.map(({ y }, i) => [`y${i}`, y]));
  const cost = {
    flops: R * columns * (2 * D + 6),
    bytes: bytesOf(hidden, ...blocks.flatMap(({ weight, bias }) => [weight, bias])) +
      bytesOf(...outputs.map(({ y }) => y)),
  };
  rec.node("log_softmax", { inputs: { hidden }, outputs: results, cost }, () => {
    const logits = rec.temporary([R, stride], hidden.dtype, "log_softmax.logits");
    let first = 0;
    for (const { weight, bias } of blocks) {
      launchMatmul(rec, {
        form: "NT",
        a: hidden,
        b: weight,
        c: logits,
        bias,
        M: R,
        N: bias.size,
        K: D,
        ldc: stride,
        cOffset: first,
      });
      first += bias.size;
    }
    for (const { y, at, first, count } of outputs) {
      rec.launch({
        kernel: LOG_SOFTMAX,
        operands: { logits, shift: shift.values, y },
        // On a CPU a workgroup of eight lanes is one vector, and its barriers are almost free.
        constants: { LANES: rec.limits.adapterClass === "cpu" ? 8 : 256 },
        scalars: {
          columns,
          stride,
          first,
          count,
          at,
          y_stride: y.shape[1]!,
          shift_stride: shift.values.shape[1]!,
          shift_column: shift.column,
        },
        workgroups: [R],
      });
    }
  });
}
