/**
 * Small kernels and ops for the tests of the runtime.
 *
 * @module
 */
import {
  accumulate,
  bytesOf,
  defineOp,
  type Kernel,
  kernel,
  like,
  type Recorder,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime";

const MAIN = "@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id) id: vec3u) {";

/** `y = factor * x` for the first `count` elements. */
export const SCALE: Kernel = kernel<"x" | "y", "count" | "factor">(
  "scale",
  `
struct Scalars { count: u32, factor: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;
${MAIN}
  if (id.x < scalars.count) { y[id.x] = scalars.factor * x[id.x]; }
}
`,
  ({ x, y }, { count, factor }) => {
    for (let i = 0; i < count; i++) y[i] = factor * x[i]!;
  },
);

/** `c = a + 2 b`, over the length of `c`; shorter operands repeat. */
export const MIX: Kernel = kernel<"a" | "b" | "c">(
  "mix",
  `
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
${MAIN}
  if (id.x < arrayLength(&c)) {
    c[id.x] = a[id.x % arrayLength(&a)] + 2 * b[id.x % arrayLength(&b)];
  }
}
`,
  ({ a, b, c }) => {
    for (let i = 0; i < c.length; i++) c[i] = a[i % a.length]! + 2 * b[i % b.length]!;
  },
);

/** Vector `i` of `y` is vector `i * STRIDE + SHIFT` of `x`. */
export const COPY_VECTORS: Kernel = kernel<"x" | "y", "STRIDE" | "SHIFT">(
  "copy_vectors",
  `
override STRIDE: u32;
override SHIFT: u32 = 0;
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
${MAIN}
  if (id.x < arrayLength(&y)) { y[id.x] = x[id.x * STRIDE + SHIFT]; }
}
`,
  ({ x, y }, { STRIDE, SHIFT = 0 }) => {
    for (let i = 0; i < y.length; i++) {
      y[i] = x[(Math.floor(i / 4) * STRIDE + SHIFT) * 4 + i % 4]!;
    }
  },
);

/** What the attributes of {@link scaled} are. */
export interface ScaledAttributes {
  /** Number or scalar of every run. */
  readonly factor: number | Scalar;
  /** Elements; all of them without. */
  readonly count?: Scalar;
}

const scaleOp = defineOp<{ x: Tensor }, { y: Tensor }, ScaledAttributes>({
  name: "scale",
  infer: ({ x }) => ({ y: like(x) }),
  forward(rec, { x }, { y }, { factor, count }) {
    rec.launch({
      kernel: SCALE,
      operands: { x, y },
      scalars: { count: count ?? x.size, factor },
      threads: count === undefined ? x.size : [{ scalar: count, per: 1 }],
    });
  },
  vjp: (rec, { attrs }, { y: dy }) => ({ x: scaled(rec, dy!, attrs.factor, attrs.count) }),
  cost: ({ x }) => ({ flops: x.size, bytes: bytesOf(x, x) }),
});

/** `factor * x`, with derivative. */
export function scaled(
  rec: Recorder,
  x: Tensor,
  factor: number | Scalar,
  count?: Scalar,
): Tensor {
  return scaleOp(rec, { x }, { factor, ...(count && { count }) }).y;
}

const addingOp = defineOp<{ x: Tensor }, { y: Tensor }, { factor: number }>({
  name: "adding",
  infer: ({ x }) => ({ y: like(x) }),
  forward(rec, { x }, { y }, { factor }) {
    rec.launch({
      kernel: SCALE,
      operands: { x, y },
      scalars: { count: x.size, factor },
      threads: x.size,
    });
  },
  vjp(rec, { attrs: { factor }, gradients }, { y: dy }) {
    const dx = scaled(rec, dy!, factor);
    if (gradients.x === undefined) return { x: dx };
    accumulate(rec, gradients.x, dx);
    return {};
  },
  cost: ({ x }) => ({ flops: x.size, bytes: bytesOf(x, x) }),
});

/** `factor * x`, whose derivative adds to what has reached x where it may. */
export function adding(rec: Recorder, x: Tensor, factor: number): Tensor {
  return addingOp(rec, { x }, { factor }).y;
}

const opaqueOp = defineOp<{ x: Tensor }, { y: Tensor }, { factor: number }>({
  name: "opaque",
  infer: ({ x }) => ({ y: like(x) }),
  forward(rec, { x }, { y }, { factor }) {
    rec.launch({
      kernel: SCALE,
      operands: { x, y },
      scalars: { count: x.size, factor },
      threads: x.size,
    });
  },
  cost: ({ x }) => ({ flops: x.size, bytes: bytesOf(x, x) }),
});

/** `3 x`, without derivative. */
export function opaque(rec: Recorder, x: Tensor): Tensor {
  return opaqueOp(rec, { x }, { factor: 3 }).y;
}

/** `a + 2 b` into a new temporary of `length` elements. */
export function mixed(rec: Recorder, a: Tensor, b: Tensor, length: number): Tensor {
  const c = rec.temporary([length], "f32", "mix.c");
  rec.launch({ kernel: MIX, operands: { a, b, c }, threads: length });
  return c;
}
