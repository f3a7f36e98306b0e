/**
 * One optimizer step over all parameters of a store: gradient norm, clipping, the test for
 * gradients that are not finite, and the update of the optimizer.
 *
 * @module
 */
import {
  type Covers,
  gradientsOf,
  type ParameterStore,
  type Recorder,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { recordAgreement, recordGradientNorm } from "./clip/mod.ts";
import { recordChunks } from "./flat/chunks.ts";
import { flat } from "./flat/flat.ts";
import type { LossScale } from "./loss_scale/mod.ts";
import type { Optimizer } from "./optimizer.ts";

/** What surrounds the optimizer in an update. */
export interface UpdateOptions {
  /** Largest L2 norm of all gradients together; Infinity for no limit. */
  readonly clip: number;
  /** Parameters whose gradients the norm counts and the limit scales; all by default. */
  readonly clips?: Covers;
  /** What the gradients were scaled by, and the rule it follows; they are as they are without. */
  readonly lossScale?: LossScale;
}

/** A recorded update: its host inputs and its results on the device. */
export interface UpdateResult {
  /** Scalars of {@link Optimizer.scalars}, by name. */
  readonly inputs: Readonly<Record<string, Scalar>>;
  /** What the update reports. */
  readonly outputs: {
    /** [1]: L2 norm of the gradients that are clipped, before it, without the loss scale. */
    readonly gradNorm: Tensor;
    /** [1]: 1 when the parameters were updated, 0 when a gradient was not finite. */
    readonly applied: Tensor;
    /** [1]: loss scale of the next step; 1 without one. */
    readonly lossScale: Tensor;
  };
}

/**
 * Records the update of every parameter of `store` from its gradients, then clears the gradients.
 * When a gradient is not finite, weights and states keep every bit; a dynamic loss scale is halved.
 * Half weights are rounded from the masters in the same launch. Norms of LAMB are those of
 * parameters, however they are packed.
 *
 * @throws {TypeError} when the store was allocated without gradients
 * @example
 * ```ts
 * import { openOptimizer, recordUpdate } from "@transformer-xl/kernels";
 * import { ParameterStore, ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using store = new ParameterStore();
 * store.param("w", [2], { kind: "constant", value: 0 });
 * store.allocate(device, { gradients: true });
 * using optimizer = openOptimizer(device, store, { kind: "adam" });
 * using plan = await device.plan(
 *   "update",
 *   (rec) => recordUpdate(rec, store, optimizer, { clip: 0.25 }),
 * );
 * device.write(store.buffers[0]!.gradients!, 0, Float64Array.of(3, 4));
 * plan.run(optimizer.scalars(1, 0.1));
 * const { gradNorm, applied } = await plan.read("gradNorm", "applied");
 * assertEquals([gradNorm[0], applied[0]], [5, 1]);
 * ```
 */
export function recordUpdate(
  rec: Recorder,
  store: ParameterStore,
  optimizer: Optimizer,
  options: UpdateOptions,
): UpdateResult {
  const gradients = gradientsOf(store);
  const inputs = Object.fromEntries(
    Object.keys(optimizer.scalars(1, 0)).map((name) => [name, rec.scalar(name)]),
  );
  return rec.scope("update", () => {
    const { clip, clips = () => true } = options;
    const chunks = recordChunks(rec, store, clips);
    const others = options.clips && recordChunks(rec, store, (each) => !options.clips!(each));
    const one = rec.constant("no loss scale", [1], "f32", Float32Array.of(1));
    const scale = options.lossScale?.state ?? one;
    const norm = recordGradientNorm(rec, chunks, clip, scale);
    if (others !== undefined && others.count > 0) {
      const free = recordGradientNorm(rec, others, Infinity, scale);
      recordAgreement(rec, norm, free);
      optimizer.record(rec, others, free, inputs);
    }
    optimizer.record(rec, chunks, norm, inputs);
    const cost = { flops: 0, bytes: chunks.gradientBytes + (others?.gradientBytes ?? 0) };
    rec.node("clear_gradients", { cost }, () => {
      for (const storage of gradients) rec.clear(flat(storage));
    });
    const lossScale = options.lossScale?.recordFollow(rec, norm.applied) ?? one;
    return { inputs, outputs: { gradNorm: norm.norm, applied: norm.applied, lossScale } };
  });
}
