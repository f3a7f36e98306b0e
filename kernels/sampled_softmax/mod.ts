/**
 * Negative log-likelihood of a softmax over the target and a sample of the vocabulary, drawn on the
 * host (Jean et al. 2015), with its gradient formed in the forward pass as in `cross_entropy/`:
 *
 *     t = hidden . w_target + b_target - log q(target)
 *     x_c = hidden . w_c + b_c - log q(c)                       for the sampled words c
 *     nll = log(exp(t) + sum over c that are not the target of exp(x_c)) - t
 *
 * q(c) is the probability that c is in a sample, see {@link LogUniform}. `sum exp(x_c)` has the mean of
 * the full softmax's partition function without the target, and the expected loss is least where the
 * full softmax equals the distribution of the text. Only rows of sampled and target words are read
 * and get a gradient, so a step does not depend on the size of the vocabulary.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  defineOp,
  dims,
  f32,
  like,
  type Recorder,
  type Scalar,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime/core";
import {
  chunkRows,
  columnsOf,
  formedGradient,
  gradientOf,
  noLossScale,
  type VocabularyBlock,
} from "../cross_entropy/blocks.ts";
import type { TokenGroups } from "../embedding/launches.ts";
import {
  launchGradients,
  launchLookUp,
  launchLosses,
  launchTargetGradients,
  launchTargetLogits,
  launchWordGradients,
  type SampledChunk,
  wordRows,
} from "./launches.ts";

export { LogUniform } from "./log_uniform.ts";

/** Options of {@link sampledSoftmax}. */
export interface SampledSoftmaxOptions {
  /** The rows of the vocabulary in consecutive ranges: tables are split at the binding limit. */
  readonly blocks: readonly VocabularyBlock[];
  /** u32 [R]: the word of every row, or IGNORED: such rows have nll 0 and no gradient. */
  readonly targets: Tensor;
  /** u32 [C]: distinct words, IGNORED from `count` on. */
  readonly samples: Tensor;
  /** Sampled words. */
  readonly count: Scalar;
  /** Targets and samples grouped by word, for the gradient only; their ranges are the blocks. */
  readonly groups?: { readonly targets: TokenGroups; readonly samples: TokenGroups };
  /** [V]: logarithm of the expected count of every word in a sample, {@link LogUniform}. */
  readonly logExpected: Float32Array<ArrayBuffer>;
  /** The cotangent of every nll, known ahead: one over the tokens of the step. */
  readonly weight: Scalar | number;
  /** Its first element multiplies `weight`; 1 when absent. */
  readonly lossScale?: Tensor;
  /** True when recording a training step. */
  readonly differentiate: boolean;
  /** Rows whose logits exist at once; chosen by memory when absent. */
  readonly chunkRows?: number;
}

type In = { readonly hidden: Tensor; readonly targets: Tensor; readonly samples: Tensor };
type Out = { readonly nll: Tensor; readonly dhidden: Tensor | undefined };

const NAME = "sampled_softmax";

const op = defineOp<In, Out, SampledSoftmaxOptions>({
  name: NAME,
  infer({ hidden, targets, samples }, { blocks, differentiate, logExpected, groups }) {
    const { R, D } = dims({ hidden: "R D", targets: "R", samples: "C" }, {
      hidden,
      targets,
      samples,
    });
    for (const { weight, bias } of blocks) {
      dims({ hidden: "R D", weight: "V D", bias: "V" }, { hidden, weight, bias });
      if (differentiate) [weight, bias].forEach((tensor) => gradientOf(NAME, tensor));
    }
    const words = columnsOf(blocks);
    if (logExpected.length !== words) {
      throw new ShapeError(
        `Cannot record ${NAME}: the expected counts are of ${logExpected.length} words, ` +
          `the blocks have ${words}`,
      );
    }
    for (const { ranges } of groups ? [groups.targets, groups.samples] : []) {
      if (ranges.length === blocks.length) continue;
      throw new ShapeError(
        `Cannot record ${NAME}: the token groups have ${ranges.length} ranges for ${blocks.length} blocks`,
      );
    }
    if (differentiate && groups === undefined) {
      throw new TypeError(`Cannot differentiate ${NAME}: it was recorded without token groups`);
    }
    return { nll: f32([R]), ...(differentiate && { dhidden: like(hidden, [R, D]) }) } as {
      readonly [K in keyof Out]: ReturnType<typeof f32>;
    };
  },
  forward(rec, { hidden, targets, samples }, { nll, dhidden }, attrs) {
    const { blocks, count, weight, differentiate, logExpected: expected } = attrs;
    const [R, D, C] = [hidden.shape[0]!, hidden.shape[1]!, samples.size];
    const { dtype } = hidden;
    const wanted = wordRows(rec, R, D, dtype, "target");
    const drawn = wordRows(rec, C, D, dtype, "sample");
    const logExpected = rec.constant("log expected counts", [expected.length], "f32", expected);
    const targetLogit = rec.temporary([R], "f32", `${NAME}.target_logit`);
    const all = { hidden, targets, samples, count, drawn, logExpected, targetLogit };
    launchLookUp(rec, targets, blocks, wanted);
    launchLookUp(rec, samples, blocks, drawn);
    launchTargetLogits(rec, all, wanted);

    const stride = Math.ceil(C / 4) * 4; // rows stay aligned for vector loads
    const most = attrs.chunkRows ?? chunkRows(rec, R, stride * bytesPer(dtype));
    const logits = rec.temporary([Math.min(most, R), stride], dtype, `${NAME}.logits`);
    const lossScale = attrs.lossScale ?? noLossScale(rec);
    const sums = dhidden && wordRows(rec, C, D, dtype, "d_sample");
    if (sums) rec.clear(sums.bias);
    for (let base = 0; base < R; base += most) {
      const chunk: SampledChunk = { logits, base, rows: Math.min(most, R - base), stride };
      launchLosses(rec, all, chunk, { nll, weight, lossScale, differentiate });
      if (dhidden && sums) launchGradients(rec, all, chunk, dhidden, sums);
    }
    if (dhidden === undefined || sums === undefined || attrs.groups === undefined) return;
    launchTargetGradients(rec, all, dhidden, wanted);
    launchWordGradients(rec, attrs.groups.targets, blocks, wanted);
    launchWordGradients(rec, attrs.groups.samples, blocks, sums);
  },
  vjp: (_rec, { outputs: { dhidden } }) => formedGradient(NAME, dhidden),
  cost({ hidden, samples }, { differentiate }) {
    const products = differentiate ? 3 : 1;
    const [R, D] = [hidden.shape[0]!, hidden.shape[1]!];
    const element = bytesPer(hidden.dtype);
    const rows = element * (R + samples.size) * (D + 1);
    return {
      flops: 2 * products * R * D * (samples.size + 1),
      bytes: products * (bytesOf(hidden) + 2 * rows) +
        element * R * samples.size * (differentiate ? 5 : 2),
    };
  },
});

/**
 * The loss of every row, in nats, [R], estimated with a sample of the vocabulary, for hidden [R, D].
 *
 * With `differentiate`, the gradient for the cotangent `weight` of every nll is formed here, as by
 * `crossEntropy`: weights and biases get theirs at once (so clear gradients before recording this
 * op), hidden gets its own from `backward`, which must be seeded with ones.
 *
 * @throws {ShapeError} when sizes differ
 * @throws {TypeError} when a gradient is asked for and a weight or bias is not a parameter, or there
 * are no groups
 * @example
 * ```ts
 * import { IGNORED, LogUniform, sampledSoftmax } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * const { logExpected } = new LogUniform(5, 1);
 * using plan = await device.plan("losses", (rec) => {
 *   const hidden = rec.input("hidden", [2, 1], "f32");
 *   const weight = rec.input("weight", [5, 1], "f32");
 *   const bias = rec.input("bias", [5], "f32");
 *   const targets = rec.input("targets", [2], "u32");
 *   const samples = rec.input("samples", [2], "u32");
 *   const count = rec.scalar("count");
 *   const nll = sampledSoftmax(rec, hidden, {
 *     ...{ blocks: [{ weight, bias }], targets, samples, count, logExpected },
 *     ...{ weight: 1, differentiate: false },
 *   });
 *   return { inputs: { hidden, weight, bias, targets, samples, count }, outputs: { nll } };
 * });
 * plan.run({
 *   ...{ hidden: new Float32Array(2), weight: new Float32Array(5), bias: new Float32Array(5) },
 *   ...{ targets: Uint32Array.of(0, 3), samples: Uint32Array.of(0, IGNORED), count: 1 },
 * });
 * const { nll } = await plan.read("nll");
 * assertAlmostEquals(nll[0]!, 0); // the only sample is the target, which does not count twice
 * // Word 0 is in more samples than word 3, so it stands for fewer words.
 * assertAlmostEquals(nll[1]!, Math.log1p(Math.exp(logExpected[3]! - logExpected[0]!)), 1e-12);
 * ```
 */
export function sampledSoftmax(
  rec: Recorder,
  hidden: Tensor,
  options: SampledSoftmaxOptions,
): Tensor {
  const { targets, samples } = options;
  return op(rec, { hidden, targets, samples }, options).nll;
}
