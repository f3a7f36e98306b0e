/**
 * Layer norm over the last axis, with the residual sum and a dropout before it in the same pass:
 *
 *     z = drop(x) + residual,  y = gain * (z - mean) * rstd + bias (biased variance, two passes)
 *     dz = rstd * (g - mean(g) - xhat * mean(g * xhat)),  g = dy * gain,  xhat = (z - mean) * rstd
 *     dresidual = dz,  dx = drop(dz),  dgain = sum over rows of dy * xhat,  dbias = sum over rows of dy
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  dims,
  f32,
  like,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { type Dropout, dropout as drop } from "../dropout/mod.ts";
import { gainGradients, normBackward } from "./backward.ts";
import { drawn, drawnInRows, EPS, itemsOf, launchRows, type PhiloxDropout } from "./launches.ts";

/** Options of {@link layerNorm}. */
export interface LayerNormOptions {
  /** [R, D], added to x before normalising. */
  readonly residual?: Tensor;
  /** Of x, before the residual is added. */
  readonly dropout?: Dropout | undefined;
  /** Added to the variance, 1e-5 by default. */
  readonly eps?: number;
}

type In = {
  readonly x: Tensor;
  readonly residual: Tensor | undefined;
  readonly gain: Tensor;
  readonly bias: Tensor;
};
type Out = { readonly y: Tensor; readonly stats: Tensor; readonly z?: Tensor };
type Attrs = {
  readonly eps: number;
  /** Of x, before the sum; drawn in the same pass. */
  readonly dropout?: PhiloxDropout | undefined;
};

const op = defineOp<In, Out, Attrs>({
  name: "layer_norm",
  infer(inputs) {
    const { R } = dims({ x: "R D", residual: "R D", gain: "D", bias: "D" }, inputs);
    const y = like(inputs.x);
    return { y, stats: f32([R, 2]), ...(inputs.residual && { z: y }) };
  },
  forward(rec, { x, residual, gain, bias }, { y, stats, z }, { eps, dropout }) {
    const { rows, columns, kernels } = itemsOf(x);
    launchRows(
      rec,
      dropout ? kernels.dropped : residual ? kernels.residual : kernels.plain,
      { x, gain, bias, y, stats, ...(residual && { residual, z: z! }) },
      { rows, columns, eps, ...drawn(dropout) },
    );
  },
  vjp(rec, site, { y: dy }) {
    const { inputs: { x, gain }, outputs: { stats, z = x }, attrs: { dropout }, wants } = site;
    if (dy === undefined) return {};
    const { dz, dx = dz } = wants("x") || wants("residual")
      ? normBackward(rec, { dy, z, gain, stats, skip: undefined }, { dropout })
      : {};
    return { x: dx, residual: dz, ...gainGradients(rec, { dy, z, stats }, site) };
  },
  cost: ({ x, residual, gain, bias }) => ({
    flops: 8 * x.size,
    bytes: bytesOf(x, residual, gain, bias, x, residual),
  }),
});

/**
 * `gain * (z - mean) * rstd + bias` of every row of `z = drop(x) + residual`; x is [R, D].
 *
 * @throws {ShapeError} when the sizes differ
 * @example
 * ```ts
 * import { layerNorm } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("norm", (rec) => {
 *   const x = rec.input("x", [1, 2], "f32");
 *   const gain = rec.input("gain", [2], "f32");
 *   const bias = rec.input("bias", [2], "f32");
 *   return { inputs: { x, gain, bias }, outputs: { y: layerNorm(rec, x, gain, bias, { eps: 0 }) } };
 * });
 * plan.run({ x: Float32Array.of(3, 7), gain: Float32Array.of(2, 2), bias: Float32Array.of(0, 1) });
 * const { y } = await plan.read("y");
 * assertAlmostEquals(y[0]!, -2);
 * assertAlmostEquals(y[1]!, 3);
 * ```
 */
export function layerNorm(
  rec: Recorder,
  x: Tensor,
  gain: Tensor,
  bias: Tensor,
  { residual, eps = EPS, dropout }: LayerNormOptions = {},
): Tensor {
  if (dropout === undefined || dropout.rate === 0) {
    return op(rec, { x, residual, gain, bias }, { eps }).y;
  }
  const drawn = residual && drawnInRows(x, dropout);
  return drawn === undefined
    ? op(rec, { x: drop(rec, x, dropout), residual, gain, bias }, { eps }).y
    : op(rec, { x, residual, gain, bias }, { eps, dropout: drawn }).y;
}
