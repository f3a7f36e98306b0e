/**
 * Negative log-likelihood of one softmax over a vocabulary range, its gradient formed in the
 * forward pass. The loss is the last op, so the cotangent of every nll is known in advance, and no
 * chunk of logits is stored or computed twice:
 *
 *     logits = hidden . W^T + b           nll = log sum_v exp(logits_v) - logits_target
 *     dlogits = (softmax - onehot) * weight                                 (in place)
 *     dhidden = dlogits . W      dW += dlogits^T . hidden      db += sum over rows of dlogits
 *
 * Head and tails of an adaptive softmax are this op with different tables (Grave et al. 2017);
 * plain cross-entropy is one call.
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
} from "./blocks.ts";
import { type Extent, launchMatmul } from "../matmul/launch.ts";
import { launchBiasGradient, launchSoftmaxRows, type LogitsChunk } from "./launches.ts";

export type { VocabularyBlock } from "./blocks.ts";
export { IGNORED } from "../shared/ignored.ts";

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** Consecutive column ranges of one softmax: tables are split at the binding limit. */
  readonly blocks: readonly VocabularyBlock[];
  /** u32 [R]: a column, or IGNORED: such rows have nll 0 and no gradient. */
  readonly targets: Tensor;
  /** The cotangent of every nll, known ahead: one over the tokens of the step. */
  readonly weight: Scalar | number;
  /** Its first element multiplies `weight`; 1 when absent. */
  readonly lossScale?: Tensor;
  /** Number of used rows; the others have nll 0 and no gradient. */
  readonly rows?: Scalar;
  /** True when recording a training step. */
  readonly differentiate: boolean;
  /** Rows whose logits exist at once; chosen by memory when absent. */
  readonly chunkRows?: number;
}

type In = { readonly hidden: Tensor; readonly targets: Tensor };
type Out = { readonly nll: Tensor; readonly dhidden: Tensor | undefined };

const NAME = "cross_entropy";

const op = defineOp<In, Out, CrossEntropyOptions>({
  name: NAME,
  infer({ hidden, targets }, { blocks, differentiate }) {
    const { R, D } = dims({ hidden: "R D", targets: "R" }, { hidden, targets });
    if (blocks.length === 0) {
      throw new ShapeError("Cannot record cross_entropy: it has no blocks, expected at least one");
    }
    for (const { weight, bias } of blocks) {
      dims({ hidden: "R D", weight: "V D", bias: "V" }, { hidden, weight, bias });
      if (differentiate) [weight, bias].forEach((tensor) => gradientOf(NAME, tensor));
    }
    return { nll: f32([R]), ...(differentiate && { dhidden: like(hidden, [R, D]) }) } as {
      readonly [K in keyof Out]: ReturnType<typeof f32>;
    };
  },
  forward(rec, { hidden, targets }, { nll, dhidden }, attrs) {
    const [R, D] = [hidden.shape[0]!, hidden.shape[1]!];
    const columns = columnsOf(attrs.blocks);
    const stride = Math.ceil(columns / 8) * 8; // rows stay aligned for vector loads
    const { dtype } = hidden;
    const chunk = attrs.chunkRows ?? chunkRows(rec, R, stride * bytesPer(dtype));
    const logits = rec.temporary([Math.min(chunk, R), stride], dtype, "cross_entropy.logits");
    const { weight, differentiate } = attrs;
    const lossScale = attrs.lossScale ?? noLossScale(rec);
    if (attrs.rows) {
      rec.clear(nll);
      if (dhidden) rec.clear(dhidden);
    }
    for (let base = 0; base < R; base += chunk) {
      const capacity = Math.min(chunk, R - base);
      const rows: Extent = attrs.rows
        ? { scalar: attrs.rows.within(base, capacity), capacity }
        : capacity;
      const at: LogitsChunk = { logits, base, rows, columns, stride };
      recordLogits(rec, at, hidden, attrs.blocks);
      launchSoftmaxRows(rec, at, { targets, nll, weight, lossScale, differentiate });
      if (dhidden) recordGradients(rec, at, { hidden, dhidden, D }, attrs.blocks);
    }
  },
  vjp: (_rec, { outputs: { dhidden } }) => formedGradient(NAME, dhidden),
  cost({ hidden }, { blocks, differentiate, rows }) {
    const products = differentiate ? 3 : 1; // each reads hidden and weights; dW is read and written
    const logits = hidden.shape[0]! * columnsOf(blocks);
    const weights = blocks.reduce((sum, { weight, bias }) => sum + bytesOf(weight, bias), 0);
    return {
      flops: 2 * products * logits * hidden.shape[1]!,
      bytes: products * (bytesOf(hidden) + weights) +
        bytesPer(hidden.dtype) * logits * (differentiate ? 5 : 2),
      extent: rows && { scalar: rows, capacity: hidden.shape[0]! },
    };
  },
});

/** Records the logits of a chunk: every block writes its columns. */
function recordLogits(
  rec: Recorder,
  { logits, base, rows, stride }: LogitsChunk,
  hidden: Tensor,
  blocks: readonly VocabularyBlock[],
): void {
  const D = hidden.shape[1]!;
  let first = 0;
  for (const { weight, bias } of blocks) {
    launchMatmul(rec, {
      form: "NT",
      a: hidden,
      b: weight,
      c: logits,
      bias,
      M: rows,
      N: bias.size,
      K: D,
      aOffset: base * D,
      ldc: stride,
      cOffset: first,
      padded: "c",
    });
    first += bias.size;
  }
}

/** Records the backward pass of a chunk of logits. */
function recordGradients(
  rec: Recorder,
  chunk: LogitsChunk,
  { hidden, dhidden, D }: { readonly hidden: Tensor; readonly dhidden: Tensor; readonly D: number },
  blocks: readonly VocabularyBlock[],
): void {
  const { logits, base, rows, stride } = chunk;
  let first = 0;
  for (const { weight, bias } of blocks) {
    const V = bias.size;
    const dlogits = { a: logits, lda: stride, aOffset: first, padded: "a" } as const;
    launchMatmul(rec, {
      form: "NN",
      ...dlogits,
      b: weight,
      c: dhidden,
      cOffset: base * D,
      M: rows,
      N: D,
      K: V,
      accumulate: first > 0,
    });
    launchMatmul(rec, {
      form: "TN",
      ...dlogits,
      b: hidden,
      bOffset: base * D,
      c: gradientOf(NAME, weight),
      M: V,
      N: D,
      K: rows,
      accumulate: true,
    });
    launchBiasGradient(rec, chunk, first, gradientOf(NAME, bias));
    first += V;
  }
}

/**
 * `nll[r] = log sum_v exp(logits[r, v]) - logits[r, target_r]`, in nats, [R], with
 * `logits = hidden . W^T + b` over all blocks and hidden [R, D].
 *
 * With `differentiate`, the gradient for the cotangent `weight` of every nll is formed here: weights
 * and biases get theirs at once (so clear gradients before recording this op), hidden gets its own
 * from `backward`. The cotangent that `backward` is seeded with must be all ones: its values are
 * not looked at, `weight` stands for them.
 *
 * Rows beyond `rows` have nll 0 and no gradient.
 *
 * @throws {ShapeError} when sizes differ or there is no block
 * @throws {TypeError} when a gradient is requested and a weight or bias is not a parameter
 * @example
 * ```ts
 * import { IGNORED, crossEntropy } from "@transformer-xl/kernels";
 * import { ParameterStore, ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using store = new ParameterStore();
 * const zero = { kind: "constant", value: 0 } as const;
 * const weight = store.param("weight", [4, 2], zero);
 * const bias = store.param("bias", [4], zero);
 * store.allocate(device, { gradients: false });
 * using plan = await device.plan("loss", (rec) => {
 *   const hidden = rec.input("hidden", [2, 2], "f32");
 *   const targets = rec.input("targets", [2], "u32");
 *   const nll = crossEntropy(rec, hidden, {
 *     blocks: [{ weight, bias }],
 *     targets,
 *     weight: 1,
 *     differentiate: false,
 *   });
 *   return { inputs: { hidden, targets }, outputs: { nll } };
 * });
 * plan.run({ hidden: new Float32Array(4), targets: new Uint32Array([3, IGNORED]) });
 * const { nll } = await plan.read("nll");
 * assertAlmostEquals(nll[0]!, Math.log(4), 1e-12); // every column is equally likely
 * assertAlmostEquals(nll[1]!, 0);
 * ```
 */
export function crossEntropy(rec: Recorder, hidden: Tensor, options: CrossEntropyOptions): Tensor {
  return op(rec, { hidden, targets: options.targets }, options).nll;
}
