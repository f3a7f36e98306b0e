/**
 * Head of the model that estimates the losses of targets with a sample of the vocabulary, for
 * training; evaluations take the whole softmax (`adaptive_softmax.ts`), whose weights these are.
 *
 * @module
 */
import { matmul, sampledSoftmax } from "@transformer-xl/kernels";
import type { Recorder, Tensor } from "@transformer-xl/runtime/core";
import type { LossOptions, TokenLosses } from "./adaptive_softmax.ts";
import type { SampleInputs } from "./sample_inputs.ts";
import type { ClusterTables } from "./tables.ts";
import type { TargetInputs } from "./target_inputs.ts";

/** Records the estimated losses of hidden rows, [T B, D]. */
export function sampledLosses(
  rec: Recorder,
  hidden: Tensor,
  targets: TargetInputs,
  samples: SampleInputs,
  { softmax, softmaxProjection }: ClusterTables,
  options: LossOptions,
): TokenLosses {
  const narrow = softmaxProjection ? matmul(rec, hidden, softmaxProjection) : hidden;
  const nll = sampledSoftmax(rec, narrow, {
    blocks: softmax,
    targets: targets.head,
    samples: samples.ids,
    count: samples.count,
    groups: { targets: samples.targetGroups, samples: samples.groups },
    logExpected: samples.words.logExpected,
    ...options,
  }); // [R]
  return { nll: rec.alias(nll, [nll.size, 1]), parts: [nll] };
}
