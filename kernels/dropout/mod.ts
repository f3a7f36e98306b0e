/**
 * Inverted dropout: y = x * keep / (1 - rate), dx = dy * keep / (1 - rate).
 *
 * The mask is a function of (seed, site, step, stream, element), so nothing is stored: backward draws
 * it again. A draw has 16 bits, so the rate that is drawn is round(65536 rate) / 65536 (0.1 becomes
 * 0.100006); the scale is 1 / (1 - rate) with the given rate.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  like,
  type Recorder,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { GIVEN, PHILOX } from "./kernels.ts";
import { maskScalars, type PhiloxMask } from "../shared/dropout/mask.ts";

/** Where the mask comes from. */
export type DropoutMask =
  | PhiloxMask
  | {
    readonly kind: "given";
    /** u32, 1 = kept, one per element in the order of x. */
    readonly keep: Tensor;
  };

/** A dropout: how much, and which elements. */
export interface Dropout {
  /** Probability to drop, 0 <= rate < 1; at 0 nothing is recorded. */
  readonly rate: number;
  /** Which elements. */
  readonly mask: DropoutMask;
}

/**
 * Refuses a dropout that cannot be recorded for `count` elements of `x`.
 *
 * @throws {RangeError} unless 0 < rate < 1: for a rate of 0, use `x`
 * @throws {ShapeError} when a given mask has another size
 */
export function assertDropout(
  { rate, mask }: Dropout,
  count: number,
  x: { readonly label: string; readonly shape: readonly number[] },
): void {
  if (!(rate > 0 && rate < 1)) {
    throw new RangeError(`Cannot record a dropout: rate is ${rate}, expected 0 < rate < 1`);
  }
  if (mask.kind === "given" && mask.keep.size !== count) {
    const { label, shape } = mask.keep;
    throw new ShapeError(
      `Cannot record a dropout of "${x.label}" [${x.shape}]: "${label}" is [${shape}]`,
    );
  }
}

/**
 * Records `y = x * keep / (1 - rate)` for ops that contain a dropout; backward is the same launch
 * on the cotangent. `x` and `y` are different buffers.
 *
 * @throws {RangeError} unless 0 < rate < 1: for a rate of 0, use `x`
 * @throws {ShapeError} when x, y and a given mask differ in size
 */
export function launchDropout(rec: Recorder, x: Tensor, y: Tensor, dropout: Dropout): void {
  const { rate, mask } = dropout;
  const count = x.size;
  assertDropout(dropout, count, x);
  if (y.size !== count) {
    throw new ShapeError(
      `Cannot record a dropout of "${x.label}" [${x.shape}]: "${y.label}" is [${y.shape}]`,
    );
  }
  if (mask.kind === "given") {
    rec.launch({
      kernel: GIVEN,
      operands: { x, keep: mask.keep, y },
      scalars: { count, factor: 1 / (1 - rate) },
      threads: count,
    });
    return;
  }
  rec.launch({
    kernel: PHILOX,
    operands: { x, y },
    scalars: { count, ...maskScalars(mask, rate) },
    threads: Math.ceil(count / 8),
  });
}

type In = { readonly x: Tensor; readonly keep: Tensor | undefined };

const definition = {
  infer: ({ x }: In) => ({ y: like(x) }),
  forward: (rec: Recorder, { x }: In, { y }: { y: Tensor }, d: Dropout) =>
    launchDropout(rec, x, y, d),
  cost: ({ x, keep }: In) => ({ flops: x.size, bytes: bytesOf(x, x, keep) }),
};

const backwardOp = defineOp<In, { y: Tensor }, Dropout>({
  name: "dropout_backward",
  ...definition,
});

const op = defineOp<In, { y: Tensor }, Dropout>({
  name: "dropout",
  ...definition,
  vjp: (rec, { inputs: { keep }, attrs }, { y: dy }) => ({
    x: dy && backwardOp(rec, { x: dy, keep }, attrs).y,
  }),
});

/**
 * `x * keep / (1 - rate)`, elementwise. At rate 0 this is `x` itself and nothing is recorded.
 *
 * @throws {RangeError} unless 0 <= rate < 1
 * @throws {ShapeError} when a given mask has another size than `x`
 * @example
 * ```ts
 * import { dropout } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("dropout", (rec) => {
 *   const x = rec.input("x", [4], "f32");
 *   const keep = rec.input("keep", [4], "u32");
 *   const y = dropout(rec, x, { rate: 0.5, mask: { kind: "given", keep } });
 *   return { inputs: { x, keep }, outputs: { y } };
 * });
 * plan.run({ x: Float32Array.of(1, 2, 3, 4), keep: Uint32Array.of(1, 0, 0, 1) });
 * assertEquals([...(await plan.read("y")).y], [2, 0, 0, 8]);
 * ```
 */
export function dropout(rec: Recorder, x: Tensor, d: Dropout): Tensor {
  if (d.rate === 0) return x;
  return op(rec, { x, keep: d.mask.kind === "given" ? d.mask.keep : undefined }, d).y;
}
