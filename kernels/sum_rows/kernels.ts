/**
 * The kernels of sums over rows with their loops.
 *
 * @module
 */
import { type Kernel, kernel } from "@transformer-xl/runtime/core";
import { itemSource, type ItemWidth } from "../shared/items/item_width.ts";
import blockSums from "./block_sums.wgsl" with { type: "text" };
import columnSums from "./column_sums.wgsl" with { type: "text" };
import source from "./sum_rows.wgsl" with { type: "text" };
import { TABLE_FIELDS } from "./table.ts";
import { COLUMN_SUMS_CODE, matrixBlockSumsCode, SUM_ROWS_CODE } from "./vector_code.ts";

/** Sums of the columns of one block of rows. */
export const SUM_ROWS = kernel<"x" | "y", "rows" | "per" | "columns" | "block" | "accumulate">(
  "sum_rows",
  source,
  ({ x, y }, { columns: C, block, accumulate, ...s }) => {
    const rows = Math.ceil(s.rows / s.per);
    const sum = new Float64Array(C);
    for (let g = 0; g * block < rows; g++) {
      sum.fill(0);
      for (let r = g * block; r < Math.min(rows, (g + 1) * block); r++) {
        for (let c = 0; c < C; c++) sum[c]! += x[r * C + c]!;
      }
      for (let c = 0; c < C; c++) y[g * C + c] = sum[c]! + (accumulate ? y[g * C + c]! : 0);
    }
  },
  SUM_ROWS_CODE,
);

const blockSumsOf = (width: ItemWidth): Kernel =>
  kernel<"x" | "partials", "rows" | "columns" | "block" | "at">(
    "block_sums",
    itemSource(width, blockSums),
    ({ x, partials }, { rows, columns, block, at }) => {
      const C = width * columns;
      const sum = new Float64Array(C);
      for (let b = 0; b * block < rows; b++) {
        sum.fill(0);
        for (let r = b * block; r < Math.min(rows, (b + 1) * block); r++) {
          for (let c = 0; c < C; c++) sum[c]! += x[r * C + c]!;
        }
        for (let c = 0; c < C; c++) partials[width * at + b * C + c] = sum[c]!;
      }
    },
    matrixBlockSumsCode(width),
  );

/** Sums of blocks of rows, by width of the items of a row. */
export const BLOCK_SUMS: Readonly<Record<ItemWidth, Kernel>> = {
  1: blockSumsOf(1),
  4: blockSumsOf(4),
};

/** Sums of blocks added to gradients, those of many matrices. */
export const COLUMN_SUMS = kernel<"table" | "partials" | "sums", never>(
  "column_sums",
  columnSums,
  ({ table, partials, sums }) => {
    for (let entry = 0; entry < table.length; entry += TABLE_FIELDS) {
      const from = table[entry]!;
      const pitch = table[entry + 1]!;
      const blocks = table[entry + 2]!;
      const to = table[entry + 3]!;
      const columns = table[entry + 4]!;
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let b = 0; b < blocks; b++) sum += partials[from + b * pitch + c]!;
        sums[to + c]! += sum;
      }
    }
  },
  COLUMN_SUMS_CODE,
);
