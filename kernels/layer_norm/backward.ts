/**
 * The derivative of norms of rows, which layer norm and the norm of a residual sum share.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  like,
  type Recorder,
  type Spec,
  type Tensor,
  type VjpSite,
} from "@transformer-xl/runtime/core";
import { columnSums, type Partials, reservePartials, SUM_BLOCK } from "../sum_rows/column_sums.ts";
import { drawn, itemsOf, launchRows, type PhiloxDropout } from "./launches.ts";

/** What has reached the norm, and what it kept. */
export type NormCotangent = {
  /** [R, D]. */
  readonly dy: Tensor;
  /** [R, D]: the rows that were normalised. */
  readonly z: Tensor;
  /** [R, 2]: mean and rstd of every row. */
  readonly stats: Tensor;
};

/**
 * Cotangents of z, and of what was dropped before the sum. `skip`, the cotangent of other uses of the
 * last rows of z, is added, and only those rows have a cotangent.
 */
export const normBackward = defineOp<
  NormCotangent & { readonly gain: Tensor; readonly skip: Tensor | undefined },
  { dz: Tensor; dx: Tensor | undefined },
  { readonly dropout: PhiloxDropout | undefined }
>({
  name: "layer_norm_backward",
  infer: ({ z, skip = z }, { dropout }) =>
    ({ dz: like(skip), ...(dropout && { dx: like(skip) }) }) as Record<"dz" | "dx", Spec>,
  forward(rec, { dy, z, gain, stats, skip }, { dz, dx }, { dropout }) {
    const { rows, columns, kernels } = itemsOf(dz);
    const [plain, dropped] = skip === undefined
      ? [kernels.backward, kernels.droppedBackward]
      : [kernels.addedBackward, kernels.addedDroppedBackward];
    launchRows(
      rec,
      dropout ? dropped : plain,
      { dy, z, gain, stats, dz, ...(dx && { dx }), ...(skip && { skip }) },
      { rows, columns, ...(skip && { first: z.shape[0]! - rows }), ...drawn(dropout) },
    );
  },
  cost({ z, gain, stats, skip }, { dropout }) {
    const dz = skip ?? z;
    return {
      flops: (skip ? 13 : 12) * dz.size,
      bytes: bytesOf(dz, dz, gain, stats, dz, skip, dropout && dz),
    };
  },
});

/** Records the gradients of gain and bias. */
export function gainGradients(
  rec: Recorder,
  of: NormCotangent,
  { inputs: { gain }, wants, gradients }: Pick<
    VjpSite<{ gain: Tensor; bias: Tensor }, never, never>,
    "inputs" | "wants" | "gradients"
  >,
): { readonly gain?: Tensor | undefined; readonly bias?: Tensor | undefined } {
  if (!wants("gain") && !wants("bias")) return {};
  const partials = gainPartials(rec, of);
  const total = (name: "gain" | "bias") =>
    wants(name) ? columnSums(rec, partials[name], gradients[name], gain.dtype) : undefined;
  return { gain: total("gain"), bias: total("bias") };
}

/** Records the sums of blocks of rows that make up the gradients of gain and bias. */
function gainPartials(
  rec: Recorder,
  { dy, z, stats }: NormCotangent,
): { readonly gain: Partials; readonly bias: Partials } {
  const { rows, columns, kernels } = itemsOf(z);
  const D = z.shape[1]!;
  const gain = reservePartials(rec, rows, D);
  const bias = reservePartials(rec, rows, D);
  const items = D / columns;
  const cost = { flops: 5 * z.size, bytes: bytesOf(dy, z, stats) };
  rec.node("layer_norm_gain", { inputs: { dy, z, stats }, cost }, () => {
    rec.launch({
      kernel: kernels.gainPartials,
      operands: { dy, z, stats, partials: bias.memory },
      scalars: {
        rows,
        columns,
        block: SUM_BLOCK,
        gain_at: gain.at / items,
        bias_at: bias.at / items,
      },
      threads: [columns, gain.blocks],
    });
  });
  return { gain, bias };
}
