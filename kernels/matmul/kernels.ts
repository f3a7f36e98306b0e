/**
 * The kernels of the matrix product, one per tile plan, with their loops.
 *
 * @module
 */
import { type Kernel, kernel, type Numbers, type Reference } from "@transformer-xl/runtime/core";
import reduceSource from "./reduce_partials.wgsl" with { type: "text" };
import { drawFactors, MASK_WGSL, type MaskField } from "../shared/dropout/mask.ts";
import { type Epilogue, PLAIN_EPILOGUE } from "./tiles/epilogue.ts";
import { tileSource } from "./tiles/tile.ts";
import type { MatmulForm, TilePlan } from "./tiles/tile_plan.ts";
import { REDUCE_CODE } from "./vector/reduce_code.ts";
import { productCode, type ProductSizes } from "./vector/product_code.ts";

/** Adds the parts of split sums in order. */
export const REDUCE_PARTIALS = kernel<
  "partial" | "c",
  "M" | "N" | "part_stride" | "ldc" | "c_offset" | "splits" | "accumulate"
>("matmul_reduce", reduceSource, ({ partial, c }, s) => {
  const { N, splits, accumulate } = s;
  for (let m = 0; m < s.M; m++) {
    const out = s.c_offset + m * s.ldc;
    for (let n = 0; n < N; n++) {
      let sum = accumulate ? c[out + n]! : 0;
      for (let part = 0; part < splits; part++) {
        sum += partial[part * s.part_stride + m * N + n]!;
      }
      c[out + n] = sum;
    }
  }
}, REDUCE_CODE);

const KERNELS = new Map<string, Kernel>();

/** Shared key of kernel variants for narrower operands. */
const PLANS = new WeakMap<Reference, TilePlan>();

/** The plan of a recorded kernel; undefined when it is no matrix product. */
export function tilePlanOf({ reference }: Kernel): TilePlan | undefined {
  return PLANS.get(reference);
}

/** One kernel per distinct plan. */
export function matmulKernel(plan: TilePlan): Kernel {
  const key = JSON.stringify(plan);
  let found = KERNELS.get(key);
  if (found === undefined) {
    const { form, epilogue, tileM, tileN, splitK } = plan;
    found = kernel<"a" | "b" | "c" | "bias" | "gate", Sizes>(
      `matmul_${form}_${tileM}x${tileN}`,
      tileSource(plan).source + (epilogue.dropout ? MASK_WGSL : ""),
      splitK > 1 ? splitProductLoops(form, plan.tileK) : productLoops(form, epilogue),
      productCode(form, epilogue, splitK > 1 ? plan.tileK : 0),
    );
    KERNELS.set(key, found);
    PLANS.set(found.reference, plan);
  }
  return found;
}

/** Strides are named as in the WGSL: elements between rows, batches and parts. */
type Sizes = ProductSizes | MaskField;

/** Loops of a product; `bias` and `gate` if the epilogue has them. */
type ProductLoops = (
  operands:
    & Readonly<Record<"a" | "b" | "c", Numbers>>
    & { readonly bias?: Numbers; readonly gate?: Numbers },
  sizes: Readonly<Record<Sizes, number>>,
) => void;

/** c = epilogue(alpha * a . b), per batch; sums in float64. */
function productLoops(
  form: MatmulForm,
  { relu, accumulate, dropout = false }: Epilogue,
): ProductLoops {
  return ({ a, b, c, bias, gate }, s) => {
    const { M, N, alpha } = s;
    const row = new Float64Array(N);
    const factors = new Float64Array(dropout ? N : 0);
    for (let batch = 0; batch < s.outer * s.inner; batch++) {
      const outer = Math.floor(batch / s.inner);
      const inner = batch % s.inner;
      const a0 = s.a_offset + outer * s.a_outer + inner * s.a_inner;
      const b0 = s.b_offset + outer * s.b_outer + inner * s.b_inner;
      const c0 = s.c_offset + outer * s.c_outer + inner * s.c_inner;
      for (let m = 0; m < M; m++) {
        if (form === "NT") dotRow(row, a, a0 + m * s.lda, b, b0, s.ldb, s.K);
        else {
          const [first, step] = form === "NN" ? [m * s.lda, 1] : [m, s.lda];
          axpyRows(row, a, a0 + first, step, b, b0, s.ldb, s.K);
        }
        const out = c0 + m * s.ldc;
        if (dropout) drawFactors(factors, m * N, s);
        for (let n = 0; n < N; n++) {
          let value = alpha * row[n]! + (bias ? bias[n]! : 0);
          if (accumulate) value += c[out + n]!;
          if (relu && value < 0) value = 0;
          if (dropout) value *= factors[n]!;
          c[out + n] = gate && !(gate[out + n]! > 0) ? 0 : value;
        }
      }
    }
  };
}

/** The parts of a sum cut into `splits` ranges of k, each a matrix of its own. */
function splitProductLoops(form: MatmulForm, tileK: number): ProductLoops {
  const whole = productLoops(form, PLAIN_EPILOGUE);
  return (operands, s) => {
    const { K, splits, lda, ldb } = s;
    const length = Math.ceil(K / (tileK * splits)) * tileK;
    for (let part = 0; part < splits; part++) {
      const from = Math.min(part * length, K);
      whole(operands, {
        ...s,
        outer: 1,
        inner: 1,
        K: Math.min(length, K - from),
        a_offset: s.a_offset + from * (form === "TN" ? lda : 1),
        b_offset: s.b_offset + from * (form === "NT" ? 1 : ldb),
        c_offset: s.c_offset + part * s.c_outer,
      });
    }
  };
}

/**
 * row[n] = sum_k a[k] * b[n, k]; four columns at once, because the additions of one sum depend on
 * each other.
 */
function dotRow(
  row: Float64Array,
  a: Numbers,
  a0: number,
  b: Numbers,
  b0: number,
  ldb: number,
  K: number,
): void {
  let n = 0;
  for (; n + 4 <= row.length; n += 4) {
    const b1 = b0 + n * ldb;
    const b2 = b1 + ldb;
    const b3 = b2 + ldb;
    const b4 = b3 + ldb;
    let [sum1, sum2, sum3, sum4] = [0, 0, 0, 0];
    for (let k = 0; k < K; k++) {
      const x = a[a0 + k]!;
      sum1 += x * b[b1 + k]!;
      sum2 += x * b[b2 + k]!;
      sum3 += x * b[b3 + k]!;
      sum4 += x * b[b4 + k]!;
    }
    row[n] = sum1;
    row[n + 1] = sum2;
    row[n + 2] = sum3;
    row[n + 3] = sum4;
  }
  for (; n < row.length; n++) {
    const from = b0 + n * ldb;
    let sum = 0;
    for (let k = 0; k < K; k++) sum += a[a0 + k]! * b[from + k]!;
    row[n] = sum;
  }
}

/** row = sum_k a[k * step] * b[k, :]. */
function axpyRows(
  row: Float64Array,
  a: Numbers,
  a0: number,
  step: number,
  b: Numbers,
  b0: number,
  ldb: number,
  K: number,
): void {
  row.fill(0);
  for (let k = 0; k < K; k++) {
    const factor = a[a0 + k * step]!;
    if (factor === 0) continue;
    const from = b0 + k * ldb;
    for (let n = 0; n < row.length; n++) row[n]! += factor * b[from + n]!;
  }
}
