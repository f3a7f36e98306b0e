/**
 * Rows of a table by id, and the gradient of the table.
 *
 *     y[n] = scale * table[ids[n]]            dtable[id] += scale * sum over n with that id of dy[n]
 *
 * A table may be split into ranges of rows (one binding each). The gradient is summed per distinct
 * id in the order that the host sorted: no atomics, and rows of other ids are not touched.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  defineOp,
  dims,
  like,
  type Recorder,
  type Scalar,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { launchEmbedding, launchEmbeddingGradient, type TokenGroups } from "./launches.ts";

export { groupByToken, type HostTokenGroups } from "./group_by_token.ts";
export type { TokenGroups } from "./launches.ts";
export { type ClusterSplit, splitByCluster } from "./split_by_cluster.ts";

/** Consecutive rows of a table. */
export interface TableRange {
  /** [rows, D]. */
  readonly table: Tensor;
  /** Id of its first row. */
  readonly from: number;
  /** Rows of ids, from the first; all by default. */
  readonly rows?: number;
}

/** `ids`, and the tables as `table0`, `table1`, ... */
type In = { readonly ids: Tensor; readonly [table: `table${number}`]: Tensor };
type Attrs = {
  readonly tables: readonly TableRange[];
  readonly groups: TokenGroups | undefined;
  readonly scale: number;
  readonly count: Scalar | undefined;
};

const op = defineOp<In, { y: Tensor }, Attrs>({
  name: "embedding",
  infer({ ids }, { tables, groups }) {
    const [first] = tables;
    if (first === undefined) {
      throw new ShapeError("Cannot record embedding: it has no tables, expected at least one");
    }
    for (const { table } of tables) {
      dims({ first: "V0 D", table: "V D" }, { first: first.table, table });
    }
    if (groups) {
      const { order, distinct, ranges } = groups;
      dims({ ids: "R", order: "R", distinct: "R" }, { ids, order, distinct });
      if (ranges.length !== tables.length) {
        throw new ShapeError(
          `Cannot record embedding: the token groups have ${ranges.length} ranges for ${tables.length} tables`,
        );
      }
    }
    const { R, D } = dims({ ids: "R", table: "V D" }, { ids, table: first.table });
    return { y: like(first.table, [R, D]) };
  },
  forward(rec, { ids }, { y }, { tables, scale, count }) {
    if (count) rec.clear(y);
    const ranges = tables.map(({ table, from, rows = table.shape[0]! }) => ({
      table,
      from,
      rows,
      width: table.shape[1]!,
    }));
    launchEmbedding(rec, ids, ranges, y, { scale, count });
  },
  vjp(rec, { attrs: { tables, groups, scale }, wants, gradients }, { y: dy }) {
    if (groups === undefined) {
      throw new TypeError("Cannot differentiate embedding: it was recorded without token groups");
    }
    const grads: Record<string, Tensor> = {};
    tables.forEach(({ table, from }, i) => {
      const name = `table${i}` as const;
      if (!wants(name)) return;
      if (gradients[name] === undefined) {
        grads[name] = rec.temporary(table.shape, table.dtype, `d ${table.label}`);
        rec.clear(grads[name]);
      }
      const dtable = gradients[name] ?? grads[name]!;
      const cost = { flops: dy!.size / tables.length, bytes: 3 * bytesOf(dy) / tables.length };
      rec.node("embedding_gradient", { inputs: { dy }, cost }, () => {
        const range = { table: dtable, from, width: table.shape[1]! };
        launchEmbeddingGradient(rec, groups, i, dy!, range, scale);
      });
    });
    return grads;
  },
  cost({ ids }, { tables }) {
    const { shape, dtype } = tables[0]!.table;
    const elements = ids.size * shape[1]!;
    return { flops: elements, bytes: bytesOf(ids) + 2 * bytesPer(dtype) * elements };
  },
});

/**
 * `y[n] = scale * table[ids[n] - from]`, [R] -> [R, D], from the range that holds the id. Ids that
 * no range holds (IGNORED ones) give a zero row and no gradient. With `count`, only the first
 * `count` ids are looked up and the other rows are zero. `groups`, made of the same ids, are
 * needed for the derivative only.
 *
 * The derivative adds into the rows of the ids that occur, in the order of `groups`.
 *
 * @throws {ShapeError} when sizes differ or there is no table
 * @throws {TypeError} when it is differentiated without groups
 * @example
 * ```ts
 * import { embedding, IGNORED } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("words", (rec) => {
 *   const ids = rec.input("ids", [3], "u32");
 *   const table = rec.input("table", [2, 2], "f32");
 *   const y = embedding(rec, ids, [{ table, from: 4 }], undefined, 10);
 *   return { inputs: { ids, table }, outputs: { y } };
 * });
 * plan.run({ ids: new Uint32Array([5, IGNORED, 4]), table: new Float32Array([1, 2, 3, 4]) });
 * const { y } = await plan.read("y");
 * assertEquals([...y], [30, 40, 0, 0, 10, 20]);
 * ```
 */
export function embedding(
  rec: Recorder,
  ids: Tensor,
  tables: readonly TableRange[],
  groups: TokenGroups | undefined,
  scale: number,
  options: { readonly count?: Scalar } = {},
): Tensor {
  const inputs = Object.fromEntries(tables.map(({ table }, i) => [`table${i}`, table]));
  return op(rec, { ids, ...inputs }, { tables, groups, scale, count: options.count }).y;
}
