/**
 * Layer norm of a residual sum that has other uses, as pre-norm networks have it, and of the rows of a
 * memory above it:
 *
 *     sum = drop(x) + residual,  rows = [memory; sum],  y = gain * (rows - mean) * rstd + bias
 *     dresidual = dsum + the cotangent of the last rows through the norm,  dx = drop(dresidual)
 *
 * Gain and bias have gradients from all rows, the memory has none. The derivative adds the cotangent
 * of the other uses and draws the dropout in the kernel of the norm.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  dims,
  f32,
  like,
  type Recorder,
  type Shape,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { type Dropout, dropout as drop } from "../dropout/mod.ts";
import { gainGradients, normBackward } from "../layer_norm/backward.ts";
import {
  drawn,
  drawnInRows,
  EPS,
  itemsOf,
  launchRows,
  type PhiloxDropout,
} from "../layer_norm/launches.ts";
import { itemWidth } from "../shared/items/item_width.ts";
import { RESIDUAL_SUM } from "./kernels.ts";

/** Rows above a residual sum. */
export interface RowsAbove {
  /** [Rm, D]. They have no gradient. */
  readonly memory: Tensor;
  /** [Rm + R, D]: where they are the first rows already, below which the sum is written. */
  readonly into?: Tensor | undefined;
}

/** Options of {@link residualNorm}. */
export interface ResidualNormOptions {
  /** Of x, before the residual is added. */
  readonly dropout?: Dropout | undefined;
  /** Rows that are normalised too. */
  readonly above?: RowsAbove | undefined;
  /** Added to the variance, 1e-5 by default. */
  readonly eps?: number;
}

/** A residual sum and its norm. */
export interface ResidualNorm {
  /** [R, D]: drop(x) + residual. */
  readonly sum: Tensor;
  /** [Rm + R, D]: the sum below the rows above it. No gradient flows through it. */
  readonly rows: Tensor;
  /** [Rm + R, D]: its norm. */
  readonly y: Tensor;
}

type In = {
  readonly x: Tensor;
  readonly residual: Tensor;
  readonly memory: Tensor | undefined;
  readonly gain: Tensor;
  readonly bias: Tensor;
};
type Out = { readonly y: Tensor; readonly sum: Tensor; readonly stats: Tensor; rows?: Tensor };
type Attrs = {
  readonly eps: number;
  readonly dropout: PhiloxDropout | undefined;
  /** The tensor whose first rows the memory is. */
  readonly into: Tensor | undefined;
};

/** Records sum = drop(x) + residual, and rows = [memory; sum]. */
function launchSum(
  rec: Recorder,
  { x, residual, memory }: Pick<In, "x" | "residual" | "memory">,
  { sum, rows }: { readonly sum: Tensor; readonly rows: Tensor },
  { dropout, into }: Attrs,
): void {
  const D = x.shape[1]!;
  const width = itemWidth(D);
  const [count, first] = [x.size / width, (rows.size - x.size) / width];
  const kernels = RESIDUAL_SUM[width][into === undefined ? "joined" : "appended"];
  rec.launch({
    kernel: dropout === undefined ? kernels.plain : kernels.dropped,
    operands: { x, residual, sum, rows, ...(into === undefined && { memory: memory! }) },
    scalars: { count, first, ...(dropout && { columns: D / width }), ...drawn(dropout) },
    threads: Math.ceil((into === undefined ? rows.size : x.size) / 8),
  });
}

const op = defineOp<In, Out, Attrs>({
  name: "residual_norm",
  infer({ x, residual, memory, gain, bias }, { into }) {
    const axes = { x: "R D", residual: "R D", memory: "Rm D", gain: "D", bias: "D" } as const;
    const { R, Rm = 0, D } = dims(axes, { x, residual, memory, gain, bias });
    const all: Shape = [R + Rm, D];
    if (into !== undefined) dims({ into: "K D", gain: "D" }, { into, gain });
    return {
      y: like(x, all),
      sum: like(x),
      stats: f32([R + Rm, 2]),
      ...(memory && into === undefined && { rows: like(x, all) }),
    };
  },
  forward(rec, inputs, outputs, attrs) {
    const { x, residual, memory, gain, bias } = inputs;
    const { y, sum, stats } = outputs;
    const { eps, dropout, into } = attrs;
    if (memory === undefined) {
      const { rows, columns, kernels } = itemsOf(x);
      const operands = { x, gain, bias, y, stats, residual, z: sum };
      const kernel = dropout ? kernels.dropped : kernels.residual;
      launchRows(rec, kernel, operands, { rows, columns, eps, ...drawn(dropout) });
      return;
    }
    const joined = into ?? outputs.rows!;
    launchSum(rec, inputs, { sum, rows: joined }, attrs);
    const { rows, columns, kernels } = itemsOf(joined);
    launchRows(rec, kernels.plain, { x: joined, gain, bias, y, stats }, { rows, columns, eps });
  },
  vjp(rec, site, { y, sum: dsum, rows: drows }) {
    const { inputs: { gain }, outputs, attrs: { dropout, into }, wants } = site;
    if (drows !== undefined) {
      throw new TypeError("Cannot differentiate residual_norm: its joined rows have a gradient");
    }
    if (y === undefined && dsum === undefined) return {};
    const { sum, stats } = outputs;
    const z = into ?? outputs.rows ?? sum;
    const dy = y ?? zeros(rec, outputs.y);
    const { dz, dx = dz } = wants("x") || wants("residual")
      ? normBackward(rec, { dy, z, gain, stats, skip: dsum ?? zeros(rec, sum) }, { dropout })
      : {};
    return { x: dx, residual: dz, ...gainGradients(rec, { dy, z, stats }, site) };
  },
  cost({ x, residual, memory, gain, bias }) {
    const all = x.size + (memory?.size ?? 0);
    const copied = memory === undefined ? 0 : 3 * bytesOf(memory, x);
    return { flops: 8 * all, bytes: bytesOf(x, residual, gain, bias, x, x) + copied };
  },
});

function zeros(rec: Recorder, { shape, dtype, label }: Tensor): Tensor {
  const value = rec.temporary(shape, dtype, `${label}.no_cotangent`);
  rec.clear(value);
  return value;
}

/**
 * Records `sum = drop(x) + residual` and the norm of its rows, x and residual being [R, D], with those
 * of a memory above them. What reads `into` later in the recording must come before the next write
 * into it.
 *
 * @throws {ShapeError} when the sizes differ
 * @example
 * ```ts
 * import { residualNorm } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("norm", (rec) => {
 *   const x = rec.input("x", [1, 2], "f32");
 *   const memory = rec.input("memory", [1, 2], "f32");
 *   const constant = (name: string, value: number) =>
 *     rec.constant(name, [2], "f32", new Float32Array(2).fill(value));
 *   const options = { above: { memory }, eps: 0 };
 *   const { sum, y } = residualNorm(rec, x, x, constant("gain", 1), constant("bias", 0), options);
 *   return { inputs: { x, memory }, outputs: { sum, y } };
 * });
 * plan.run({ x: Float32Array.of(3, 7), memory: Float32Array.of(6, 4) });
 * const { sum, y } = await plan.read("sum", "y");
 * assertEquals([[...sum], [...y]], [[6, 14], [1, -1, -1, 1]]);
 * ```
 */
export function residualNorm(
  rec: Recorder,
  x: Tensor,
  residual: Tensor,
  gain: Tensor,
  bias: Tensor,
  { dropout, above, eps = EPS }: ResidualNormOptions = {},
): ResidualNorm {
  const { memory, into } = above ?? {};
  if (into !== undefined && into.shape[0] !== memory!.shape[0]! + x.shape[0]!) {
    throw new ShapeError(
      `Cannot write "${x.label}" [${x.shape}] below "${memory!.label}" [${memory!.shape}]: ` +
        `"${into.label}" is [${into.shape}]`,
    );
  }
  const asked = dropout?.rate === 0 ? undefined : dropout;
  const inRows = asked && drawnInRows(x, asked);
  const branch = asked !== undefined && inRows === undefined ? drop(rec, x, asked) : x;
  const inputs = { x: branch, residual, memory, gain, bias };
  const { y, sum, rows } = op(rec, inputs, { eps, dropout: inRows, into });
  return { y, sum, rows: into === undefined ? rows ?? sum : rec.alias(into, into.shape) };
}
