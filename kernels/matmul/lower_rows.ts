/**
 * Cotangents of a product along rows whose left operand has rows that take no part above the others.
 *
 * @module
 */
import { bytesOf, type Recorder, type Tensor } from "@transformer-xl/runtime/core";
import { launchMatmul } from "./launch.ts";
import { recordGradient } from "./product.ts";

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

/** Records the cotangent of `a`, zero above the lower rows. See {@link recordGradient}. */
export function recordLowerRows(
  rec: Recorder,
  { a, b, dc, from }: LowerRows,
  sum: Tensor | undefined,
): Tensor | undefined {
  const [M, N] = dc.shape as [number, number];
  const K = a.shape[1]!;
  const fresh = () => {
    const c = rec.temporary(a.shape, dc.dtype, "matmul.c");
    rec.clear(c);
    return c;
  };
  const cost = { flops: 2 * M * N * K, bytes: bytesOf(dc, b, a) };
  const launch = { form: "NN", a: dc, b, M, N: K, K: N, cOffset: from * K } as const;
  return recordGradient(
    rec,
    { inputs: { dc, b }, cost, sum, fresh },
    (to) => launchMatmul(rec, { ...launch, ...to }),
  );
}

/** Records the cotangent of `b`. See {@link recordGradient}. */
export function recordLowerWeights(
  rec: Recorder,
  { a, b, dc, from }: LowerRows,
  sum: Tensor | undefined,
): Tensor | undefined {
  const [M, N] = dc.shape as [number, number];
  const K = a.shape[1]!;
  const fresh = () => rec.temporary(b.shape, dc.dtype, "matmul.c");
  const cost = { flops: 2 * M * N * K, bytes: bytesOf(dc, dc, b) };
  const launch = { form: "TN", a: dc, b: a, M: N, N: K, K: M, bOffset: from * K } as const;
  return recordGradient(
    rec,
    { inputs: { dc, a }, cost, sum, fresh },
    (to) => launchMatmul(rec, { ...launch, ...to }),
  );
}
