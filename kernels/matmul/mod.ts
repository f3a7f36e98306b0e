/**
 * Matrix multiplication with bias and ReLU epilogues, and its derivative.
 *
 *     c = relu?(op(a) . op(b) + bias)
 *     da = dc . op(b)^T,  db = op(a)^T . dc,  dbias = sum over rows of dc
 *
 * @module
 */
import {
  defineOp,
  dims,
  like,
  type Recorder,
  type Scalar,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { reluBackward } from "../relu/mod.ts";
import { accumulateSumRows, sumRows } from "../sum_rows/mod.ts";
import {
  cotangentsOf,
  launchWholeProduct,
  PATTERNS,
  type Product,
  productCost,
  recordCotangent,
  type RowSpan,
} from "./product.ts";
import { recordLowerRows, recordLowerWeights } from "./lower_rows.ts";
import type { MatmulForm } from "./tiles/tile_plan.ts";

export {
  type BatchStrides,
  type Extent,
  launchMatmul,
  type MatmulLaunch,
  matmulProblem,
} from "./launch.ts";
export * from "./tiles/plans.ts";
export * from "./tiles/tile.ts";
export { tilePlanOf } from "./kernels.ts";

/** Rows of a matrix that are those of another tensor, as the last ones of [memory; x] are x. */
export interface SourceRows {
  /** [Rx, K]: the tensor they were copied from. */
  readonly of: Tensor;
  /** The first of them. */
  readonly from: number;
}

/** Options of {@link matmul}. */
export interface MatmulOptions {
  /** Read `a` as [K, M]. */
  readonly transposeA?: boolean;
  /** Read `b` as [N, K]: the layout of every linear layer, y = x W^T. */
  readonly transposeB?: boolean;
  /** [N], added to every row. */
  readonly bias?: Tensor;
  /** max(0, .) after the bias. */
  readonly relu?: boolean;
  /** Number of used rows of `a` and the result; the others are unchanged. */
  readonly rows?: Scalar;
  /**
   * The first row of `a` that is multiplied; with `transposeB`, and not with `transposeA`, `rows` or
   * `source`.
   */
  readonly from?: number;
  /**
   * Rows of `a` that alone have a gradient, which is that of the tensor they come from; the derivative
   * computes no others. Not with `transposeA` or `rows`.
   */
  readonly source?: SourceRows;
}

type In = {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly bias: Tensor | undefined;
  readonly source?: Tensor | undefined;
};
type Attrs = {
  readonly form: MatmulForm;
  readonly relu: boolean;
  readonly rows: Scalar | undefined;
  /** The first row of `a` that is the source's. */
  readonly sourceFrom?: number | undefined;
  /** The first row of `a` that is multiplied. */
  readonly from: number;
};

const op = defineOp<In, { c: Tensor }, Attrs>({
  name: "matmul",
  infer(inputs, { form, from }) {
    const { M, N } = dims(PATTERNS[form], inputs);
    return { c: like(inputs.a, [M - from, N]) };
  },
  forward(rec, { a, b, bias }, { c }, { form, relu, rows, from }) {
    const span = from > 0 ? { from, count: c.shape[0]! } : undefined;
    launchWholeProduct(rec, { form, a, b }, c, { relu, rows, bias, span });
  },
  vjp(
    rec,
    { inputs: { a, b, bias, source }, outputs: { c }, attrs, wants, gradients },
    grads,
  ) {
    const { form, relu, rows, sourceFrom = 0, from } = attrs;
    const dc = relu ? reluBackward(rec, c, grads.c!) : grads.c!;
    const { da, db } = cotangentsOf({ form, a, b }, dc);
    const addTo = (name: "a" | "b" | "source", of: Product, span?: RowSpan) =>
      wants(name) ? recordCotangent(rec, of, gradients[name], { rows, span }) : undefined;
    let dbias: Tensor | undefined;
    if (bias && wants("bias")) {
      if (gradients.bias) accumulateSumRows(rec, gradients.bias, dc, rows && { rows });
      else dbias = sumRows(rec, dc, rows && { rows });
    }
    if (from > 0) {
      const lower = { a, b, dc, from };
      return {
        a: wants("a") ? recordLowerRows(rec, lower, gradients.a) : undefined,
        b: wants("b") ? recordLowerWeights(rec, lower, gradients.b) : undefined,
        bias: dbias,
      };
    }
    return {
      ...(source
        ? { source: addTo("source", da, { from: sourceFrom, count: source.shape[0]! }) }
        : { a: addTo("a", da) }),
      b: addTo("b", db),
      bias: dbias,
    };
  },
  cost({ a, b, bias }, { form, rows, from }) {
    const span = from > 0 ? { from, count: a.shape[0]! - from } : undefined;
    return productCost({ form, a, b }, { bias, rows, span });
  },
});

/**
 * Matrix product, [M, K] x [K, N] -> [M, N].
 *
 * @throws {ShapeError} when the inner sizes differ, or the rows of `source` or `from` are not among those
 * of `a`
 */
export function matmul(rec: Recorder, a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, bias, relu = false, rows, source } = options;
  const { from = 0 } = options;
  if (transposeA && transposeB) {
    throw new ShapeError(
      "Cannot multiply: both operands are transposed; transpose the result instead",
    );
  }
  const form = transposeA ? "TN" : transposeB ? "NT" : "NN";
  if (source !== undefined) checkSource(a, source, transposeA || rows !== undefined);
  if (from > 0) checkFrom(a, from, form !== "NT" || rows !== undefined || source !== undefined);
  const attrs = { form, relu, rows, sourceFrom: source?.from, from } as const;
  return op(rec, { a, b, bias, source: source?.of }, attrs).c;
}

function checkFrom(a: Tensor, from: number, otherwise: boolean): void {
  if (!otherwise && from < a.shape[0]!) return;
  throw new ShapeError(
    `Cannot multiply "${a.label}" [${a.shape}] from row ${from} on: ` +
      (otherwise ? "its rows are summed, limited or another's" : "it has no such row"),
  );
}

function checkSource(a: Tensor, { of, from }: SourceRows, varies: boolean): void {
  const { R, Rx } = dims({ a: "R K", of: "Rx K" }, { a, of });
  if (!varies && from + Rx <= R) return;
  throw new ShapeError(
    `Cannot differentiate rows of "${a.label}" [${a.shape}] as "${of.label}" [${of.shape}]: ` +
      (varies ? "its rows are summed or limited" : `they begin at row ${from}`),
  );
}
