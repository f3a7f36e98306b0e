/**
 * Host-computed inputs of a segment: padded ids, ids grouped for the embedding gradient, targets
 * split by cluster, and lengths. The host knows the ids, so the device computes none of this.
 *
 * @module
 */
import { groupByToken, IGNORED, splitByCluster, type TokenGroups } from "@transformer-xl/kernels";
import type { Input, PlanInputs, Recorder, RunValues, Scalar } from "@transformer-xl/runtime/core";
import { type Cluster, clustersOf } from "./clusters.ts";
import type { Lengths, ModelConfig } from "../config.ts";
import type { Memory } from "../memory.ts";
import type { Segment } from "../text/batches/batches.ts";
import type { ClusterTables } from "./tables.ts";

/** Embedding inputs of a cluster. */
export type TokenInputs =
  | { readonly kind: "whole"; readonly ids: Input<"u32">; readonly segments: TokenGroups }
  | {
    readonly kind: "clustered";
    /** Q B. */
    readonly rowCount: number;
    readonly clusters: readonly {
      /** Ids of the cluster's tokens. */
      readonly ids: Input<"u32">;
      /** Their rows in the batch. */
      readonly rows: Input<"u32">;
      /** How many there are. */
      readonly count: Scalar;
      readonly segments: TokenGroups;
    }[];
  };

/** Softmax inputs. */
export interface TargetInputs {
  /** Head column per target row, [T B]. */
  readonly head: Input<"u32">;
  /** Per tail: its rows, how many, and their columns inside the tail. */
  readonly tails: readonly {
    readonly rows: Input<"u32">;
    readonly count: Scalar;
    readonly columns: Input<"u32">;
  }[];
}

/** Scalars of a run that are not part of the segment. */
export interface RunNumbers {
  /** Batch chunks of the step: the loss is their mean. */
  readonly chunks: number;
  /** Seed of all masks. */
  readonly seed: number;
  /** Optimizer step, from 0. */
  readonly step: number;
  /** Stream of masks: the batch chunk. */
  readonly stream: number;
}

type Values = Record<string, number | Uint32Array<ArrayBuffer>>;

/** Inputs of one recording, and their values for a segment. */
export class BatchInputs {
  /** Everything, for the plan. */
  readonly inputs: PlanInputs;
  /** Tokens. */
  readonly tokens: TokenInputs;
  /** Targets. */
  readonly targets: TargetInputs;
  /** Valid memory rows. */
  readonly validMemory: Scalar;
  /** First row of [memory; input] that the next memory keeps, times B. */
  readonly memoryStart: Scalar;
  /** First hidden row with a target, times B. */
  readonly targetStart: Scalar;
  /** 1 / (targets of the step): gradient of the loss with respect to each nll. */
  readonly weight: Scalar;
  /** Numbers of the dropout masks. */
  readonly random: { readonly seed: Scalar; readonly step: Scalar; readonly stream: Scalar };
  readonly #lengths: Lengths;
  readonly #clusters: readonly Cluster[];
  readonly #tables: readonly ClusterTables[];

  constructor(
    rec: Recorder,
    shape: ModelConfig,
    tables: readonly ClusterTables[],
    lengths: Lengths,
  ) {
    const { batchSize: B, tgtLen: T, extLen: E } = lengths;
    this.#lengths = lengths;
    this.#clusters = clustersOf(shape);
    this.#tables = tables;
    const inputs: Record<string, Input | Scalar> = {};
    const integers = (name: string, size: number) => inputs[name] = rec.input(name, [size], "u32");
    const number = (name: string) => inputs[name] = rec.scalar(name);
    const segments = (prefix: string, R: number, rangeCount: number): TokenGroups => ({
      order: integers(`${prefix} order`, R),
      starts: integers(`${prefix} starts`, R + 1),
      distinct: integers(`${prefix} distinct`, R),
      ranges: Array.from({ length: rangeCount }, (_, n) => ({
        first: number(`${prefix} first ${n}`),
        count: number(`${prefix} count ${n}`),
      })),
    });

    const rowCount = (T + E) * B;
    this.tokens = shape.divVal === 1
      ? {
        kind: "whole",
        ids: integers("ids", rowCount),
        segments: segments("ids", rowCount, tables.flatMap(({ embedding }) => embedding).length),
      }
      : {
        kind: "clustered",
        rowCount,
        clusters: tables.map(({ embedding }, i) => ({
          ids: integers(`ids ${i}`, rowCount),
          rows: integers(`id rows ${i}`, rowCount),
          count: number(`id count ${i}`),
          segments: segments(`ids ${i}`, rowCount, embedding.length),
        })),
      };
    this.targets = {
      head: integers("head targets", T * B),
      tails: tables.slice(1).map((_, i) => ({
        rows: integers(`tail rows ${i + 1}`, T * B),
        count: number(`tail count ${i + 1}`),
        columns: integers(`tail targets ${i + 1}`, T * B),
      })),
    };
    this.validMemory = number("valid memory");
    this.memoryStart = number("memory start");
    this.targetStart = number("target start");
    this.weight = number("weight");
    this.random = { seed: number("seed"), step: number("step"), stream: number("stream") };
    this.inputs = inputs;
  }

  /**
   * Counts of a segment with these shares of tokens per cluster, by input name, for estimates of
   * work.
   */
  expectedCounts(shares: readonly number[]): Record<string, number> {
    const { batchSize: B, tgtLen: T, extLen: E } = this.#lengths;
    const counts: Record<string, number> = {};
    shares.forEach((share, i) => {
      counts[`id count ${i}`] = share * (T + E) * B;
      counts[`tail count ${i}`] = share * T * B;
    });
    return counts;
  }

  /** Values for a segment; `memory` is the state before it. */
  values(segment: Segment, memory: Memory, numbers: RunNumbers): RunValues<PlanInputs> {
    const { batchSize: B } = this.#lengths;
    const values: Values = {
      "valid memory": memory.validRows,
      "memory start": memory.keptRows(segment.rows) * B,
      "target start": (segment.rows - segment.targetRows) * B,
      weight: 1 / (segment.targetRows * B * numbers.chunks),
      seed: numbers.seed,
      step: numbers.step,
      stream: numbers.stream,
    };
    this.#tokenValues(values, segment.inputs);
    this.#targetValues(values, segment.targets);
    return values as RunValues<PlanInputs>;
  }

  #tokenValues(values: Values, inputs: Uint32Array): void {
    const { batchSize: B, tgtLen: T, extLen: E } = this.#lengths;
    const ids = padded(inputs, (T + E) * B);
    if (this.tokens.kind === "whole") {
      values["ids"] = ids;
      const ranges = this.#tables.flatMap(({ embedding }) => embedding);
      this.#segmentValues(values, "ids", ids, ranges);
      return;
    }
    const routes = splitByCluster(ids, this.#clusters.map(({ to }) => to));
    routes.ids.forEach((compact, i) => {
      values[`ids ${i}`] = compact;
      values[`id rows ${i}`] = routes.rows[i]!;
      values[`id count ${i}`] = routes.counts[i]!;
      this.#segmentValues(values, `ids ${i}`, compact, this.#tables[i]!.embedding);
    });
  }

  #segmentValues(
    values: Values,
    prefix: string,
    ids: Uint32Array,
    ranges: readonly { readonly from: number; readonly rows: number }[],
  ): void {
    const { order, starts, distinct, ranges: spans } = groupByToken(ids, ranges);
    values[`${prefix} order`] = order;
    values[`${prefix} starts`] = starts;
    values[`${prefix} distinct`] = distinct;
    spans.forEach(({ first, count }, n) => {
      values[`${prefix} first ${n}`] = first;
      values[`${prefix} count ${n}`] = count;
    });
  }

  #targetValues(values: Values, targets: Uint32Array): void {
    const { batchSize: B, tgtLen: T } = this.#lengths;
    const ids = padded(targets, T * B);
    const head = ids.slice();
    const { rows, counts } = splitByCluster(ids, this.#clusters.map(({ to }) => to));
    const headSize = this.#clusters[0]!.to + this.#clusters.length - 1;
    for (let i = 1; i < this.#clusters.length; i++) {
      const columns = new Uint32Array(ids.length).fill(IGNORED);
      for (let n = 0; n < counts[i]!; n++) {
        const row = rows[i]![n]!;
        columns[n] = ids[row]! - this.#clusters[i]!.from;
        head[row] = headSize - i; // the reference's reversed cluster columns
      }
      values[`tail rows ${i}`] = rows[i]!;
      values[`tail count ${i}`] = counts[i]!;
      values[`tail targets ${i}`] = columns;
    }
    values["head targets"] = head;
  }
}

/** Rows past the end are padding: no embedding, no target. */
function padded(ids: Uint32Array, size: number): Uint32Array<ArrayBuffer> {
  const whole = new Uint32Array(size).fill(IGNORED);
  whole.set(ids);
  return whole;
}
