/**
 * Vector code of sums below a memory.
 *
 * @module
 */
import {
  f32x4,
  i32,
  v128,
  type Value,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import type { MaskField } from "../shared/dropout/mask.ts";
import type { ItemWidth } from "../shared/items/item_width.ts";
import { drawMask } from "../shared/vector/mask.ts";
import { bytes, forVectors, ITEM_WORK, least } from "../shared/vector/rows.ts";

/** What the kernel does beside the sum. */
interface SumForm {
  /** Draws the dropout of x. */
  readonly dropped: boolean;
  /** Copies the memory. */
  readonly joined: boolean;
}

/** Code of sums that are written twice, and in items of their own of the copied memory. */
export function sumCode(width: ItemWidth, { dropped, joined }: SumForm): VectorCode {
  return vectorCode<
    "x" | "residual" | "sum" | "rows" | "memory",
    "count" | "first" | MaskField,
    "sums"
  >({
    extra: ["sums"],
    split({ count, first }) {
      const sums = Math.ceil(width * count / ITEM_WORK);
      return { sums, items: sums + (joined ? Math.ceil(width * first / ITEM_WORK) : 0) };
    },
    emit(f, values) {
      const { at, int, item, scratch } = values;
      const above = f.int(i32.mul(int.first, width));
      const partOf = (n: Value<"i32">, total: Value<"i32">) => {
        const first = f.int(i32.mul(n, ITEM_WORK));
        const length = f.int(least(i32.sub(total, first), i32.const(ITEM_WORK)));
        return { first, length, start: f.int(bytes(first)) };
      };
      const sums = () => {
        const { first, length, start } = partOf(item, i32.mul(int.count, width));
        const below = f.int(i32.add(start, bytes(above)));
        const mask = dropped && drawMask(f, values, { first, count: length, to: scratch });
        forVectors(f, length, (offset, { store }) => {
          const along = f.int(i32.add(start, offset));
          const x = v128.load(i32.add(at.x, along));
          const branch = mask ? mask.drop(offset, x) : x;
          const sum = f.vector(f32x4.add(branch, v128.load(i32.add(at.residual, along))));
          store(i32.add(at.sum, along), sum);
          store(i32.add(at.rows, i32.add(below, offset)), sum);
        });
      };
      if (!joined) return sums();
      f.when(i32.lt(item, int.sums), sums, () => {
        const { length, start } = partOf(i32.sub(item, int.sums), above);
        forVectors(f, length, (offset, { store }) => {
          const along = f.int(i32.add(start, offset));
          store(i32.add(at.rows, along), f.vector(v128.load(i32.add(at.memory, along))));
        });
      });
    },
  });
}
