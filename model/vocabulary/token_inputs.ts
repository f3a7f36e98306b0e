/**
 * Inputs of the embedding: padded ids, split by cluster where the tables have different widths, and
 * grouped by id for the gradient.
 *
 * @module
 */
import { groupByToken, splitByCluster, type TokenGroups } from "@transformer-xl/kernels";
import type { Input, Scalar } from "@transformer-xl/runtime/core";
import type { InputFields, SetValue } from "./input_fields.ts";
import type { ClusterTables, EmbeddingRange } from "./tables.ts";

/** Consecutive ids of a table. */
type IdRange = Pick<EmbeddingRange, "from" | "rows">;

/** The groups of one array of ids. */
export class GroupInputs implements TokenGroups {
  /** See {@link TokenGroups.order}. */
  readonly order: Input<"u32">;
  /** See {@link TokenGroups.starts}. */
  readonly starts: Input<"u32">;
  /** See {@link TokenGroups.distinct}. */
  readonly distinct: Input<"u32">;
  /** See {@link TokenGroups.ranges}. */
  readonly ranges: readonly { readonly first: Scalar; readonly count: Scalar }[];
  readonly #tables: readonly IdRange[];

  /** Declares the inputs for `rowCount` ids. */
  constructor(
    fields: InputFields,
    label: string,
    rowCount: number,
    tables: readonly IdRange[],
  ) {
    this.#tables = tables;
    this.order = fields.integers(`${label} order`, rowCount);
    this.starts = fields.integers(`${label} starts`, rowCount + 1);
    this.distinct = fields.integers(`${label} distinct`, rowCount);
    this.ranges = tables.map((_, n) => ({
      first: fields.number(`${label} first ${n}`),
      count: fields.number(`${label} count ${n}`),
    }));
  }

  /** Sets the inputs for padded `ids`. */
  fill(set: SetValue, ids: Uint32Array): void {
    const { order, starts, distinct, ranges } = groupByToken(ids, this.#tables);
    set(this.order, order);
    set(this.starts, starts);
    set(this.distinct, distinct);
    this.ranges.forEach(({ first, count }, n) => {
      set(first, ranges[n]!.first);
      set(count, ranges[n]!.count);
    });
  }
}

/** Ids of tables that are equally wide. */
export class WholeTokens {
  /** Tells it from {@link ClusteredTokens}. */
  readonly kind = "whole" as const;
  /** Ids of the batch, [Q B]. */
  readonly ids: Input<"u32">;
  /** The ids grouped for the gradient. */
  readonly groups: TokenGroups;
  readonly #groups: GroupInputs;

  /** Declares the inputs for `rowCount` tokens. */
  constructor(fields: InputFields, rowCount: number, tables: readonly ClusterTables[]) {
    const ranges = tables.flatMap(({ embedding }) => embedding);
    this.ids = fields.integers("ids", rowCount);
    this.groups = this.#groups = new GroupInputs(fields, "ids", rowCount, ranges);
  }

  /** Sets the inputs for padded `ids`. */
  fill(set: SetValue, ids: Uint32Array<ArrayBuffer>): void {
    set(this.ids, ids);
    this.#groups.fill(set, ids);
  }
}

/** Tokens of one cluster. */
export interface ClusterTokens {
  /** Ids of the cluster's tokens, [Q B] of which `count` are used. */
  readonly ids: Input<"u32">;
  /** Their rows in the batch. */
  readonly rows: Input<"u32">;
  /** How many there are. */
  readonly count: Scalar;
  /** The ids grouped for the gradient. */
  readonly groups: TokenGroups;
}

/** Ids split by cluster. */
export class ClusteredTokens {
  /** Tells it from {@link WholeTokens}. */
  readonly kind = "clustered" as const;
  /** Q B. */
  readonly rowCount: number;
  /** The tokens of every cluster. */
  readonly clusters: readonly ClusterTokens[];
  readonly #groups: readonly GroupInputs[];
  readonly #bounds: readonly number[];

  /** Declares the inputs for `rowCount` tokens. */
  constructor(fields: InputFields, rowCount: number, tables: readonly ClusterTables[]) {
    this.rowCount = rowCount;
    this.#bounds = tables.map(({ cluster }) => cluster.to);
    const clusters = tables.map(({ embedding }, i) => ({
      ids: fields.integers(`ids ${i}`, rowCount),
      rows: fields.integers(`id rows ${i}`, rowCount),
      count: fields.number(`id count ${i}`),
      groups: new GroupInputs(fields, `ids ${i}`, rowCount, embedding),
    }));
    this.clusters = clusters;
    this.#groups = clusters.map(({ groups }) => groups);
  }

  /** Sets the inputs for padded `ids`. */
  fill(set: SetValue, ids: Uint32Array<ArrayBuffer>): void {
    const split = splitByCluster(ids, this.#bounds);
    this.clusters.forEach((cluster, i) => {
      set(cluster.ids, split.ids[i]!);
      set(cluster.rows, split.rows[i]!);
      set(cluster.count, split.counts[i]!);
      this.#groups[i]!.fill(set, split.ids[i]!);
    });
  }
}

/** Embedding inputs. */
export type TokenInputs = WholeTokens | ClusteredTokens;
