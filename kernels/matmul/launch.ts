/**
 * Launches of matrix multiplications: strided, batched, with epilogues. Ops that are mostly matrix
 * products (attention, the vocabulary softmax) record these directly; the op with a derivative is
 * in mod.ts.
 *
 * @module
 */
import type { Count, DeviceLimits, Recorder, Scalar, Tensor } from "@transformer-xl/runtime/core";
import { maskScalars } from "../shared/dropout/mask.ts";
import { type Dropout, launchDropout } from "../dropout/mod.ts";
import { type MatmulProblem, tilePlanFor } from "./tiles/plans.ts";
import { matmulKernel, REDUCE_PARTIALS } from "./kernels.ts";
import { tileGrid } from "./tiles/tile.ts";
import type { MatmulForm, TilePlan } from "./tiles/tile_plan.ts";

/** A size that is frozen, or given at every run up to a capacity. */
export type Extent = number | { readonly scalar: Scalar; readonly capacity: number };

/** Distance in elements between consecutive outer and inner batches. */
export type BatchStrides = readonly [outer: number, inner: number];

/** c = epilogue(alpha * a . b), row-major. */
export interface MatmulLaunch {
  /** Layout of the operands. */
  readonly form: MatmulForm;
  /** Left operand. */
  readonly a: Tensor;
  /** Right operand. */
  readonly b: Tensor;
  /** Result. */
  readonly c: Tensor;
  /** [N], added to every row. */
  readonly bias?: Tensor;
  /** Rows of the result. */
  readonly M: Extent;
  /** Columns of the result. */
  readonly N: number;
  /** Length of the sums. */
  readonly K: Extent;
  /** Elements between rows of a, b, c as stored; the tight value by default. */
  readonly lda?: number;
  /** See `lda`. */
  readonly ldb?: number;
  /** See `lda`. */
  readonly ldc?: number;
  /**
   * An operand with a length of rows that is no multiple of 4, but room for one between its rows:
   * finite numbers in a, which take no part, and in c anything, which may be overwritten.
   */
  readonly padded?: "a" | "c" | undefined;
  /** First element of each operand. */
  readonly aOffset?: number;
  /** See `aOffset`. */
  readonly bOffset?: number;
  /** See `aOffset`. */
  readonly cOffset?: number;
  /** Two nested batch axes with their strides. */
  readonly batch?: {
    readonly outer: number;
    readonly inner: number;
    readonly a: BatchStrides;
    readonly b: BatchStrides;
    readonly c: BatchStrides;
  };
  /** Factor, 1 by default. */
  readonly alpha?: number;
  /** max(0, .) after bias and sum. */
  readonly relu?: boolean;
  /** Of the result, in a launch of its own where a kernel cannot draw the mask. */
  readonly dropout?: Dropout | undefined;
  /** Laid out as c: where it is not positive the result is 0. */
  readonly gate?: Tensor;
  /** c += instead of c =. */
  readonly accumulate?: boolean;
  /**
   * Tile plan instead of the table's choice, for measurements. Layout and epilogue must be those of
   * the launch.
   */
  readonly plan?: TilePlan;
}

/** The frozen value, or the capacity, of an extent. */
export function capacityOf(extent: Extent): number {
  return typeof extent === "number" ? extent : extent.capacity;
}

/** What an extent is in the uniform block: a number or a scalar. */
export function scalarOfExtent(extent: Extent): number | Scalar {
  return typeof extent === "number" ? extent : extent.scalar;
}

/** What the table chooses a plan by. */
export function matmulProblem(
  launch: MatmulLaunch,
  { adapterClass, subgroups, halfSums, matrixUnits }: Pick<
    DeviceLimits,
    "adapterClass" | "subgroups" | "halfSums" | "matrixUnits"
  >,
): MatmulProblem {
  const { form, N, batch, bias, relu = false, accumulate = false, dropout, gate } = launch;
  const [M, K] = [capacityOf(launch.M), capacityOf(launch.K)];
  const isHalf = launch.a.dtype === "f16";
  const aligned = isAligned(launch, M, K, { a: 4, b: 4, c: 4 });
  const inOctets = aligned && isAligned(launch, M, K, { a: 8, b: 8, c: 4 });
  return {
    form,
    M,
    N,
    K,
    batches: (batch?.outer ?? 1) * (batch?.inner ?? 1),
    adapterClass,
    subgroups,
    epilogue: {
      bias: bias !== undefined,
      relu,
      accumulate,
      ...(dropout && { dropout: true }),
      ...(gate && { gate: true }),
    },
    aligned,
    fixedK: typeof launch.K === "number",
    packedSums: halfSums === "packed" && isHalf,
    ...(isHalf && inOctets && { matrixUnits }),
  };
}

/**
 * Records one (batched) product, in two launches for sums in parts or a dropout that is not drawn in
 * the product's kernel.
 */
export function launchMatmul(rec: Recorder, launch: MatmulLaunch): void {
  const { dropout, ...product } = launch;
  if (dropout === undefined || drawsMask(rec, launch)) {
    launchProduct(rec, launch);
    return;
  }
  const { c } = launch;
  const whole = rec.temporary(c.shape, c.dtype, "matmul.undropped");
  launchProduct(rec, { ...product, c: whole });
  launchDropout(rec, whole, c, dropout);
}

/**
 * Whether the product's kernel draws the mask: on GPUs, in rows of whole blocks of Philox. The tiles of
 * software drivers have no workgroup memory, and a lane of theirs would draw eight times as much.
 */
function drawsMask(
  rec: Recorder,
  { N, ldc = N, cOffset = 0, batch, dropout }: MatmulLaunch,
): boolean {
  const tight = ldc === N && cOffset === 0 && batch === undefined;
  return tight && N % 8 === 0 && dropout?.mask.kind === "philox" &&
    rec.limits.adapterClass !== "cpu";
}

function launchProduct(rec: Recorder, launch: MatmulLaunch): void {
  const { form, M, N, K, batch, accumulate = false, bias, gate, dropout } = launch;
  const problem = matmulProblem(launch, rec.limits);
  const { M: m, K: k, batches } = problem;
  const plan = launch.plan ?? tilePlanFor(problem);
  const [x, y, z] = tileGrid(plan, m, N, batches);
  const zero: BatchStrides = [0, 0];
  const split = plan.splitK > 1;
  const c = split ? rec.temporary([plan.splitK, m, N], "f32", "matmul.partial") : launch.c;
  const [cOuter, cInner] = split ? [m * N, 0] : batch?.c ?? zero;
  rec.launch({
    kernel: matmulKernel(plan),
    operands: { a: launch.a, b: launch.b, c, ...(bias && { bias }), ...(gate && { gate }) },
    scalars: {
      M: scalarOfExtent(M),
      N,
      K: scalarOfExtent(K),
      lda: launch.lda ?? (form === "TN" ? m : k),
      ldb: launch.ldb ?? (form === "NT" ? k : N),
      ldc: split ? N : launch.ldc ?? N,
      a_offset: launch.aOffset ?? 0,
      b_offset: launch.bOffset ?? 0,
      c_offset: split ? 0 : launch.cOffset ?? 0,
      a_outer: (batch?.a ?? zero)[0],
      a_inner: (batch?.a ?? zero)[1],
      b_outer: (batch?.b ?? zero)[0],
      b_inner: (batch?.b ?? zero)[1],
      c_outer: cOuter,
      c_inner: cInner,
      outer: batch?.outer ?? 1,
      inner: batch?.inner ?? 1,
      splits: plan.splitK,
      alpha: launch.alpha ?? 1,
      ...(dropout?.mask.kind === "philox" && maskScalars(dropout.mask, dropout.rate)),
    },
    workgroups: [
      x,
      typeof M === "number" ? y : { ...M, per: plan.tileM },
      z > 1 ? z : unlessEmpty(K, accumulate),
    ],
  });
  if (!split) return;
  rec.launch({
    kernel: REDUCE_PARTIALS,
    operands: { partial: c, c: launch.c },
    scalars: {
      M: scalarOfExtent(M),
      N,
      part_stride: m * N,
      ldc: launch.ldc ?? N,
      c_offset: launch.cOffset ?? 0,
      splits: plan.splitK,
      accumulate: accumulate ? 1 : 0,
    },
    threads: [N, typeof M === "number" ? M : { ...M, per: 1 }],
  });
}

/** One workgroup along z, or none if there is nothing to add to an accumulator. */
function unlessEmpty(K: Extent, accumulate: boolean): Count {
  return accumulate && typeof K !== "number" ? { scalar: K.scalar, per: K.capacity } : 1;
}

/**
 * Whether every stored row, stride and offset is a multiple of so many elements, so that such loads
 * may be used; rows of a padded operand need not be. Sums need no alignment if both operands are read
 * along rows (TN), and a variable number of rows never does.
 */
function isAligned(
  launch: MatmulLaunch,
  m: number,
  k: number,
  units: Readonly<Record<"a" | "b" | "c", number>>,
): boolean {
  const { form, N, K, batch, padded } = launch;
  if (form !== "TN" && typeof K !== "number") return false;
  const operands = {
    a: [launch.a.size, form === "TN" ? m : k, launch.lda, launch.aOffset],
    b: [launch.b.size, form === "NT" ? k : N, launch.ldb, launch.bOffset],
    c: [launch.c.size, N, launch.ldc, launch.cOffset],
  } as const;
  return (["a", "b", "c"] as const).every((name) => {
    const [size, length, stride, offset = 0] = operands[name];
    const whole = (value: number) => value % units[name] === 0;
    const rows = name !== padded
      ? whole(length) && whole(stride ?? 0)
      : stride !== undefined && whole(stride) && stride >= length;
    return rows && [size, offset, ...batch?.[name] ?? []].every(whole);
  });
}
