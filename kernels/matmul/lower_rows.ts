/**
 * Cotangents of a product along rows whose left operand has rows that take no part above the others.
 *
 * @module
 */
import { bytesOf, type Recorder, type Tensor } from "@transformer-xl/runtime/core";
import { launchMatmul } from "./launch.ts";

/** c = a[from ..] b^T and its cotangent. */
export interface LowerRows {
  /** [R, K]. */
  readonly a: Tensor;
  /** [N, K]. */
  readonly b: Tensor;
  /** [R - from, N]. */
  readonly dc: Tensor;
  /** The first row of `a` that is multiplied. */
  readonly from: number;
}

/**
 * Records the cotangent of `a`: into the lower rows of what has reached it already where `sum` is given,
 * else anew, with zeros above.
 *
 * @returns the cotangent; undefined where it was added to `sum`
 */
export function recordLowerRows(
  rec: Recorder,
  { a, b, dc, from }: LowerRows,
  sum: Tensor | undefined,
): Tensor | undefined {
  const [M, N] = dc.shape as [number, number];
  const K = a.shape[1]!;
  const c = sum ?? rec.temporary(a.shape, dc.dtype, "matmul.c");
  if (sum === undefined) rec.clear(c);
  const cost = { flops: 2 * M * N * K, bytes: bytesOf(dc, b, c) };
  const work = { inputs: { dc, b }, ...(sum ? {} : { outputs: { c } }), cost };
  const accumulate = sum !== undefined;
  rec.node(
    "matmul_gradient",
    work,
    () =>
      launchMatmul(rec, { form: "NN", a: dc, b, c, M, N: K, K: N, cOffset: from * K, accumulate }),
  );
  return sum === undefined ? c : undefined;
}

/** Records the cotangent of `b`: see {@link recordLowerRows}. */
export function recordLowerWeights(
  rec: Recorder,
  { a, b, dc, from }: LowerRows,
  sum: Tensor | undefined,
): Tensor | undefined {
  const [M, N] = dc.shape as [number, number];
  const K = a.shape[1]!;
  const c = sum ?? rec.temporary(b.shape, dc.dtype, "matmul.c");
  const cost = { flops: 2 * M * N * K, bytes: bytesOf(dc, dc, c) };
  const work = { inputs: { dc, a }, ...(sum ? {} : { outputs: { c } }), cost };
  const accumulate = sum !== undefined;
  rec.node(
    "matmul_gradient",
    work,
    () =>
      launchMatmul(rec, {
        form: "TN",
        a: dc,
        b: a,
        c,
        M: N,
        N: K,
        K: M,
        bOffset: from * K,
        accumulate,
      }),
  );
  return sum === undefined ? c : undefined;
}
