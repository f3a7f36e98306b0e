/**
 * Grouping of batch positions by token id, on the host, so that the gradient of a table is summed
 * without atomics and in a fixed order.
 *
 * @module
 */
import { IGNORED } from "../shared/ignored.ts";

/** Positions grouped by id, from {@link groupByToken}. */
export interface HostTokenGroups {
  /** [R]: positions sorted by (id, position), without those that are IGNORED; zeros at the end. */
  readonly order: Uint32Array<ArrayBuffer>;
  /** [R + 1]: start of each group in `order`; the last used entry is the end. */
  readonly starts: Uint32Array<ArrayBuffer>;
  /** [R]: id of each group, ascending; zeros at the end. */
  readonly distinct: Uint32Array<ArrayBuffer>;
  /** Groups that fall into each table range. */
  readonly ranges: { readonly first: number; readonly count: number }[];
}

const DIGIT_BITS = 11;
const counters = new Uint32Array(1 << DIGIT_BITS);

/**
 * Groups positions by id: a radix sort that keeps the order of positions (two passes for
 * vocabularies up to four million).
 *
 * @example
 * ```ts
 * import { IGNORED, groupByToken } from "@transformer-xl/kernels";
 * import { assertEquals } from "@std/assert";
 *
 * const tables = [{ from: 0, rows: 5 }, { from: 5, rows: 5 }];
 * const { order, starts, distinct, ranges } = groupByToken(
 *   new Uint32Array([7, 2, IGNORED, 7]),
 *   tables,
 * );
 * assertEquals([...distinct], [2, 7, 0, 0]);
 * assertEquals([...order], [1, 0, 3, 0]); // id 2 at position 1, id 7 at positions 0 and 3
 * assertEquals([...starts], [0, 1, 3, 3, 3]);
 * assertEquals(ranges, [{ first: 0, count: 1 }, { first: 1, count: 1 }]);
 * ```
 */
export function groupByToken(
  ids: Uint32Array,
  tables: readonly { readonly from: number; readonly rows: number }[],
): HostTokenGroups {
  const R = ids.length;
  const { order, count } = sortPositions(ids);
  const starts = new Uint32Array(R + 1).fill(count);
  const distinct = new Uint32Array(R);
  let groups = 0;
  for (let j = 0; j < count; j++) {
    const id = ids[order[j]!]!;
    if (j > 0 && id === distinct[groups - 1]!) continue;
    starts[groups] = j;
    distinct[groups++] = id;
  }
  const ranges = tables.map(({ from, rows }) => {
    const first = lowerBound(distinct, groups, from);
    return { first, count: lowerBound(distinct, groups, from + rows) - first };
  });
  return { order, starts, distinct, ranges };
}

/** Positions sorted by (id, position), padded with zeros; those that are IGNORED are left out. */
function sortPositions(ids: Uint32Array): { order: Uint32Array<ArrayBuffer>; count: number } {
  let order = new Uint32Array(ids.length);
  let other = new Uint32Array(ids.length);
  let count = 0;
  let bits = 0;
  for (let n = 0; n < ids.length; n++) {
    const id = ids[n]!;
    if (id === IGNORED) continue;
    order[count++] = n;
    bits |= id;
  }
  const mask = (1 << DIGIT_BITS) - 1;
  for (let shift = 0; shift < 32 && bits >>> shift !== 0; shift += DIGIT_BITS) {
    counters.fill(0);
    for (let j = 0; j < count; j++) counters[ids[order[j]!]! >>> shift & mask]!++;
    let before = 0;
    for (let digit = 0; digit <= mask; digit++) {
      const here = counters[digit]!;
      counters[digit] = before;
      before += here;
    }
    for (let j = 0; j < count; j++) {
      const n = order[j]!;
      other[counters[ids[n]! >>> shift & mask]!++] = n;
    }
    [order, other] = [other, order];
  }
  return { order, count };
}

/** Number of the first `length` ascending values that are less than `bound`. */
function lowerBound(ascending: Uint32Array, length: number, bound: number): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
