/**
 * The launches of cross-entropy apart from its matrix products.
 *
 * @module
 */
import type { Recorder, Scalar, Tensor } from "@transformer-xl/runtime/core";
import { type Extent, scalarOfExtent } from "../matmul/launch.ts";
import { BIAS_GRADIENT, SOFTMAX_ROW } from "./kernels.ts";

/** A chunk of rows of one softmax. */
export interface LogitsChunk {
  /** [chunk, stride]. */
  readonly logits: Tensor;
  /** First row of the chunk within hidden, targets and nll. */
  readonly base: number;
  /** Number of rows used in the chunk. */
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

/** Lanes of a column on a GPU: one lane would wait for 1,536 rows in turn. */
const BIAS_LANES = 8;

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
    constants: { LANES: rec.limits.adapterClass === "cpu" ? 1 : BIAS_LANES },
    scalars: { rows: scalarOfExtent(rows), columns: dbias.size, stride, first },
    threads: [
      dbias.size,
      typeof rows === "number" ? 1 : { scalar: rows.scalar, per: rows.capacity },
    ],
  });
}
