/**
 * One optimizer step over all parameters of a store: gradient norm, clipping, the test for
 * gradients that are not finite, and LAMB or Adam.
 *
 * @module
 */
import {
  gradientsOf,
  type ParameterStore,
  type Recorder,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime";
import { recordAdam } from "./adam.ts";
import { recordChunks } from "./chunks.ts";
import { flat, recordNode } from "./flat.ts";
import { recordGradientNorm } from "./gradient_norm.ts";
import { recordLamb } from "./lamb.ts";
import type { LossScale } from "./loss_scale.ts";
import type { Moments } from "./moments.ts";

export { FIRST_SCALE, LARGEST_SCALE, LossScale, SCALE_WINDOW } from "./loss_scale.ts";
export { Moments } from "./moments.ts";

/** Added to the square root of the second moment, per rule. */
const DEFAULT_EPS = { lamb: 1e-6, adam: 1e-8 } as const;

/** How parameters are updated. */
export interface UpdateOptions {
  /** The rule. */
  readonly optimizer: {
    /** `lamb` decays the step by `weightDecay * p`, `adam` adds it to the gradient. */
    readonly kind: "lamb" | "adam";
    /** 0 for none. */
    readonly weightDecay: number;
    /** Decay of the moments; [0.9, 0.999] by default. */
    readonly betas?: readonly [number, number];
    /** 1e-6 for LAMB, 1e-8 for Adam by default. */
    readonly eps?: number;
    /**
     * Trust ratio of LAMB for a tensor whose weights or update have the norm 0; 1 by default. With
     * 0, as in the reference of 2019, tensors that start at zero never move.
     */
    readonly zeroRatio?: 0 | 1;
  };
  /** Largest L2 norm of all gradients together; Infinity for no limit. */
  readonly clip: number;
  /** What the gradients were scaled by, and the rule it follows; they are as they are without. */
  readonly lossScale?: LossScale;
  /** Learning rate. */
  readonly lr: Scalar;
  /** `1 - beta1^t` at step t = 1, 2, ..., for Adam; LAMB ignores it. */
  readonly biasCorrection1: Scalar;
  /** `1 - beta2^t`. */
  readonly biasCorrection2: Scalar;
}

/** What an update reports, on the device. */
export type UpdateResult = {
  /** [1]: L2 norm of all gradients before clipping, without the loss scale. */
  readonly gradNorm: Tensor;
  /** [1]: 1 when the parameters were updated, 0 when a gradient was not finite. */
  readonly applied: Tensor;
  /** [1]: loss scale of the next step; 1 without one. */
  readonly lossScale: Tensor;
};

/**
 * Records the update of every parameter of `store` from its gradients, then clears the gradients.
 * When a gradient is not finite, weights and moments keep every bit; a dynamic loss scale is halved.
 * Half weights are rounded from the masters in the same launch. Norms of LAMB are those of
 * logical tensors, whatever parameters they are packed into.
 *
 * @throws {TypeError} when the store was sealed without gradients
 * @example
 * ```ts
 * import { Moments, recordUpdate } from "@transformer-xl/kernels";
 * import { ParameterStore, ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using store = new ParameterStore();
 * store.param("w", [2], { kind: "constant", value: 0 });
 * store.allocate(device, { gradients: true });
 * using moments = new Moments(device, store);
 * using plan = await device.plan("update", (rec) => {
 *   const lr = rec.scalar("lr");
 *   const biasCorrection1 = rec.scalar("1 - beta1^t");
 *   const biasCorrection2 = rec.scalar("1 - beta2^t");
 *   const { gradNorm, applied } = recordUpdate(rec, store, moments, {
 *     optimizer: { kind: "adam", weightDecay: 0 },
 *     clip: 0.25,
 *     lr,
 *     biasCorrection1,
 *     biasCorrection2,
 *   });
 *   return { inputs: { lr, biasCorrection1, biasCorrection2 }, outputs: { gradNorm, applied } };
 * });
 * device.write(store.buffers[0]!.gradients!, 0, Float64Array.of(3, 4));
 * plan.run({ lr: 0.1, biasCorrection1: 1 - 0.9, biasCorrection2: 1 - 0.999 });
 * const { gradNorm, applied } = await plan.read("gradNorm", "applied");
 * assertEquals([gradNorm[0], applied[0]], [5, 1]);
 * ```
 */
export function recordUpdate(
  rec: Recorder,
  store: ParameterStore,
  moments: Moments,
  options: UpdateOptions,
): UpdateResult {
  const gradients = gradientsOf(store);
  const { kind, weightDecay, betas = [0.9, 0.999], eps = DEFAULT_EPS[kind] } = options.optimizer;
  const { zeroRatio = 1 } = options.optimizer;
  return rec.scope("update", () => {
    const chunks = recordChunks(rec, store);
    const one = rec.constant("no loss scale", [1], "f32", Float32Array.of(1));
    const norm = recordGradientNorm(rec, chunks, options.clip, options.lossScale?.state ?? one);
    const rates = { betas, eps, decay: weightDecay, rate: options.lr };
    switch (kind) {
      case "lamb":
        recordLamb(rec, chunks, moments, norm, rates, zeroRatio);
        break;
      case "adam": {
        const corrections = [options.biasCorrection1, options.biasCorrection2] as const;
        recordAdam(rec, chunks, moments, norm, rates, corrections);
        break;
      }
      default:
        throw new TypeError(`Cannot record optimizer ${kind satisfies never}: it has no update`);
    }
    recordNode(rec, "clear_gradients", { flops: 0, bytes: chunks.gradientBytes }, () => {
      for (const storage of gradients) rec.clear(flat(storage));
    });
    const lossScale = options.lossScale?.recordFollow(rec, norm.applied) ?? one;
    return { gradNorm: norm.norm, applied: norm.applied, lossScale };
  });
}
