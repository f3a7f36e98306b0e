/**
 * Host-computed inputs of a segment: padded ids, ids grouped for the embedding gradient, targets
 * split by cluster, and lengths. The host knows the ids, so the device computes none of this.
 *
 * @module
 */
import { IGNORED } from "@transformer-xl/kernels";
import type { PlanInputs, Recorder, RunValues, Scalar } from "@transformer-xl/runtime/core";
import { clustersOf } from "./clusters.ts";
import { hasAbsolutePositions, type Lengths, type ModelConfig } from "../config.ts";
import { filledValues, InputFields } from "./input_fields.ts";
import type { Memory } from "../memory.ts";
import type { Segment } from "../text/batches/batches.ts";
import { SampleInputs } from "./sample_inputs.ts";
import type { ClusterTables } from "./tables.ts";
import { TargetInputs } from "./target_inputs.ts";
import { ClusteredTokens, type TokenInputs, WholeTokens } from "./token_inputs.ts";

/** Scalars of a run that are not part of the segment. */
export interface RunNumbers {
  /** Batch chunks of the step: the loss is their mean. */
  readonly chunks: number;
  /** Seed of all masks and samples. */
  readonly seed: number;
  /** Optimizer step, from 0. */
  readonly step: number;
  /** Stream of masks and samples: the batch chunk. */
  readonly stream: number;
}

/** Options of the inputs of a recording. */
export interface InputOptions {
  /**
   * N: losses are estimated with about this many sampled words, for training; the whole softmax when
   * absent.
   */
  readonly samples?: number;
}

/** Inputs of one recording, and their values for a segment. */
export class BatchInputs {
  /** Everything, for the plan. */
  readonly inputs: PlanInputs;
  /** Tokens. */
  readonly tokens: TokenInputs;
  /** Targets. */
  readonly targets: TargetInputs;
  /** Sampled words; undefined where the softmax is whole. */
  readonly samples: SampleInputs | undefined;
  /** Valid memory rows. */
  readonly validMemory: Scalar;
  /** Last row of [memory; input] that is not padding, for absolute positions; else undefined. */
  readonly newestRow: Scalar | undefined;
  /** First row of [memory; input] that the next memory keeps, times B. */
  readonly memoryStart: Scalar;
  /** First hidden row with a target, times B. */
  readonly targetStart: Scalar;
  /** 1 / (targets of the step): gradient of the loss with respect to each nll. */
  readonly weight: Scalar;
  /** Numbers of the dropout masks. */
  readonly random: { readonly seed: Scalar; readonly step: Scalar; readonly stream: Scalar };
  readonly #lengths: Lengths;

  /**
   * Declares the inputs.
   *
   * @throws {ConfigError} when the softmax cannot be sampled
   */
  constructor(
    rec: Recorder,
    config: ModelConfig,
    tables: readonly ClusterTables[],
    lengths: Lengths,
    { samples }: InputOptions = {},
  ) {
    const { batchSize: B, tgtLen: T, extLen: E } = lengths;
    const fields = new InputFields(rec);
    this.#lengths = lengths;
    this.tokens = config.divVal === 1
      ? new WholeTokens(fields, (T + E) * B, tables)
      : new ClusteredTokens(fields, (T + E) * B, tables);
    this.targets = new TargetInputs(fields, T * B, clustersOf(config));
    this.samples = samples === undefined
      ? undefined
      : new SampleInputs(fields, T * B, config, tables[0]!, samples);
    this.validMemory = fields.number("valid memory");
    this.newestRow = hasAbsolutePositions(config) ? fields.number("newest row") : undefined;
    this.memoryStart = fields.number("memory start");
    this.targetStart = fields.number("target start");
    this.weight = fields.number("weight");
    this.random = {
      seed: fields.number("seed"),
      step: fields.number("step"),
      stream: fields.number("stream"),
    };
    this.inputs = fields.inputs;
  }

  /**
   * Counts of a segment with these shares of tokens per cluster, by input name, for estimates of
   * work.
   */
  expectedCounts(shares: readonly number[]): Record<string, number> {
    const { batchSize: B, tgtLen: T, extLen: E } = this.#lengths;
    const counts: Record<string, number> = {};
    const tokens = this.tokens.kind === "whole" ? [] : this.tokens.clusters;
    shares.forEach((share, i) => {
      const [token, tail] = [tokens[i], this.targets.tails[i - 1]];
      if (token !== undefined) counts[token.count.label] = share * (T + E) * B;
      if (tail !== undefined) counts[tail.count.label] = share * T * B;
    });
    return counts;
  }

  /** Values for a segment; `memory` is the state before it. */
  values(segment: Segment, memory: Memory, numbers: RunNumbers): RunValues<PlanInputs> {
    return { ...this.prepare(segment, numbers), ...this.memoryValues(memory, segment.rows) };
  }

  /**
   * The values that do not depend on the memory, so that they can be computed while the segment
   * before this one runs. They are nearly all of the work: ids are sorted and split by cluster.
   */
  prepare(segment: Segment, numbers: RunNumbers): RunValues<PlanInputs> {
    const { batchSize: B, tgtLen: T, extLen: E, memLen: M } = this.#lengths;
    return filledValues((set) => {
      if (this.newestRow !== undefined) set(this.newestRow, M + segment.rows - 1);
      set(this.targetStart, (segment.rows - segment.targetRows) * B);
      set(this.weight, 1 / (segment.targetRows * B * numbers.chunks));
      set(this.random.seed, numbers.seed);
      set(this.random.step, numbers.step);
      set(this.random.stream, numbers.stream);
      this.tokens.fill(set, padded(segment.inputs, (T + E) * B));
      const targets = padded(segment.targets, T * B);
      this.targets.fill(set, targets);
      this.samples?.fill(set, targets, numbers);
    });
  }

  /** The other values, of the state of `memory` before a segment of `rows` input rows. */
  memoryValues(memory: Memory, rows: number): RunValues<PlanInputs> {
    return filledValues((set) => {
      set(this.validMemory, memory.validRows);
      set(this.memoryStart, memory.keptRows(rows) * this.#lengths.batchSize);
    });
  }
}

/** Rows past the end are padding: no embedding, no target. */
function padded(ids: Uint32Array, size: number): Uint32Array<ArrayBuffer> {
  const whole = new Uint32Array(size).fill(IGNORED);
  whole.set(ids);
  return whole;
}
