/**
 * Sums over blocks of rows in vector code: an item is a strip of columns of one block.
 *
 * @module
 */
import { type FunctionBuilder, i32, type Local, type Value } from "@transformer-xl/runtime/wasm";
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
