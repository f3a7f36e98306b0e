/**
 * The launches of attention that are not matrix products.
 *
 * @module
 */
import {
  type Kernel,
  launchElementwise,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { type ItemWidth, itemWidth } from "../shared/items/item_width.ts";
import { rowLanes } from "../shared/row_lanes.ts";
import { type Partials, reservePartials, SUM_BLOCK } from "../sum_rows/column_sums.ts";
import type { Geometry } from "./geometry.ts";
import {
  ADD_BIASES,
  ADD_DISTANCE_BIAS,
  DISTANCE_BIAS_GRADIENT,
  PACK_HEADS,
  PLAIN_SOFTMAX,
  PLAIN_SOFTMAX_BACKWARD,
  SOFTMAX,
  SOFTMAX_BACKWARD,
} from "./kernels.ts";

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

/**
 * The keys, [B, N, K, H]: all queries read them, and rows a power of two apart fall into one set of a
 * CPU's cache.
 */
export function packedKeys(rec: Recorder, geometry: Geometry, kv: Tensor): Tensor {
  const { B, N, H, K } = geometry;
  const keys = rec.temporary([B, N, K, H], kv.dtype, "attention.keys");
  launchPackHeads(rec, geometry, { x: kv, y: keys }, 0);
  return keys;
}

/** Runs of 8 elements, the last one shorter, that make up a head. */
function runsOf(H: number): number {
  return Math.ceil(H / 8);
}

/** Partial sums of both terms of the queries' cotangent, which are those of the biases of the queries. */
export type BiasPartials = Readonly<Record<"contentBias" | "positionBias", Partials>>;

/**
 * dq, [Q * B, N * H], from its terms, and the partial sums of both over blocks of rows.
 *
 * @param kernels made by `queryKernels`
 */
export function launchQueryCotangent(
  rec: Recorder,
  kernels: Readonly<Record<ItemWidth, Kernel>>,
  dq: Tensor,
  terms: Readonly<Record<string, Tensor>>,
  sizes: Sizes = {},
): BiasPartials {
  const [rows, C] = dq.shape as [number, number];
  const width = itemWidth(C);
  const contentBias = reservePartials(rec, rows, C);
  const positionBias = reservePartials(rec, rows, C);
  const columns = C / width;
  const [u_at, s_at] = [contentBias.at / width, positionBias.at / width];
  rec.launch({
    kernel: kernels[width],
    operands: { ...terms, dq, partials: positionBias.memory },
    scalars: { ...sizes, rows, columns, block: SUM_BLOCK, u_at, s_at },
    threads: [columns, contentBias.blocks],
  });
  return { contentBias, positionBias };
}

/** x[n, i, b, p] += scale * bias[p, n], in place. */
export function launchAddDistanceBias(
  rec: Recorder,
  { Q, B, N, K, scale }: Geometry,
  operands: { readonly bias: Tensor; readonly x: Tensor },
): void {
  launchElementwise(rec, ADD_DISTANCE_BIAS, operands, operands.x.size, { R: Q * B, N, K, scale });
}

/** db[p, n] = the sum of dx[n, i, b, p] over i and b. */
export function launchDistanceBiasGradient(
  rec: Recorder,
  { Q, B, N, K }: Geometry,
  operands: { readonly dx: Tensor; readonly db: Tensor },
): void {
  const scalars = { R: Q * B, N, K };
  rec.launch({ kernel: DISTANCE_BIAS_GRADIENT, operands, scalars, threads: [K, N] });
}

/**
 * p = softmax of the visible p, plus shifted x if given, in place; a sum of halves is never rounded.
 */
export function launchSoftmax(
  rec: Recorder,
  g: Geometry,
  { x, p }: { readonly x: Tensor | undefined; readonly p: Tensor },
): void {
  const constants = { STORE_SCORES: x !== undefined && p.dtype === "f32" ? 1 : 0 };
  if (x === undefined) launchRows(rec, PLAIN_SOFTMAX, g, { p }, { constants });
  else launchRows(rec, SOFTMAX, g, { x, p }, { constants });
}

/** ds, and dx if given, from the cotangent of p, the initial content of `ds`. */
export function launchSoftmaxBackward(
  rec: Recorder,
  g: Geometry,
  { dx, ...operands }: {
    readonly p: Tensor;
    readonly out: Tensor;
    readonly d_out: Tensor;
    readonly ds: Tensor;
    readonly dx: Tensor | undefined;
  },
): void {
  const scalars = { H: g.H, scale: g.scale };
  if (dx === undefined) launchRows(rec, PLAIN_SOFTMAX_BACKWARD, g, operands, { scalars });
  else launchRows(rec, SOFTMAX_BACKWARD, g, { ...operands, dx }, { scalars });
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
