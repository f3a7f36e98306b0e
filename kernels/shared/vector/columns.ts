/**
 * Sums over blocks of rows in vector code: an item is a strip of columns of one block.
 *
 * @module
 */
import {
  type FunctionBuilder,
  i32,
  type ItemValues,
  type Local,
  type Value,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import type { ItemWidth } from "../items/item_width.ts";
import { bytes, forVectors, ITEM_WORK, type Lanes, least } from "./rows.ts";

/** Columns of the narrowest strip: a cache line. */
const LINE = 16;

/** Cuts the sums of [rows, columns] over blocks of rows into strips of columns. */
export function columnItems(
  columns: number,
  rows: number,
  block: number,
): { items: number; strip: number } {
  const strip = LINE * Math.max(1, Math.ceil(ITEM_WORK / LINE / Math.max(1, block)));
  return { items: Math.ceil(rows / Math.max(1, block)) * Math.ceil(columns / strip), strip };
}

/** Four columns of a block of rows. */
export interface ColumnVector {
  /** First row of the block. */
  readonly firstRow: Local<"i32">;
  /** Bytes from the start of the sums [blocks, columns] to those of these columns. */
  readonly to: Local<"i32">;
  /** Which lanes are columns. */
  readonly lanes: Lanes;
  /** Statements for every row of the block; `along` is in bytes from the start of the matrix. */
  readonly forRows: (body: (along: Local<"i32">) => void) => void;
}

/** Statements for the columns of an item of {@link columnItems}, four at a time. */
export function forColumns(
  f: FunctionBuilder,
  { item, columns, rows, block, strip }: Readonly<
    Record<"item" | "columns" | "rows" | "block" | "strip", Local<"i32">>
  >,
  body: (columns: ColumnVector) => void,
): void {
  const strips = f.int(i32.divU(i32.sub(i32.add(columns, strip), 1), strip));
  const number = f.int(i32.divU(item, strips));
  const firstColumn = f.int(i32.mul(i32.remU(item, strips), strip));
  const firstRow = f.int(i32.mul(number, block));
  const count = f.int(least(i32.sub(rows, firstRow), block));
  const [row, along] = [f.int(0), f.int(0)];
  const start = (line: Value<"i32">) => f.int(bytes(i32.add(i32.mul(line, columns), firstColumn)));
  const [from, sums] = [start(firstRow), start(number)];
  forVectors(f, least(i32.sub(columns, firstColumn), strip), (offset, lanes) => {
    body({
      firstRow,
      lanes,
      to: f.int(i32.add(sums, offset)),
      forRows: (each) => {
        f.set(along, i32.add(from, offset));
        f.loop(row, [0, count], () => {
          each(along);
          f.advance(along, bytes(columns));
        });
      },
    });
  });
}

/** Sizes of a kernel that sums blocks of rows. */
type BlockSizes = "rows" | "columns" | "block";

/**
 * Code of sums of blocks of rows of `width * columns` numbers.
 *
 * @param emit appends the statements of four columns; `sumsAt` is where their sums go in `partials`,
 * given the item of the first sum of all
 */
export function blockSumsCode<Operands extends string, Sizes extends string>(
  width: ItemWidth,
  emit: (
    f: FunctionBuilder,
    values: ItemValues<Operands | "partials", Sizes | BlockSizes>,
    columns: ColumnVector,
    sumsAt: (first: Local<"i32">) => Local<"i32">,
  ) => void,
): VectorCode {
  return vectorCode<Operands | "partials", Sizes | BlockSizes, "strip">({
    extra: ["strip"],
    split: ({ rows, columns, block }) => columnItems(width * columns, rows, block),
    emit(f, values) {
      const { at, int, item } = values;
      const { rows, block, strip } = int;
      const columns = f.int(i32.mul(int.columns, width));
      forColumns(f, { item, columns, rows, block, strip }, (vector) => {
        const sumsAt = (first: Local<"i32">) =>
          f.int(i32.add(i32.add(at.partials, bytes(i32.mul(first, width))), vector.to));
        emit(f, values, vector, sumsAt);
      });
    },
  });
}
