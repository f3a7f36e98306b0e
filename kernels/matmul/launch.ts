/**
 * Matrix multiplication as launches: strided, batched, with epilogues. Ops that are mostly matrix
 * products (attention, the vocabulary softmax) record these directly; the op with a derivative is
 * in mod.ts.
 *
 * @module
 */
import {
  type Kernel,
  kernel,
  type Recorder,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime";
import { type MatmulForm, matmulReference } from "./reference.ts";

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
  /** max(0, .) at the end. */
  readonly relu?: boolean;
  /** c += instead of c =. */
  readonly accumulate?: boolean;
}

/** The frozen value, or the capacity, of an extent. */
export function capacityOf(extent: Extent): number {
  return typeof extent === "number" ? extent : extent.capacity;
}

/** What an extent is in the uniform block: a number or a scalar. */
export function scalarOfExtent(extent: Extent): number | Scalar {
  return typeof extent === "number" ? extent : extent.scalar;
}

/** Records one (batched) product. */
export function launchMatmul(rec: Recorder, launch: MatmulLaunch): void {
  const { form, M, N, K, batch } = launch;
  const [m, k] = [capacityOf(M), capacityOf(K)];
  const zero: BatchStrides = [0, 0];
  rec.launch({
    kernel: plainKernel(form, launch.bias !== undefined),
    operands: {
      a: launch.a,
      b: launch.b,
      c: launch.c,
      ...(launch.bias && { bias: launch.bias }),
    },
    scalars: {
      M: scalarOfExtent(M),
      N,
      K: scalarOfExtent(K),
      lda: launch.lda ?? (form === "TN" ? m : k),
      ldb: launch.ldb ?? (form === "NT" ? k : N),
      ldc: launch.ldc ?? N,
      a_offset: launch.aOffset ?? 0,
      b_offset: launch.bOffset ?? 0,
      c_offset: launch.cOffset ?? 0,
      outer: batch?.outer ?? 1,
      inner: batch?.inner ?? 1,
      a_outer: (batch?.a ?? zero)[0],
      a_inner: (batch?.a ?? zero)[1],
      b_outer: (batch?.b ?? zero)[0],
      b_inner: (batch?.b ?? zero)[1],
      c_outer: (batch?.c ?? zero)[0],
      c_inner: (batch?.c ?? zero)[1],
      alpha: launch.alpha ?? 1,
      relu: launch.relu ? 1 : 0,
      accumulate: launch.accumulate ? 1 : 0,
    },
    workgroups: [
      Math.ceil(N / 8),
      typeof M === "number" ? Math.ceil(M / 8) : { scalar: M.scalar, per: 8 },
      (batch?.outer ?? 1) * (batch?.inner ?? 1),
    ],
  });
}

const PLAIN = new Map<string, Kernel>();

function plainKernel(form: MatmulForm, bias: boolean): Kernel {
  const key = `${form}${bias}`;
  let found = PLAIN.get(key);
  if (found === undefined) {
    PLAIN.set(
      key,
      found = kernel(`matmul_${form}`, plainSource(form, bias), matmulReference(form)),
    );
  }
  return found;
}

function plainSource(form: MatmulForm, bias: boolean): string {
  return `struct Scalars {
  M: u32, N: u32, K: u32, outer: u32, lda: u32, ldb: u32, ldc: u32, a_offset: u32, b_offset: u32, c_offset: u32, inner: u32,
  a_outer: u32, a_inner: u32, b_outer: u32, b_inner: u32, c_outer: u32, c_inner: u32,
  alpha: f32, relu: u32, accumulate: u32,
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
@group(0) @binding(3) var<uniform> scalars: Scalars;
${bias ? "@group(0) @binding(4) var<storage, read> bias: array<f32>;" : ""}
@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let s = scalars;
  let n = id.x; let m = id.y;
  if (n >= s.N || m >= s.M) { return; }
  let outer = id.z / s.inner; let inner = id.z % s.inner;
  let a0 = s.a_offset + outer * s.a_outer + inner * s.a_inner;
  let b0 = s.b_offset + outer * s.b_outer + inner * s.b_inner;
  let c0 = s.c_offset + outer * s.c_outer + inner * s.c_inner + m * s.ldc + n;
  var sum = 0.0;
  for (var k = 0u; k < s.K; k++) {
    sum += a[a0 + ${form === "TN" ? "k * s.lda + m" : "m * s.lda + k"}] * b[b0 + ${
    form === "NT" ? "n * s.ldb + k" : "k * s.ldb + n"
  }];
  }
  sum *= s.alpha;
  ${bias ? "sum += bias[n];" : ""}
  if (s.accumulate == 1u) { sum += c[c0]; }
  if (s.relu == 1u) { sum = max(sum, 0.0); }
  c[c0] = sum;
}
`;
}
