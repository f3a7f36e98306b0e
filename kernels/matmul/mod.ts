/**
 * Matrix multiplication with bias and ReLU epilogues, and its derivative.
 *
 *     c = relu?(op(a) . op(b) + bias)
 *     da = dc . op(b)^T,  db = op(a)^T . dc,  dbias = sum over rows of dc
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  type Cost,
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
import { type Extent, launchMatmul } from "./launch.ts";
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
}

type In = { readonly a: Tensor; readonly b: Tensor; readonly bias: Tensor | undefined };
type Attrs = {
  readonly form: MatmulForm;
  readonly relu: boolean;
  readonly rows: Scalar | undefined;
};

const PATTERNS = {
  NN: { a: "M K", b: "K N", bias: "N" },
  NT: { a: "M K", b: "N K", bias: "N" },
  TN: { a: "K M", b: "K N", bias: "N" },
} as const;

const op = defineOp<In, { c: Tensor }, Attrs>({
  name: "matmul",
  infer(inputs, { form }) {
    const { M, N } = dims(PATTERNS[form], inputs);
    return { c: like(inputs.a, [M, N]) };
  },
  forward(rec, inputs, { c }, { form, relu, rows }) {
    record(rec, form, inputs.a, inputs.b, c, { relu, rows, bias: inputs.bias });
  },
  vjp(
    rec,
    { inputs: { a, b, bias }, outputs: { c }, attrs: { form, relu, rows }, wants, gradients },
    grads,
  ) {
    const dc = relu ? reluBackward(rec, c, grads.c!) : grads.c!;
    const limit = { rows };
    // Each pair: the form and operands whose product is the cotangent.
    const products: Record<MatmulForm, readonly [Product, Product]> = {
      NN: [["NT", dc, b], ["TN", a, dc]],
      NT: [["NN", dc, b], ["TN", dc, a]],
      TN: [["NT", b, dc], ["NN", a, dc]],
    };
    const [da, db] = products[form];
    let dbias: Tensor | undefined;
    if (bias && wants("bias")) {
      if (gradients.bias) accumulateSumRows(rec, gradients.bias, dc, rows && { rows });
      else dbias = sumRows(rec, dc, rows && { rows });
    }
    return {
      a: wants("a") ? product(rec, da, gradients.a, limit) : undefined,
      b: wants("b") ? product(rec, db, gradients.b, limit) : undefined,
      bias: dbias,
    };
  },
  cost({ a, b, bias }, { form, rows }) {
    const { M, N } = dims(PATTERNS[form], { a, b, bias });
    return costOf(form, a, b, bytesOf(bias) + bytesPer(a.dtype) * M * N, rows);
  },
});

/** Work of a product that also moves `bytes`; proportional to `rows` if given. */
function costOf(form: MatmulForm, a: Tensor, b: Tensor, bytes: number, rows?: Scalar): Cost {
  const { M, N, K } = dims(PATTERNS[form], { a, b, bias: undefined });
  return {
    flops: 2 * M * N * K,
    bytes: bytesOf(a, b) + bytes,
    extent: rows && { scalar: rows, capacity: form === "TN" ? K : M },
  };
}

type Product = readonly [form: MatmulForm, a: Tensor, b: Tensor];

/** Records a cotangent: into the parameter's gradient if there is one, else as a value. */
function product(
  rec: Recorder,
  [form, a, b]: Product,
  gradient: Tensor | undefined,
  { rows }: { readonly rows: Scalar | undefined },
): Tensor | undefined {
  const attrs = { form, relu: false, rows };
  if (gradient === undefined) return op(rec, { a, b, bias: undefined }, attrs).c;
  const cost = costOf(form, a, b, bytesOf(gradient), rows);
  rec.node("matmul_gradient", { inputs: { a, b }, cost }, () => {
    record(rec, form, a, b, gradient, { relu: false, rows, bias: undefined, accumulate: true });
  });
  return undefined;
}

function record(
  rec: Recorder,
  form: MatmulForm,
  a: Tensor,
  b: Tensor,
  c: Tensor,
  options: {
    readonly relu: boolean;
    readonly rows: Scalar | undefined;
    readonly bias: Tensor | undefined;
    readonly accumulate?: boolean;
  },
): void {
  const { M, N, K } = dims(PATTERNS[form], { a, b, bias: options.bias });
  const limited = (capacity: number): Extent =>
    options.rows === undefined ? capacity : { scalar: options.rows, capacity };
  launchMatmul(rec, {
    form,
    a,
    b,
    c,
    ...(options.bias && { bias: options.bias }),
    M: form === "TN" ? M : limited(M),
    N,
    K: form === "TN" ? limited(K) : K,
    relu: options.relu,
    accumulate: options.accumulate ?? false,
  });
}

/**
 * Matrix product, [M, K] x [K, N] -> [M, N].
 *
 * @throws {ShapeError} when the inner sizes differ
 */
export function matmul(rec: Recorder, a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, bias, relu = false, rows } = options;
  if (transposeA && transposeB) {
    throw new ShapeError(
      "Cannot multiply: both operands are transposed; transpose the result instead",
    );
  }
  const form = transposeA ? "TN" : transposeB ? "NT" : "NN";
  return op(rec, { a, b, bias }, { form, relu, rows }).c;
}
