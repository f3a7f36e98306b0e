/**
 * Products of whole matrices, which matmul and ops that contain linear layers record, and the products
 * that are their derivatives.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  type Cost,
  dims,
  type Recorder,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { type Extent, launchMatmul, type MatmulLaunch } from "./launch.ts";
import type { MatmulForm } from "./tiles/tile_plan.ts";

/** A product of two operands. */
export interface Product {
  /** Layout of the operands. */
  readonly form: MatmulForm;
  /** Left operand. */
  readonly a: Tensor;
  /** Right operand. */
  readonly b: Tensor;
}

/** `count` rows from `from` on. */
export interface RowSpan {
  /** The first of them. */
  readonly from: number;
  /** How many. */
  readonly count: number;
}

/** What is recorded beside the operands of a product. */
export interface ProductOptions
  extends Pick<MatmulLaunch, "alpha" | "relu" | "dropout" | "gate" | "accumulate"> {
  /** Used rows of `a`, or with TN of both operands; the others of the result are unchanged. */
  readonly rows?: Scalar | undefined;
  /** [N], added to every row. */
  readonly bias?: Tensor | undefined;
  /** Rows of `a` that are read, not with TN; all by default. */
  readonly span?: RowSpan | undefined;
}

/** Axes of the operands by form. */
export const PATTERNS = {
  NN: { a: "M K", b: "K N", bias: "N" },
  NT: { a: "M K", b: "N K", bias: "N" },
  TN: { a: "K M", b: "K N", bias: "N" },
} as const;

/** The products that are the cotangents of a and b, given that of the result. */
export function cotangentsOf(
  { form, a, b }: Product,
  dc: Tensor,
): { readonly da: Product; readonly db: Product } {
  if (form === "NN") return { da: { form: "NT", a: dc, b }, db: { form: "TN", a, b: dc } };
  if (form === "NT") return { da: { form: "NN", a: dc, b }, db: { form: "TN", a: dc, b: a } };
  return { da: { form: "NT", a: b, b: dc }, db: { form: "NN", a, b: dc } };
}

/** Work of a product; proportional to `rows` if given. */
export function productCost(
  { form, a, b }: Product,
  { bias, rows, span, accumulate, gate }: ProductOptions,
): Cost {
  const { M, N, K } = dims(PATTERNS[form], { a, b, bias });
  const used = span?.count ?? M;
  const results = (accumulate ? 2 : 1) + (gate ? 1 : 0);
  return {
    flops: 2 * used * N * K,
    bytes: bytesOf(b, bias) + bytesPer(a.dtype) * used * (K + results * N),
    extent: rows && { scalar: rows, capacity: form === "TN" ? K : M },
  };
}

/** Records c = epilogue(a . b). */
export function launchWholeProduct(
  rec: Recorder,
  { form, a, b }: Product,
  c: Tensor,
  { rows, bias, span, ...epilogue }: ProductOptions = {},
): void {
  const { M, N, K } = dims(PATTERNS[form], { a, b, bias });
  const limited = (capacity: number): Extent =>
    rows === undefined ? capacity : { scalar: rows, capacity };
  launchMatmul(rec, {
    form,
    a,
    b,
    c,
    ...(bias && { bias }),
    M: form === "TN" ? M : limited(span?.count ?? M),
    N,
    K: form === "TN" ? limited(K) : K,
    aOffset: (span?.from ?? 0) * K,
    ...epilogue,
  });
}

/** A product that is a cotangent, and where it goes. */
export interface CotangentWork {
  /** Its operands. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Its work. */
  readonly cost: Cost;
  /** What has reached the value already, to which it is added. */
  readonly sum: Tensor | undefined;
  /** Where it is computed anew. */
  readonly fresh: () => Tensor;
}

/**
 * Records a product as a cotangent: into `sum` where it is given, else anew.
 *
 * @returns the cotangent; undefined where it was added to `sum`
 */
export function recordGradient(
  rec: Recorder,
  { inputs, cost, sum, fresh }: CotangentWork,
  launch: (to: { readonly c: Tensor; readonly accumulate: boolean }) => void,
): Tensor | undefined {
  const c = sum ?? fresh();
  const work = { inputs, ...(sum ? {} : { outputs: { c } }), cost };
  rec.node("matmul_gradient", work, () => launch({ c, accumulate: sum !== undefined }));
  return sum === undefined ? c : undefined;
}

/** {@link recordGradient} of a product of whole matrices. */
export function recordCotangent(
  rec: Recorder,
  of: Product,
  sum: Tensor | undefined,
  given: Omit<ProductOptions, "accumulate" | "bias"> = {},
): Tensor | undefined {
  const { form, a, b } = of;
  const { M, N } = dims(PATTERNS[form], { a, b, bias: undefined });
  const fresh = () => rec.temporary([given.span?.count ?? M, N], a.dtype, "matmul.c");
  const cost = productCost(of, { ...given, accumulate: sum !== undefined });
  return recordGradient(
    rec,
    { inputs: { a, b }, cost, sum, fresh },
    ({ c, accumulate }) => launchWholeProduct(rec, of, c, { ...given, accumulate }),
  );
}
