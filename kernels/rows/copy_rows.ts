/**
 * Runs of rows: concatenating, slicing, and copying into a memory.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  defineOp,
  dims,
  elementwiseKernel,
  elementwiseWorkgroups,
  like,
  type Recorder,
  type Scalar,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime";
import source from "./copy_rows.wgsl" with { type: "text" };

const COPY_ROWS = elementwiseKernel("copy_rows", source, ({ x, y }, s) => {
  const { count, columns: C } = s as { count: number; columns: number };
  const shift = (s["x_start"]! - s["x_back"]!) * C;
  const end = s["x_rows"]! * C;
  const start = s["y_start"]! * C;
  for (let i = 0; i < count; i++) {
    const from = i + shift;
    y![start + i] = from >= 0 && from < end ? x![from]! : 0;
  }
});

/** Records y[yStart + r] = x[r + xStart - xBack] for r < count; zero where that is no row of x. */
function launchCopy(
  rec: Recorder,
  x: Tensor,
  y: Tensor,
  at: {
    readonly count: number;
    readonly xStart?: number | Scalar;
    readonly xBack?: number | Scalar;
    readonly yStart?: number;
  },
): void {
  const { R, C } = dims({ x: "R C", y: "S C" }, { x, y });
  rec.launch({
    kernel: COPY_ROWS,
    operands: { x, y },
    scalars: {
      count: at.count * C,
      columns: C,
      x_rows: R,
      x_start: at.xStart ?? 0,
      x_back: at.xBack ?? 0,
      y_start: at.yStart ?? 0,
    },
    workgroups: elementwiseWorkgroups(rec, at.count * C),
  });
}

const concatOp = defineOp<{ a: Tensor; b: Tensor }, { y: Tensor }, Record<string, never>>({
  name: "concat_rows",
  infer(inputs) {
    const { Ra, Rb, C } = dims({ a: "Ra C", b: "Rb C" }, inputs);
    return { y: like(inputs.a, [Ra + Rb, C]) };
  },
  forward(rec, { a, b }, { y }) {
    launchCopy(rec, a, y, { count: a.shape[0]! });
    launchCopy(rec, b, y, { count: b.shape[0]!, yStart: a.shape[0]! });
  },
  vjp(rec, { inputs: { a, b }, wants }, { y: dy }) {
    if (dy === undefined) return {};
    const [Ra, Rb] = [a.shape[0]!, b.shape[0]!];
    return {
      a: wants("a") ? sliceOp(rec, { x: dy }, { start: 0, count: Ra }).y : undefined,
      b: wants("b") ? sliceOp(rec, { x: dy }, { start: Ra, count: Rb }).y : undefined,
    };
  },
  cost: ({ a, b }) => ({ flops: 0, bytes: 2 * bytesOf(a, b) }),
});

type Slice = { readonly start: number | Scalar; readonly count: number };

const padOp = defineOp<{ x: Tensor }, { y: Tensor }, Slice>({
  name: "pad_rows",
  infer: ({ x }, { count }) => ({ y: like(x, [count, x.shape[1]!]) }),
  forward: (rec, { x }, { y }, { start, count }) => launchCopy(rec, x, y, { count, xBack: start }),
  cost: ({ x }, { count }) => ({
    flops: 0,
    bytes: bytesOf(x) + bytesPer(x.dtype) * count * x.shape[1]!,
  }),
});

const sliceOp = defineOp<{ x: Tensor }, { y: Tensor }, Slice>({
  name: "slice_rows",
  infer(inputs, { start, count }) {
    const { R, C } = dims({ x: "R C" }, inputs);
    if (count > R || typeof start === "number" && start + count > R) {
      throw new ShapeError(
        `Cannot slice "${inputs.x.label}" [${inputs.x.shape}]: ${count} rows from ${
          typeof start === "number" ? start : start.label
        } are asked for`,
      );
    }
    return { y: like(inputs.x, [count, C]) };
  },
  forward: (rec, { x }, { y }, { start, count }) => launchCopy(rec, x, y, { count, xStart: start }),
  vjp: (rec, { inputs: { x }, attrs: { start } }, { y: dy }) => ({
    x: dy && padOp(rec, { x: dy }, { start, count: x.shape[0]! }).y,
  }),
  cost: ({ x }, { count }) => ({
    flops: 0,
    bytes: 2 * bytesPer(x.dtype) * count * x.shape[1]!,
  }),
});

/**
 * The rows of `a`, then those of `b`: [Ra, C] and [Rb, C] -> [Ra + Rb, C].
 *
 * @throws {ShapeError} when the columns differ
 * @example
 * ```ts
 * import { concat, slice } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("memory", (rec) => {
 *   const memory = rec.input("memory", [2, 1], "f32");
 *   const hidden = rec.input("hidden", [2, 1], "f32");
 *   const keys = concat(rec, memory, hidden);
 *   const next = slice(rec, keys, { start: 2, count: 2 });
 *   return { inputs: { memory, hidden }, outputs: { keys, next } };
 * });
 * plan.run({ memory: Float32Array.of(1, 2), hidden: Float32Array.of(3, 4) });
 * const { keys, next } = await plan.read("keys", "next");
 * assertEquals([[...keys], [...next]], [[1, 2, 3, 4], [3, 4]]);
 * ```
 */
export function concat(rec: Recorder, a: Tensor, b: Tensor): Tensor {
  return concatOp(rec, { a, b }, {}).y;
}

/**
 * Rows `start` to `start + count` of x [R, C], [count, C]. The derivative pads with zeros. A start
 * given at every run must leave `count` rows; rows past the end read as zero.
 *
 * @throws {ShapeError} when x has too few rows
 */
export function slice(
  rec: Recorder,
  x: Tensor,
  slice: { readonly start: number | Scalar; readonly count: number },
): Tensor {
  return sliceOp(rec, { x }, slice).y;
}

/**
 * Records `target[i] = x[start + i]` for every row of target, in place: the update of a memory. Rows
 * past the end of x become zero. No derivative.
 *
 * @throws {ShapeError} when the columns differ
 */
export function copyRows(rec: Recorder, target: Tensor, x: Tensor, start: number | Scalar): void {
  const from = rec.commands.length;
  launchCopy(rec, x, target, { count: target.shape[0]!, xStart: start });
  rec.nodes.push({
    name: "copy_rows",
    inputs: { x },
    outputs: {},
    commands: [from, rec.commands.length],
    cost: { flops: 0, bytes: 2 * bytesOf(target) },
    vjp: undefined,
  });
}
