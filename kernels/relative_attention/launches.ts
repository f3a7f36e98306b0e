/**
 * The launches of relative attention that are not matrix products.
 *
 * @module
 */
import type { Kernel, Recorder, Tensor } from "@transformer-xl/runtime/core";
import { rowLanes } from "../shared/row_lanes.ts";
import type { Geometry } from "./geometry.ts";
import { ADD_BIASES, PACK_HEADS, SOFTMAX, SOFTMAX_BACKWARD } from "./kernels.ts";

type Sizes = Readonly<Record<string, number>>;

/**
 * content = q + u, [B, N, Q, H], and position = q + s, [N, Q, B, H]: the queries of content scores
 * and of position scores.
 */
export function launchAddBiases(
  rec: Recorder,
  { Q, B, N, H }: Geometry,
  operands: {
    readonly q: Tensor;
    readonly u: Tensor;
    readonly s: Tensor;
    readonly content: Tensor;
    readonly position: Tensor;
  },
): void {
  rec.launch({
    kernel: ADD_BIASES,
    operands,
    scalars: { Q, B, N, H, runs: runsOf(H) },
    threads: Q * B * N * runsOf(H),
  });
}

/** y = the heads that start at column `offset` of x, [T * B, width], one after the other. */
export function launchPackHeads(
  rec: Recorder,
  { B, N, H }: Geometry,
  operands: { readonly x: Tensor; readonly y: Tensor },
  offset: number,
): void {
  const [rows, width] = operands.x.shape as [number, number];
  rec.launch({
    kernel: PACK_HEADS,
    operands,
    scalars: { T: rows / B, B, N, H, runs: runsOf(H), width, offset },
    threads: rows * N * runsOf(H),
  });
}

/** Runs of 8 elements, the last one shorter, that make up a head. */
function runsOf(H: number): number {
  return Math.ceil(H / 8);
}

/** p = softmax of the visible p + shifted x, in place; a sum of halves is never rounded. */
export function launchSoftmax(
  rec: Recorder,
  g: Geometry,
  operands: { readonly x: Tensor; readonly p: Tensor },
): void {
  const constants = { STORE_SCORES: operands.p.dtype === "f32" ? 1 : 0 };
  launchRows(rec, SOFTMAX, g, operands, { constants });
}

/** ds and dx from the cotangent of p, the initial content of `ds`. */
export function launchSoftmaxBackward(
  rec: Recorder,
  g: Geometry,
  operands: {
    readonly p: Tensor;
    readonly out: Tensor;
    readonly d_out: Tensor;
    readonly ds: Tensor;
    readonly dx: Tensor;
  },
): void {
  launchRows(rec, SOFTMAX_BACKWARD, g, operands, { scalars: { H: g.H, scale: g.scale } });
}

/** One launch over all B * N * Q rows. */
function launchRows(
  rec: Recorder,
  rowKernel: Kernel,
  { B, N, Q, K, M, validMemory, maxDistance }: Geometry,
  operands: Readonly<Record<string, Tensor>>,
  { constants, scalars }: { readonly constants?: Sizes; readonly scalars?: Sizes },
): void {
  const lanes = rowLanes(rec.limits);
  rec.launch({
    kernel: rowKernel,
    operands,
    constants: { ...lanes, ...constants },
    scalars: { rows: B * N * Q, B, N, Q, K, M, validMemory, maxDistance, ...scalars },
    threads: B * N * Q * lanes.LANES,
  });
}
