/**
 * Inputs of the sampled softmax: the words that a step draws, and its targets grouped for the gradient.
 *
 * @module
 */
import { IGNORED, LogUniform } from "@transformer-xl/kernels";
import {
  ConfigError,
  hashName,
  type Input,
  philox4x32,
  type Scalar,
} from "@transformer-xl/runtime/core";
import type { ModelConfig } from "../config.ts";
import type { InputFields, SetValue } from "./input_fields.ts";
import type { ClusterTables } from "./tables.ts";
import { GroupInputs } from "./token_inputs.ts";

/** Key of the random numbers, beside those of the dropout sites. */
const SITE = hashName("sampled softmax");

/** What the words of a step are drawn from: equal numbers give equal words. */
export interface SampleNumbers {
  /** Seed of the run. */
  readonly seed: number;
  /** Optimizer step, from 0. */
  readonly step: number;
  /** Batch chunk. */
  readonly stream: number;
}

/**
 * Checks that the softmax of a model can be sampled.
 *
 * @throws {ConfigError} when it has clusters, or not more words than are sampled
 */
export function checkSamples(
  { nToken, cutoffs }: Pick<ModelConfig, "nToken" | "cutoffs">,
  samples: number,
): void {
  if (cutoffs.length > 0) {
    throw new ConfigError(
      "Cannot sample an adaptive softmax: its clusters already save the work of rare words",
      { need: "a sampled or an adaptive softmax" },
    );
  }
  if (samples >= nToken) {
    throw new ConfigError(
      `Cannot sample ${samples} of ${nToken} words: fewer than all save work`,
      { need: "fewer samples" },
    );
  }
}

/** Sampled words of a recording. */
export class SampleInputs {
  /** Distribution of the words. */
  readonly words: LogUniform;
  /** Distinct words, of which `count` are used. */
  readonly ids: Input<"u32">;
  /** How many there are. */
  readonly count: Scalar;
  /** The words grouped for the gradient. */
  readonly groups: GroupInputs;
  /** The targets grouped for the gradient. */
  readonly targetGroups: GroupInputs;

  /**
   * Declares the inputs for `rowCount` targets.
   *
   * @param samples N
   * @throws {ConfigError} as {@link checkSamples}
   */
  constructor(
    fields: InputFields,
    rowCount: number,
    config: ModelConfig,
    { softmax }: ClusterTables,
    samples: number,
  ) {
    checkSamples(config, samples);
    this.words = new LogUniform(config.nToken, samples);
    const { slots } = this.words;
    let from = 0;
    const ranges = softmax.map(({ bias: { size: rows } }) => ({
      from: (from += rows) - rows,
      rows,
    }));
    this.ids = fields.integers("samples", slots);
    this.count = fields.number("sample count");
    this.groups = new GroupInputs(fields, "samples", slots, ranges);
    this.targetGroups = new GroupInputs(fields, "targets", rowCount, ranges);
  }

  /** Draws words, and sets the inputs for padded `targets`. */
  fill(set: SetValue, targets: Uint32Array, numbers: SampleNumbers): void {
    const drawn = this.words.sample(uniforms(numbers));
    const ids = new Uint32Array(this.words.slots).fill(IGNORED);
    ids.set(drawn);
    set(this.ids, ids);
    set(this.count, drawn.length);
    this.groups.fill(set, ids);
    this.targetGroups.fill(set, targets);
  }
}

/** Uniform numbers in [0, 1) with 53 bits. */
function uniforms({ seed, step, stream }: SampleNumbers): () => number {
  let drawn = 0;
  let block = new Uint32Array(4);
  return () => {
    const half = drawn % 2;
    if (half === 0) block = philox4x32([drawn / 2, step, stream, 0], [seed, SITE]);
    drawn++;
    const [high, low] = [block[2 * half]!, block[2 * half + 1]!];
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53;
  };
}
