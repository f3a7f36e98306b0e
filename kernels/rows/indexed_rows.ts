/**
 * Rows by number: gathering, scattering, and putting parts of a matrix together. The row numbers of
 * one list are distinct; the host makes the lists, because it knows the token ids.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  type Count,
  defineOp,
  dims,
  kernel,
  like,
  type Recorder,
  type Scalar,
  type Tensor,
  type Tensors,
} from "@transformer-xl/runtime";
import gatherSource from "./gather_rows.wgsl" with { type: "text" };
import scatterSource from "./scatter_rows.wgsl" with { type: "text" };

const GATHER = kernel("gather_rows", gatherSource, ({ x, rows, y }, { count, columns, factor }) => {
  for (let i = 0; i < count!; i++) {
    const [to, from] = [i * columns!, rows![i]! * columns!];
    for (let c = 0; c < columns!; c++) y![to + c] = factor! * x![from + c]!;
  }
});

const SCATTER = kernel("scatter_rows", scatterSource, ({ x, rows, y }, s) => {
  const { count, columns, factor, accumulate } = s as Record<string, number>;
  for (let i = 0; i < count!; i++) {
    const [from, to] = [i * columns!, rows![i]! * columns!];
    for (let c = 0; c < columns!; c++) {
      y![to + c] = factor! * x![from + c]! + (accumulate ? y![to + c]! : 0);
    }
  }
});

/** How many rows of a list take part: frozen, or given at every run. */
type RowCount = number | Scalar;

/** Workgroups of 64 lanes for `count` rows of C columns, ceil(C / 8) lanes each. */
function rowWorkgroups(rec: Recorder, count: RowCount, capacity: number, C: number): Count[] {
  const per = 64 / Math.ceil(C / 8);
  const most = typeof count === "number" ? count : capacity;
  const fold = Math.max(1, Math.ceil(most / per / rec.limits.maxWorkgroups));
  return [
    typeof count === "number" ? Math.ceil(count / per / fold) : { scalar: count, per: per * fold },
    fold,
  ];
}

function launchGather(
  rec: Recorder,
  x: Tensor,
  rows: Tensor,
  y: Tensor,
  count: RowCount,
  factor: number,
): void {
  const { C, Rc } = dims({ x: "R C", rows: "Rc", y: "Rc C" }, { x, rows, y });
  const [groups, fold] = rowWorkgroups(rec, count, Rc, C);
  rec.launch({
    kernel: GATHER,
    operands: { x, rows, y },
    scalars: { count, columns: C, factor },
    workgroups: [groups!, fold!],
  });
}

function launchScatter(
  rec: Recorder,
  x: Tensor,
  rows: Tensor,
  y: Tensor,
  count: RowCount,
  { factor, accumulate }: { readonly factor: number; readonly accumulate: boolean },
): void {
  const { C, Rc } = dims({ x: "Rc C", rows: "Rc", y: "R C" }, { x, rows, y });
  const [groups, fold] = rowWorkgroups(rec, count, Rc, C);
  rec.launch({
    kernel: SCATTER,
    operands: { x, rows, y },
    scalars: { count, columns: C, factor, accumulate: accumulate ? 1 : 0 },
    workgroups: [groups!, fold!],
  });
}

type Indexed = { readonly x: Tensor; readonly rows: Tensor };
type Gather = { readonly count: RowCount; readonly factor: number };

const gatherOp = defineOp<Indexed, { y: Tensor }, Gather>({
  name: "gather_rows",
  infer(inputs) {
    const { Rc, C } = dims({ x: "R C", rows: "Rc" }, inputs);
    return { y: like(inputs.x, [Rc, C]) };
  },
  forward: (rec, { x, rows }, { y }, { count, factor }) =>
    launchGather(rec, x, rows, y, count, factor),
  vjp(rec, { inputs: { x, rows }, attrs: { count, factor }, gradients }, { y: dy }) {
    if (dy === undefined) return {};
    if (gradients.x === undefined) {
      return { x: spreadOp(rec, { x: dy, rows }, { R: x.shape[0]!, count, factor }).y };
    }
    scatter(rec, gradients.x, dy, rows, count, { scale: factor, accumulate: true });
    return {};
  },
  cost: ({ x, rows }) => ({
    flops: 0,
    bytes: bytesOf(rows) + 2 * bytesPer(x.dtype) * rows.size * x.shape[1]!,
  }),
});

/** Rows scattered into zeros. */
const spreadOp = defineOp<Indexed, { y: Tensor }, Gather & { readonly R: number }>({
  name: "spread_rows",
  infer: ({ x }, { R }) => ({ y: like(x, [R, x.shape[1]!]) }),
  forward(rec, { x, rows }, { y }, { count, factor }) {
    rec.clear(y);
    launchScatter(rec, x, rows, y, count, { factor, accumulate: false });
  },
  cost: ({ x, rows }, { R }) => ({
    flops: 0,
    bytes: 2 * bytesOf(x) + bytesOf(rows) + bytesPer(x.dtype) * R * x.shape[1]!,
  }),
});

/**
 * `y[i] = x[rows[i]]` for i < count; the rows of y from count on are left as they are. x is [R, C],
 * rows is u32 [capacity] with distinct numbers, y is [capacity, C]. The derivative scatters into
 * zeros.
 *
 * @throws {ShapeError} when the sizes disagree
 * @example
 * ```ts
 * import { gather } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("gather", (rec) => {
 *   const x = rec.input("x", [3, 2], "f32");
 *   const rows = rec.input("rows", [2], "u32");
 *   return { inputs: { x, rows }, outputs: { y: gather(rec, x, rows, 2) } };
 * });
 * plan.run({ x: Float32Array.of(0, 1, 10, 11, 20, 21), rows: Uint32Array.of(2, 0) });
 * assertEquals([...(await plan.read("y")).y], [20, 21, 0, 1]);
 * ```
 */
export function gather(
  rec: Recorder,
  x: Tensor,
  rows: Tensor,
  count: number | Scalar,
): Tensor {
  return gatherOp(rec, { x, rows }, { count, factor: 1 }).y;
}

/** Options of {@link scatter}. */
export interface ScatterOptions {
  /** Factor, 1 by default. */
  readonly scale?: number;
  /** Add instead of replacing. */
  readonly accumulate?: boolean;
}

/**
 * Records `y[rows[i]] (+)= scale * x[i]` for i < count, in place; other rows of y stay. y is [R, C], x
 * is [capacity, C], rows is u32 [capacity] with distinct numbers. No derivative.
 *
 * @throws {ShapeError} when the sizes disagree
 */
export function scatter(
  rec: Recorder,
  y: Tensor,
  x: Tensor,
  rows: Tensor,
  count: number | Scalar,
  { scale = 1, accumulate = false }: ScatterOptions = {},
): void {
  const from = rec.commands.length;
  launchScatter(rec, x, rows, y, count, { factor: scale, accumulate });
  rec.nodes.push({
    name: "scatter_rows",
    inputs: { x, rows },
    outputs: {},
    commands: [from, rec.commands.length],
    cost: { flops: 2 * x.size, bytes: bytesOf(x, rows, x, accumulate ? x : undefined) },
    vjp: undefined,
  });
}

/** Some rows of a matrix and where they go. */
export interface RowPart {
  /** [capacity, C]. */
  readonly x: Tensor;
  /** u32 [capacity]: distinct row numbers of the whole. */
  readonly rows: Tensor;
  /** How many take part. */
  readonly count: number | Scalar;
}

type Combine = {
  readonly R: number;
  readonly counts: readonly RowCount[];
  readonly factor: number;
};

// Inputs are x0, rows0, x1, rows1, ...: as many pairs as there are counts.
const combineOp = defineOp<Tensors, { y: Tensor }, Combine>({
  name: "combine_rows",
  infer(inputs, { R, counts }) {
    const pairs = counts.map((_, p) => [[`x${p}`, `R${p} C`], [`rows${p}`, `R${p}`]]).flat();
    const { C } = dims(Object.fromEntries(pairs) as { x0: "R0 C" }, inputs as { x0: Tensor });
    return { y: like(inputs["x0"]!, [R, C]) };
  },
  forward(rec, inputs, { y }, { counts, factor }) {
    counts.forEach((count, p) => {
      const [x, rows] = [inputs[`x${p}`]!, inputs[`rows${p}`]!];
      launchScatter(rec, x, rows, y, count, { factor, accumulate: false });
    });
  },
  vjp(rec, { inputs, attrs: { counts, factor }, wants }, { y: dy }) {
    if (dy === undefined) return {};
    return Object.fromEntries(counts.flatMap((count, p) => {
      if (!wants(`x${p}`)) return [];
      const rows = inputs[`rows${p}`]!;
      return [[`x${p}`, gatherOp(rec, { x: dy, rows }, { count, factor }).y]];
    }));
  },
  cost: (inputs) => ({ flops: 0, bytes: 2 * bytesOf(...Object.values(inputs)) }),
});

/**
 * One matrix [R, C] of several parts: `y[rows_p[i]] = scale * x_p[i]` for i < count_p. Every row must
 * come from exactly one part; a row in no part is left as it is. In the derivative, the rows of dx_p
 * from count_p on are left as they are.
 *
 * @throws {ShapeError} when the sizes disagree
 */
export function combineRows(
  rec: Recorder,
  R: number,
  parts: readonly RowPart[],
  scale: number,
): Tensor {
  const pairs = parts.map(({ x, rows }, p) => [[`x${p}`, x], [`rows${p}`, rows]]).flat();
  const counts = parts.map(({ count }) => count);
  return combineOp(rec, Object.fromEntries(pairs) as Tensors, { R, counts, factor: scale }).y;
}
