/**
 * Layer norm over the last axis, with the residual sum before it in the same pass:
 *
 *     z = x + residual,  y = gain * (z - mean) * rstd + bias       (biased variance, two passes)
 *     dz = rstd * (g - mean(g) - xhat * mean(g * xhat)),  g = dy * gain,  xhat = (z - mean) * rstd
 *     dx = dresidual = dz,  dgain = sum over rows of dy * xhat,  dbias = sum over rows of dy
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
import { accumulateSumRows, sumRows } from "../sum_rows/mod.ts";
import { rowLanes } from "../shared/row_lanes.ts";
import { BACKWARD, GAIN_PARTIALS, PLAIN, RESIDUAL } from "./kernels.ts";

/** Options of {@link layerNorm}. */
export interface LayerNormOptions {
  /** [R, D], added to x before normalising. */
  readonly residual?: Tensor;
  /** Added to the variance, 1e-5 by default. */
  readonly eps?: number;
}

/** Rows of one partial sum of the gradients of gain and bias. */
const BLOCK = 64;

type In = {
  readonly x: Tensor;
  readonly residual: Tensor | undefined;
  readonly gain: Tensor;
  readonly bias: Tensor;
};
type Out = { readonly y: Tensor; readonly stats: Tensor; readonly z?: Tensor };

const backwardOp = defineOp<
  { dy: Tensor; z: Tensor; gain: Tensor; stats: Tensor },
  { dz: Tensor },
  Record<string, never>
>({
  name: "layer_norm_backward",
  infer: ({ z }) => ({ dz: like(z) }),
  forward(rec, { dy, z, gain, stats }, { dz }) {
    const [rows, columns] = z.shape as [number, number];
    const lanes = rowLanes(rec.limits);
    rec.launch({
      kernel: BACKWARD,
      operands: { dy, z, gain, stats, dz },
      constants: { ...lanes },
      scalars: { rows, columns },
      threads: rows * lanes.LANES,
    });
  },
  cost: ({ dy, z, gain, stats }) => ({
    flops: 12 * z.size,
    bytes: bytesOf(dy, z, gain, stats, z),
  }),
});

const gainOp = defineOp<
  { dy: Tensor; z: Tensor; stats: Tensor },
  { dgain: Tensor; dbias: Tensor },
  Record<string, never>
>({
  name: "layer_norm_gain",
  infer({ z }) {
    const [rows, columns] = z.shape as [number, number];
    const partial = f32([Math.ceil(rows / BLOCK), columns]);
    return { dgain: partial, dbias: partial };
  },
  forward(rec, { dy, z, stats }, { dgain, dbias }) {
    const [rows, columns] = z.shape as [number, number];
    rec.launch({
      kernel: GAIN_PARTIALS,
      operands: { dy, z, stats, dgain, dbias },
      scalars: { rows, columns, block: BLOCK },
      threads: [Math.ceil(columns / 4), Math.ceil(rows / BLOCK)],
    });
  },
  cost: ({ dy, z, stats }) => ({ flops: 5 * z.size, bytes: bytesOf(dy, z, stats) }),
});

const op = defineOp<In, Out, { readonly eps: number }>({
  name: "layer_norm",
  infer(inputs) {
    const { R } = dims({ x: "R D", residual: "R D", gain: "D", bias: "D" }, inputs);
    const y = like(inputs.x);
    return { y, stats: f32([R, 2]), ...(inputs.residual && { z: y }) };
  },
  forward(rec, { x, residual, gain, bias }, { y, stats, z }, { eps }) {
    const [rows, columns] = x.shape as [number, number];
    const lanes = rowLanes(rec.limits);
    rec.launch({
      kernel: residual ? RESIDUAL : PLAIN,
      operands: { x, gain, bias, y, stats, ...(residual && { residual, z: z! }) },
      constants: { ...lanes },
      scalars: { rows, columns, eps },
      threads: rows * lanes.LANES,
    });
  },
  vjp(rec, { inputs: { x, gain }, outputs: { stats, z = x }, wants, gradients }, { y: dy }) {
    if (dy === undefined) return {};
    const dz = wants("x") || wants("residual")
      ? backwardOp(rec, { dy, z, gain, stats }, {}).dz
      : undefined;
    if (!wants("gain") && !wants("bias")) return { x: dz, residual: dz };
    const partials = gainOp(rec, { dy, z, stats }, {});
    const total = (name: "gain" | "bias", partial: Tensor) => {
      if (!wants(name)) return undefined;
      if (gradients[name] === undefined) return sumRows(rec, partial);
      accumulateSumRows(rec, gradients[name], partial);
      return undefined;
    };
    const dgain = total("gain", partials.dgain);
    return { x: dz, residual: dz, gain: dgain, bias: total("bias", partials.dbias) };
  },
  cost: ({ x, residual, gain, bias }) => ({
    flops: 8 * x.size,
    bytes: bytesOf(x, residual, gain, bias, x, residual),
  }),
});

/**
 * `gain * (z - mean) * rstd + bias` of every row of `z = x + residual`; x is [R, D].
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
  { residual, eps = 1e-5 }: LayerNormOptions = {},
): Tensor {
  return op(rec, { x, residual, gain, bias }, { eps }).y;
}
