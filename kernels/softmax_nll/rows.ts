/**
 * The two kernels that a vocabulary softmax needs around its matrix products: one walks the rows of
 * a chunk of logits, one sums the columns of their gradient.
 *
 * @module
 */
import { kernel, type Recorder, type Scalar, type Tensor } from "@transformer-xl/runtime";
import { type Extent, scalarOfExtent } from "../matmul/launch.ts";
import { IGNORED } from "./ignored.ts";
import biasSource from "./bias_gradient.wgsl" with { type: "text" };
import exactExp from "../exp.wgsl" with { type: "text" };
import rowSource from "./softmax_row.wgsl" with { type: "text" };

type Fields<K extends string> = { readonly [F in K]: number };

const SOFTMAX_ROW = kernel(
  "softmax_row",
  exactExp + rowSource,
  ({ targets, logits, nll, loss_scale: lossScale }, s) => {
    const { rows, base, columns, stride, differentiate } = s as Fields<
      "rows" | "base" | "columns" | "stride" | "differentiate"
    >;
    const weight = s["weight"]! * lossScale![0]!;
    for (let row = 0; row < rows; row++) {
      const begin = row * stride;
      const goal = targets![base + row]!;
      if (goal === IGNORED) {
        nll![base + row] = 0;
        if (differentiate) logits!.fill(0, begin, begin + columns);
        continue;
      }
      let largest = -Infinity;
      for (let v = begin; v < begin + columns; v++) largest = Math.max(largest, logits![v]!);
      let sum = 0;
      for (let v = begin; v < begin + columns; v++) sum += Math.exp(logits![v]! - largest);
      nll![base + row] = Math.log(sum) + (largest - logits![begin + goal]!);
      if (!differentiate) continue;
      const factor = weight / sum;
      const atGoal = factor * Math.exp(logits![begin + goal]! - largest) - weight;
      for (let v = begin; v < begin + columns; v++) {
        logits![v] = factor * Math.exp(logits![v]! - largest);
      }
      logits![begin + goal] = atGoal;
    }
  },
);

const BIAS_GRADIENT = kernel("bias_gradient", biasSource, ({ dlogits, dbias }, s) => {
  const { rows, columns, stride, first } = s as Fields<
    "rows" | "columns" | "stride" | "first"
  >;
  const sum = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    const begin = first + row * stride;
    for (let c = 0; c < columns; c++) sum[c]! += dlogits![begin + c]!;
  }
  for (let c = 0; c < columns; c++) dbias![c]! += sum[c]!;
});

/** A chunk of rows of one softmax. */
export interface LogitsChunk {
  /** [chunk, stride]. */
  readonly logits: Tensor;
  /** First row of the chunk within hidden, targets and nll. */
  readonly base: number;
  /** Rows of the chunk that take part. */
  readonly rows: Extent;
  /** Columns that count. */
  readonly columns: number;
  /** Elements between rows. */
  readonly stride: number;
}

/** Records nll of a chunk; with `differentiate`, the logits become their gradient in place. */
export function launchSoftmaxRows(
  rec: Recorder,
  { logits, base, rows, columns, stride }: LogitsChunk,
  options: {
    readonly targets: Tensor;
    readonly nll: Tensor;
    readonly weight: Scalar | number;
    readonly lossScale: Tensor;
    readonly differentiate: boolean;
  },
): void {
  const { targets, nll, weight, lossScale, differentiate } = options;
  rec.launch({
    kernel: SOFTMAX_ROW,
    operands: { targets, logits, nll, loss_scale: lossScale },
    // On a CPU a workgroup of eight lanes is one vector, and its barriers are almost free.
    constants: { LANES: rec.limits.adapterClass === "cpu" ? 8 : 256 },
    scalars: {
      rows: scalarOfExtent(rows),
      base,
      columns,
      stride,
      weight,
      differentiate: differentiate ? 1 : 0,
    },
    workgroups: [typeof rows === "number" ? rows : { ...rows, per: 1 }],
  });
}

/** Records `dbias[c] += sum_r dlogits[r, first + c]`; an empty chunk costs nothing. */
export function launchBiasGradient(
  rec: Recorder,
  { logits, rows, stride }: LogitsChunk,
  first: number,
  dbias: Tensor,
): void {
  rec.launch({
    kernel: BIAS_GRADIENT,
    operands: { dlogits: logits, dbias },
    scalars: { rows: scalarOfExtent(rows), columns: dbias.size, stride, first },
    workgroups: [
      Math.ceil(dbias.size / 32),
      typeof rows === "number" ? 1 : { scalar: rows.scalar, per: rows.capacity },
    ],
  });
}
