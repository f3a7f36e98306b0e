/**
 * Dropout sites and their random numbers. Sites have the names of the reference (`word_emb`,
 * `l3/ff1`); a site's number keys the counter-based generator, so a mask only depends on (seed,
 * site, step, stream, element) and is the same on every device and after a restart.
 *
 * @module
 */
import { type Dropout, dropout } from "@transformer-xl/kernels";
import { hashName, type Recorder, type Scalar, type Tensor } from "@transformer-xl/runtime/core";

/** The mask of a site, or undefined without dropout. */
export type DropoutSource = (site: string, rate: number) => Dropout | undefined;

/** No dropout, for evaluation. */
export const NO_DROPOUT: DropoutSource = (): undefined => undefined;

/** Random masks from scalars set at every run. */
export function philoxDropout(
  numbers: { readonly seed: Scalar; readonly step: Scalar; readonly stream: Scalar },
): DropoutSource {
  return (site, rate) =>
    rate === 0 ? undefined : { rate, mask: { kind: "philox", ...numbers, site: hashName(site) } };
}

/** `x` with the dropout of a site, if any. */
export function dropped(
  rec: Recorder,
  x: Tensor,
  site: ReturnType<DropoutSource>,
): Tensor {
  return site === undefined ? x : dropout(rec, x, site);
}
