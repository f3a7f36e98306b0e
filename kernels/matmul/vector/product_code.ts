/**
 * Matrix products as vector code. An item is a block of C: it packs its columns of B, and of a
 * transposed A its rows, for 256 steps of k at a time, and multiplies tile by tile. Sums over one range
 * of k are added to those before it, so they do not depend on how C was cut. A block of few rows reads
 * B where it is.
 *
 * @module
 */
import {
  f32,
  f32x4,
  type FunctionBuilder,
  i32,
  type ItemValues,
  SCRATCH_BYTES,
  v128,
  type Value,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import type { MaskField } from "../../shared/dropout/mask.ts";
import { drawMask, MASK_MARGIN } from "../../shared/vector/mask.ts";
import { bytes, least } from "../../shared/vector/rows.ts";
import type { Epilogue } from "../tiles/epilogue.ts";
import type { MatmulForm } from "../tiles/tile_plan.ts";
import { emitFewRows, fewRows } from "./few_rows_code.ts";
import { packColumns, packRows, packTransposed } from "./pack_code.ts";
import { emitTile, TILE_COLUMNS, TILE_ROWS, tileVariables } from "./tile_code.ts";

/** Steps of k that are packed at once. */
const RANGE = 256;

/** Columns of a block. */
const COLUMNS = 64;

/** Most rows of a block. */
const MAX_ROWS = 256;

/** Fewest rows of a block that other threads are asked to help with. */
const MIN_ROWS = 32;

/** Multiply-adds that take less time than other threads need to help. */
const SMALL = 1 << 16;

/** Bytes between rows of a block's sums. */
const ROW_BYTES = 4 * COLUMNS;

// A thread's own memory: packed B, packed A, sums, the mask of a row.
const A_AT = 4 * RANGE * COLUMNS;
const SUMS_AT = A_AT + 4 * RANGE * MAX_ROWS;
const MASK_AT = SUMS_AT + ROW_BYTES * MAX_ROWS;
if (MASK_AT + ROW_BYTES + MASK_MARGIN > SCRATCH_BYTES) throw new RangeError("blocks are too large");

/** Scalars of a product. */
export type ProductSizes =
  | "M"
  | "N"
  | "K"
  | "lda"
  | "ldb"
  | "ldc"
  | "a_offset"
  | "b_offset"
  | "c_offset"
  | "a_outer"
  | "a_inner"
  | "b_outer"
  | "b_inner"
  | "c_outer"
  | "c_inner"
  | "outer"
  | "inner"
  | "splits"
  | "alpha";

type Operand = "a" | "b" | "c" | "bias" | "gate";
type Extra = "block_rows" | "row_blocks" | "column_blocks";
type Values = ItemValues<Operand, ProductSizes | MaskField | Extra>;
type Int = Value<"i32">;

const sum = (first: Int, ...others: Int[]): Int =>
  others.reduce<Int>((total, value) => i32.add(total, value), first);
const ceilDiv = (value: Int, by: number | Int): Int => i32.divU(i32.sub(i32.add(value, by), 1), by);

/**
 * Code of a product.
 *
 * @param partK above 0 the sums are cut into `splits` parts, each a matrix of its own, whose lengths
 * are multiples of it
 */
export function productCode(
  form: MatmulForm,
  epilogue: Epilogue,
  partK: number,
): VectorCode {
  return vectorCode<Operand, ProductSizes | MaskField, Extra>({
    extra: ["block_rows", "row_blocks", "column_blocks"],
    split({ M, N, K, outer, inner, splits }, threads) {
      const batches = partK > 0 ? splits : outer * inner;
      const columnBlocks = Math.ceil(N / COLUMNS);
      const blockRows = rowsOfBlock(M, K, columnBlocks * batches, threads);
      const rowBlocks = Math.ceil(M / blockRows);
      return {
        items: rowBlocks * columnBlocks * batches,
        block_rows: blockRows,
        row_blocks: rowBlocks,
        column_blocks: columnBlocks,
      };
    },
    emit: (f, values) => emitBlock(f, values, form, epilogue, partK),
  });
}

/** Rows of a block: as many as leave each thread a few blocks. */
function rowsOfBlock(M: number, K: number, blocks: number, threads: number): number {
  const wanted = threads === 1 || M * K * COLUMNS * blocks < SMALL ? 1 : 4 * threads;
  const cuts = Math.max(1, Math.ceil(wanted / blocks));
  const rows = Math.max(MIN_ROWS, Math.ceil(M / cuts));
  return Math.min(MAX_ROWS, Math.ceil(rows / TILE_ROWS) * TILE_ROWS);
}

function emitBlock(
  f: FunctionBuilder,
  values: Values,
  form: MatmulForm,
  epilogue: Epilogue,
  partK: number,
): void {
  const { int, item, scratch } = values;
  const columnBlock = f.int(i32.remU(item, int.column_blocks));
  const outerItem = f.int(i32.divU(item, int.column_blocks));
  const rowBlock = f.int(i32.remU(outerItem, int.row_blocks));
  const batch = f.int(i32.divU(outerItem, int.row_blocks));
  const [m0, n0] = [
    f.int(i32.mul(rowBlock, int.block_rows)),
    f.int(i32.mul(columnBlock, COLUMNS)),
  ];
  const rows = f.int(least(i32.sub(int.M, m0), int.block_rows));
  const columns = f.int(least(i32.sub(int.N, n0), i32.const(COLUMNS)));
  const groups = f.int(ceilDiv(columns, TILE_COLUMNS));
  const [strideA, strideB] = [f.int(bytes(int.lda)), f.int(bytes(int.ldb))];
  const K = f.int(int.K);
  const { a, b, c } = starts(f, values, form, batch, K, partK);

  // Addresses of the block: rows m0 of A (columns, if it is transposed), columns n0 of B.
  const transposedA = form === "TN";
  f.advance(a, transposedA ? bytes(m0) : i32.mul(m0, strideA));
  f.advance(b, form === "NT" ? i32.mul(n0, strideB) : bytes(n0));
  f.advance(c, bytes(i32.add(i32.mul(m0, int.ldc), n0)));

  const [k0, steps] = [f.int(0), f.int(0)];
  const packedA = f.int(i32.add(scratch, A_AT));
  const sums = f.int(i32.add(scratch, SUMS_AT));
  const rowGroups = f.int(ceilDiv(rows, TILE_ROWS));
  const tile = tileVariables(f);
  const [m, group] = [f.int(0), f.int(0)];
  const [tileB, tileC] = [f.int(0), f.int(0)];
  const tileRows = [0, 1, 2, 3].map(() => f.int(0));
  const rowBytes = f.int(transposedA ? i32.shl(rowGroups, 4) : strideA);
  const stepB = form === "NT" ? bytes(k0) : i32.mul(k0, strideB);
  const pack = form === "NT" ? packTransposed : packColumns;
  const fromPacked = () =>
    f.repeat(() => {
      f.set(steps, least(i32.sub(K, k0), i32.const(RANGE)));
      pack(f, { from: i32.add(b, stepB), stride: strideB, to: scratch, steps, groups }, columns);
      if (transposedA) {
        const from = i32.add(a, i32.mul(k0, strideA));
        packRows(f, { from, stride: strideA, to: packedA, steps, groups: rowGroups });
      }
      f.loop(m, [0, rows, TILE_ROWS], () => {
        f.set(tileB, scratch);
        f.set(tileC, i32.add(sums, i32.mul(m, ROW_BYTES)));
        f.loop(group, [0, groups], () => {
          tileRows.forEach((row, n) => {
            const number = i32.add(m, n);
            f.set(
              row,
              transposedA
                ? i32.add(packedA, bytes(number)) // the last ones may be of no row
                : sum(a, i32.mul(least(number, i32.sub(rows, 1)), strideA), bytes(k0)),
            );
          });
          emitTile(f, tile, {
            rows: tileRows,
            stepA: transposedA ? rowBytes : 4,
            b: tileB,
            steps,
            c: tileC,
            rowC: ROW_BYTES,
            continues: k0,
          });
          f.advance(tileC, 4 * TILE_COLUMNS);
        });
      });
      f.advance(k0, RANGE);
    }, i32.lt(k0, K));
  if (transposedA) fromPacked();
  else {
    const transposedB = form === "NT";
    f.when(i32.le(rows, fewRows(transposedB)), () => {
      const sides = { a, strideA, b, strideB, transposedB };
      emitFewRows(f, rows, { ...sides, columns, steps: K, sums, rowBytes: ROW_BYTES });
    }, fromPacked);
  }
  emitEpilogue(f, values, { epilogue, rows, columns, sums, c, m0, n0 });
}

/** Addresses of the operands of a batch, or of a part; a part also has its own length of sums. */
function starts(
  f: FunctionBuilder,
  { at, int }: Values,
  form: MatmulForm,
  batch: Int,
  K: ReturnType<FunctionBuilder["int"]>,
  partK: number,
) {
  if (partK > 0) {
    const length = f.int(i32.mul(ceilDiv(int.K, i32.mul(int.splits, partK)), partK));
    const from = f.int(least(i32.mul(batch, length), int.K));
    f.set(K, least(length, i32.sub(int.K, from)));
    const alongA = form === "TN" ? i32.mul(from, int.lda) : from;
    const alongB = form === "NT" ? from : i32.mul(from, int.ldb);
    return {
      a: f.int(i32.add(at.a, bytes(i32.add(int.a_offset, alongA)))),
      b: f.int(i32.add(at.b, bytes(i32.add(int.b_offset, alongB)))),
      c: f.int(i32.add(at.c, bytes(i32.add(int.c_offset, i32.mul(batch, int.c_outer))))),
    };
  }
  const outer = f.int(i32.divU(batch, int.inner));
  const inner = f.int(i32.remU(batch, int.inner));
  const start = (name: "a" | "b" | "c") =>
    f.int(i32.add(
      at[name],
      bytes(sum(
        int[`${name}_offset`],
        i32.mul(outer, int[`${name}_outer`]),
        i32.mul(inner, int[`${name}_inner`]),
      )),
    ));
  return { a: start("a"), b: start("b"), c: start("c") };
}

/** Stores the sums of a block after the steps of an epilogue. */
function emitEpilogue(
  f: FunctionBuilder,
  values: Values,
  { epilogue, rows, columns, sums, c, m0, n0 }: {
    readonly epilogue: Epilogue;
    readonly rows: Int;
    readonly columns: Int;
    readonly sums: Int;
    readonly c: Int;
    readonly m0: Int;
    readonly n0: Int;
  },
): void {
  const { at, int, float, scratch } = values;
  const { bias, accumulate, relu, gate = false, dropout = false } = epilogue;
  const alpha = f.vector(f32x4.splat(float.alpha));
  const [m, n, lane] = [f.int(0), f.int(0), f.int(0)];
  const [from, to] = [f.int(0), f.int(0)];
  const value = f.local("v128");
  const beside = (other: Int) => i32.add(other, i32.sub(to, at.c)); // laid out as C
  f.loop(m, [0, rows], () => {
    f.set(from, i32.add(sums, i32.mul(m, ROW_BYTES)));
    f.set(to, i32.add(c, bytes(i32.mul(m, int.ldc))));
    const mask = dropout && drawMask(f, values, {
      first: i32.add(i32.mul(i32.add(m0, m), int.N), n0),
      count: columns,
      to: i32.add(scratch, MASK_AT),
    });
    f.loop(n, [0, columns, 4], () => {
      f.set(value, f32x4.mul(alpha, v128.load(from)));
      if (bias) {
        const added = v128.load(i32.add(at.bias, bytes(i32.add(n0, n))));
        f.set(value, f32x4.add(value, added));
      }
      if (accumulate) f.set(value, f32x4.add(value, v128.load(to)));
      if (relu) f.set(value, f32x4.max(value, v128.zero));
      if (mask) f.set(value, mask.drop(bytes(n), value));
      if (gate) {
        f.set(value, v128.and(value, f32x4.gt(v128.load(beside(at.gate)), v128.zero)));
      }
      f.when(i32.le(i32.add(n, 4), columns), () => {
        f.store(to, value);
      }, () => {
        f.store(from, value);
        f.loop(lane, [n, columns], () => {
          f.store(to, f32.load(from));
          f.advance(from, 4);
          f.advance(to, 4);
        });
      });
      f.advance(from, 16);
      f.advance(to, 16);
    });
  });
}
