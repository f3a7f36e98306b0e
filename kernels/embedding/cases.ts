/**
 * Cases of embedding.
 *
 * @module
 */
import type { OpCase, OpCases } from "../op_cases.ts";
import { IGNORED } from "../cross_entropy/mod.ts";
import { groupOperands, groupsOf, integers } from "./token_group_operands.ts";
import { embedding, type TableRange } from "./mod.ts";

/** A case: tables of `rows` ids each, one after the other from `from`. */
function row(
  name: string,
  D: number,
  ids: readonly number[],
  tables: readonly number[],
  more: Partial<OpCase> & { readonly from?: number } = {},
): OpCase {
  const { from = 0, ...rest } = more;
  const groups = groupOperands(ids, tables, { from });
  return {
    name,
    operands: {
      ids: integers(ids),
      ...groups.operands,
      ...Object.fromEntries(tables.map((rows, i) => [`table${i}`, { shape: [rows, D] }])),
    },
    attrs: { from },
    sumLength: ids.length,
    ...rest,
    scalars: { ...groups.scalars, ...rest.scalars },
  };
}

/** Word frequencies fall with rank as in text. */
const zipf = (length: number, V: number) =>
  Array.from({ length }, (_, i) => Math.floor(V ** (i * 7919 % length / length)) - 1);

/** Several tables, repeated, absent and ignored ids, narrow and wide rows, limited counts. */
export const embeddingCases: OpCases = {
  op: "embedding",
  call(rec, { ids, ...operands }, { scalars, attrs }) {
    const tables: TableRange[] = [];
    let from = Number(attrs?.["from"]);
    for (let i = 0; operands[`table${i}`]; i++) {
      const table = operands[`table${i}`]!;
      tables.push({ table, from });
      from += table.shape[0]!;
    }
    const groups = groupsOf(operands, scalars, tables.length);
    const { count } = scalars;
    const y = embedding(rec, ids!, tables, groups, Math.sqrt(512), count && { count });
    return { outputs: { y } };
  },
  rows: [
    row("one row", 3, [2], [4]),
    row("repeated ids", 7, [3, 0, 3, 5, 0, 3, 3], [6]),
    row("three tables", 5, [9, 0, 4, 3, 8, 9, 2, 0], [3, 5, 2]),
    row("a table without ids", 5, [1, 9, 9, 0], [3, 5, 2]),
    row("rows wider than a workgroup takes", 301, [2, 1, 2, 2, 0], [2, 1]),
    row("ignored ids", 6, [IGNORED, 1, IGNORED, 2, 1], [2, 2]),
    row("every id is ignored", 6, [IGNORED, IGNORED, IGNORED], [2, 2]),
    row("ids of a cluster, padded", 6, [7, 5, 7, IGNORED, IGNORED], [2, 2], {
      from: 5,
      scalars: { count: 3 },
    }),
    row("no ids of a cluster", 6, [IGNORED, IGNORED, IGNORED], [4], {
      from: 5,
      scalars: { count: 0 },
    }),
    row("base ids", 512, zipf(1536, 20_000), [20_000], { bench: true }),
  ],
};
