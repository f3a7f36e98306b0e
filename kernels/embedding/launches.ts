/**
 * The launches of embedding, which ops that look up rows of a vocabulary record too.
 *
 * @module
 */
import type { Count, Recorder, Scalar, Tensor } from "@transformer-xl/runtime/core";
import { EMBEDDING, EMBEDDING_GRADIENT } from "./kernels.ts";

/** Positions of a batch grouped by id on the host, as inputs of a plan. See `groupByToken`. */
export interface TokenGroups {
  /** u32 [R]: positions sorted by (id, position). */
  readonly order: Tensor;
  /** u32 [R + 1]: start of each group in `order`. */
  readonly starts: Tensor;
  /** u32 [R]: id of each group, ascending. */
  readonly distinct: Tensor;
  /** Groups that fall into each table range, in the order of the tables. */
  readonly ranges: readonly { readonly first: Scalar; readonly count: Scalar }[];
}

/** A range of a table whose rows have `width` elements. */
export interface RowTable {
  /** Its elements. */
  readonly table: Tensor;
  /** Id of its first row. */
  readonly from: number;
  /** Rows of ids, from the first. */
  readonly rows: number;
  /** Elements of a row. */
  readonly width: number;
}

/** Options of {@link launchEmbedding}. */
interface Lookup {
  readonly scale?: number;
  /** Ids that are looked up, from the first; all by default. */
  readonly count?: Scalar | undefined;
}

/** Records `y[n] = scale * table[ids[n]]` of the ids of all ranges; zero rows for any other id. */
export function launchEmbedding(
  rec: Recorder,
  ids: Tensor,
  tables: readonly RowTable[],
  y: Tensor,
  { scale = 1, count }: Lookup = {},
): void {
  tables.forEach(({ table, from, rows, width }, i) =>
    rec.launch({
      kernel: EMBEDDING,
      operands: { ids, table, y },
      scalars: {
        positions: count ?? ids.size,
        rows,
        width,
        first_id: from,
        scale,
        zero_others: i === 0 ? 1 : 0,
      },
      workgroups: [walkers(rec, count ?? ids.size, ids.size)],
    })
  );
}

/** Records `dtable[id] += scale * sum of dy` over the groups of table range `range`. */
export function launchEmbeddingGradient(
  rec: Recorder,
  { order, starts, distinct, ranges }: TokenGroups,
  range: number,
  dy: Tensor,
  { table: dtable, from, width }: Omit<RowTable, "rows">,
  scale = 1,
): void {
  const { first, count } = ranges[range]!;
  rec.launch({
    kernel: EMBEDDING_GRADIENT,
    operands: { order, starts, distinct, dy, dtable },
    scalars: { first, groups: count, width, first_id: from, scale },
    workgroups: [walkers(rec, count, order.size), Math.ceil(width / 256)],
  });
}

/** One workgroup per item, or the maximum of a dispatch; each then processes several items. */
function walkers(rec: Recorder, items: Scalar | number, capacity: number): Count {
  const per = Math.max(1, Math.ceil(capacity / rec.limits.maxWorkgroups));
  return typeof items === "number" ? Math.ceil(items / per) : { scalar: items, per };
}
