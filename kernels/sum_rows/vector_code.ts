/**
 * Vector code of sums over rows.
 *
 * @module
 */
import {
  f32x4,
  type FunctionBuilder,
  i32,
  type Local,
  v128,
  type Value,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import type { ItemWidth } from "../shared/items/item_width.ts";
import {
  blockSumsCode,
  columnItems,
  type ColumnVector,
  forColumns,
} from "../shared/vector/columns.ts";
import { bytes, DoubleSum, forVectors } from "../shared/vector/rows.ts";
import { TABLE_FIELDS } from "./table.ts";

/** Sums of four columns of a block of the matrix at `x`. */
function sumsOf(f: FunctionBuilder, x: Local<"i32">, { forRows }: ColumnVector): Value<"v128"> {
  const [sum, value] = [new DoubleSum(f), f.local("v128")];
  forRows((along) => {
    f.set(value, v128.load(i32.add(x, along)));
    sum.add(value);
  });
  return sum.lanes();
}

/** Code of the sums of the columns of one block of rows. */
export const SUM_ROWS_CODE: VectorCode = vectorCode<
  "x" | "y",
  "rows" | "per" | "columns" | "block" | "accumulate",
  "strip"
>({
  extra: ["strip"],
  split: ({ rows, per, columns, block }) => columnItems(columns, Math.ceil(rows / per), block),
  emit(f, { at, int, item }) {
    const { columns, block, strip } = int;
    const rows = f.int(i32.divU(i32.sub(i32.add(int.rows, int.per), 1), int.per));
    forColumns(f, { item, columns, rows, block, strip }, (vector) => {
      const sums = f.vector(sumsOf(f, at.x, vector));
      const to = f.int(i32.add(at.y, vector.to));
      f.when(int.accumulate, () => f.set(sums, f32x4.add(sums, v128.load(to))));
      vector.lanes.store(to, sums);
    });
  },
});

/** Code of the sums of blocks of rows of `width * columns` numbers. */
export function matrixBlockSumsCode(width: ItemWidth): VectorCode {
  return blockSumsCode<"x", "at">(width, (f, { at, int }, vector, sumsAt) => {
    const sums = sumsOf(f, at.x, vector);
    vector.lanes.store(sumsAt(int.at), sums);
  });
}

/** Code of sums of blocks added to gradients; an item is an entry of the table. */
export const COLUMN_SUMS_CODE: VectorCode = vectorCode<"table" | "partials" | "sums", never>({
  extra: [],
  split: (_sizes, _threads, lengths) => ({ items: lengths.table / TABLE_FIELDS }),
  emit(f, { at, item }) {
    const entry = f.int(i32.add(at.table, i32.mul(item, 4 * TABLE_FIELDS)));
    const [first, pitch, blocks, to, columns] = [0, 4, 8, 12, 16].map((offset) =>
      f.int(i32.load(entry, offset))
    ) as [Local<"i32">, Local<"i32">, Local<"i32">, Local<"i32">, Local<"i32">];
    const [from, block, value] = [f.int(0), f.int(0), f.local("v128")];
    forVectors(f, columns, (offset, { store }) => {
      const sum = new DoubleSum(f);
      f.set(from, i32.add(at.partials, i32.add(bytes(first), offset)));
      f.loop(block, [0, blocks], () => {
        f.set(value, v128.load(from));
        sum.add(value);
        f.advance(from, bytes(pitch));
      });
      const address = f.int(i32.add(at.sums, i32.add(bytes(to), offset)));
      store(address, f32x4.add(v128.load(address), sum.lanes()));
    });
  },
});
