/**
 * The matrix products of attention and their operand slices.
 *
 * Rows of q, kv and out are time-major (row i * B + b) with the heads side by side, so one batch
 * column and head is a strided matrix: {@link Slices} says where. What is read many times is packed
 * first, since rows a power of two apart fall into one set of a CPU's cache. Positions do not depend
 * on the batch column: their products take all Q * B rows of a head at once, and scores by position
 * lie as [N, Q, B, K] beside scores by key as [B, N, Q, K].
 *
 * @module
 */
import type { Recorder, Tensor } from "@transformer-xl/runtime/core";
import { type BatchStrides, launchMatmul } from "../matmul/launch.ts";
import { launchSumRows } from "../sum_rows/mod.ts";
import type { Geometry } from "./geometry.ts";

/** One matrix [rows, H] for every batch column and head, inside a tensor. */
export interface Slices {
  /** Where they lie. */
  readonly tensor: Tensor;
  /** First element of the first one. */
  readonly offset: number;
  /** Elements between rows. */
  readonly row: number;
  /** Elements between batch columns, and between heads. */
  readonly batch: BatchStrides;
}

/** Slices of q, out and their cotangents, [rows, B, N, H]. */
export function timeMajor({ B, N, H }: Geometry, tensor: Tensor): Slices {
  return { tensor, offset: 0, row: B * N * H, batch: [N * H, H] };
}

/** Slices of keys or values in kv, [K, B, 2, N, H]. */
export function blockOf({ B, N, H }: Geometry, tensor: Tensor, block: Block): Slices {
  const C = N * H;
  return { tensor, offset: block === "keys" ? 0 : C, row: 2 * B * C, batch: [2 * C, H] };
}

/** Contiguous slices, [B, N, rows, H]. */
export function packed({ N, H }: Geometry, tensor: Tensor, rows: number): Slices {
  return { tensor, offset: 0, row: H, batch: [N * rows * H, rows * H] };
}

/** The part of a row of kv that is meant. */
export type Block = "keys" | "values";

/** w[b, n, i, j] = alpha * x[b, n, i] . y[b, n, j]. */
export function dotRows(
  rec: Recorder,
  { B, N, H, Q, K }: Geometry,
  { x, y, w }: { readonly x: Slices; readonly y: Slices; readonly w: Tensor },
  alpha: number,
): void {
  launchMatmul(rec, {
    form: "NT",
    a: x.tensor,
    b: y.tensor,
    c: w,
    M: Q,
    N: K,
    K: H,
    lda: x.row,
    ldb: y.row,
    aOffset: x.offset,
    bOffset: y.offset,
    batch: { outer: B, inner: N, a: x.batch, b: y.batch, c: [N * Q * K, Q * K] },
    alpha,
  });
}

/** x[b, n, i] = sum_j w[b, n, i, j] * y[b, n, j]. */
export function mixRows(
  rec: Recorder,
  { B, N, H, Q, K }: Geometry,
  { w, x, y }: { readonly w: Tensor; readonly x: Slices; readonly y: Slices },
): void {
  launchMatmul(rec, {
    form: "NN",
    a: w,
    b: y.tensor,
    c: x.tensor,
    M: Q,
    N: H,
    K,
    ldb: y.row,
    ldc: x.row,
    bOffset: y.offset,
    cOffset: x.offset,
    batch: { outer: B, inner: N, a: [N * Q * K, Q * K], b: y.batch, c: x.batch },
  });
}

/** y[b, n, j] = sum_i w[b, n, i, j] * x[b, n, i]. */
export function scatter(
  rec: Recorder,
  { B, N, H, Q, K }: Geometry,
  { w, x, y }: { readonly w: Tensor; readonly x: Slices; readonly y: Slices },
): void {
  launchMatmul(rec, {
    form: "TN",
    a: w,
    b: x.tensor,
    c: y.tensor,
    M: K,
    N: H,
    K: Q,
    ldb: x.row,
    ldc: y.row,
    bOffset: x.offset,
    cOffset: y.offset,
    batch: { outer: B, inner: N, a: [N * Q * K, Q * K], b: x.batch, c: y.batch },
  });
}

/** w[n, i, b, p] = alpha * x[n, i, b] . r[p, n]. */
export function dotWithPositions(
  rec: Recorder,
  { B, N, H, Q, K }: Geometry,
  { x, r, w }: { readonly x: Tensor; readonly r: Tensor; readonly w: Tensor },
  alpha: number,
): void {
  launchMatmul(rec, {
    form: "NT",
    a: x,
    b: r,
    c: w,
    M: Q * B,
    N: K,
    K: H,
    ldb: N * H,
    batch: { outer: 1, inner: N, a: [0, Q * B * H], b: [0, H], c: [0, Q * B * K] },
    alpha,
  });
}

/** x[i, b, n] = sum_p w[n, i, b, p] * r[p, n]: time-major, unlike x elsewhere. */
export function mixPositions(
  rec: Recorder,
  { B, N, H, Q, K }: Geometry,
  { w, r, x }: { readonly w: Tensor; readonly r: Tensor; readonly x: Tensor },
): void {
  launchMatmul(rec, {
    form: "NN",
    a: w,
    b: r,
    c: x,
    M: Q * B,
    N: H,
    K,
    ldb: N * H,
    ldc: N * H,
    batch: { outer: 1, inner: N, a: [0, Q * B * K], b: [0, H], c: [0, H] },
  });
}

/**
 * dr[p, n] = sum_{i, b} w[n, i, b, p] * x[n, i, b]: few outputs, long sums. So that a GPU has enough
 * tiles, the rows are cut into equal parts, summed apart, and the parts added in order.
 */
export function scatterPositions(
  rec: Recorder,
  { B, N, H, Q, K }: Geometry,
  { w, x, dr }: { readonly w: Tensor; readonly x: Tensor; readonly dr: Tensor },
): void {
  const C = N * H;
  const parts = partsOf(rec, Q * B, K * C);
  const rows = Q * B / parts;
  const sums = parts === 1 ? dr : rec.temporary([parts, K * C], "f32", "attention.partial dr");
  launchMatmul(rec, {
    form: "TN",
    a: w,
    b: x,
    c: sums,
    M: K,
    N: H,
    K: rows,
    ldc: C,
    batch: {
      outer: parts,
      inner: N,
      a: [rows * K, Q * B * K],
      b: [rows * H, Q * B * H],
      c: [K * C, H],
    },
  });
  if (parts > 1) launchSumRows(rec, sums, dr);
}

const SHORTEST_PART = 256;
const SUM_COLUMNS_PER_WORKGROUP = 32;

function partsOf(rec: Recorder, rows: number, sums: number): number {
  const { adapterClass, maxWorkgroups } = rec.limits;
  if (adapterClass === "cpu" || sums > maxWorkgroups * SUM_COLUMNS_PER_WORKGROUP) return 1;
  return [8, 4, 2].find((parts) => rows % parts === 0 && rows / parts >= SHORTEST_PART) ?? 1;
}
