/**
 * A block of sums in registers: 4 rows by 8 columns of C, over a range of k.
 *
 * A vector holds 4 columns. Every step of k loads 2 vectors of B and 4 numbers of A, each of which
 * fills a vector, for 8 multiply-adds. With 8 sums, 2 vectors of B and one of A it fits the 15
 * registers that V8 uses on x86.
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
} from "@transformer-xl/runtime/wasm";

/** Rows of a tile. */
export const TILE_ROWS = 4;

/** Columns of a tile. */
export const TILE_COLUMNS = 8;

/** Bytes of a tile's columns. */
export const TILE_BYTES = 4 * TILE_COLUMNS;

/** Steps of k in one turn of the loop. */
const TURN = 4;

const ROWS = [0, 1, 2, 3] as const;
const HALVES = [0, 1] as const;

/** Addresses that a tile reads and writes. */
export interface TileOperands {
  /** First number of each row of A; advanced by the code. */
  readonly rows: readonly Local<"i32">[];
  /** Bytes between steps of k in A: 4, or a variable. */
  readonly stepA: 4 | Local<"i32">;
  /** First of the packed columns of B; advanced by the code. */
  readonly b: Local<"i32">;
  /** Steps of k. */
  readonly steps: Local<"i32">;
  /** Sums of the first row. */
  readonly c: Local<"i32">;
  /** Bytes between rows of sums. */
  readonly rowC: number;
  /** Not 0 if the sums continue those at `c`. */
  readonly continues: Value<"i32">;
}

/** Variables of a tile, which all tiles of a function share. */
export interface TileVariables {
  readonly sums: readonly Local<"v128">[];
  readonly columns: readonly Local<"v128">[];
  readonly factor: Local<"v128">;
  readonly k: Local<"i32">;
}

/** New variables. */
export function tileVariables(f: FunctionBuilder): TileVariables {
  return {
    sums: Array.from({ length: ROWS.length * HALVES.length }, () => f.local("v128")),
    columns: HALVES.map(() => f.local("v128")),
    factor: f.local("v128"),
    k: f.local("i32"),
  };
}

/** sums of a tile: c = (continues ? c : 0) + a . b */
export function emitTile(
  f: FunctionBuilder,
  { sums, columns, factor, k }: TileVariables,
  { rows, stepA, b, steps, c, rowC, continues }: TileOperands,
): void {
  const eachSum = (visit: (sum: Local<"v128">, offset: number) => void) =>
    sums.forEach((sum, n) => visit(sum, Math.floor(n / 2) * rowC + (n % 2) * 16));
  f.when(continues, () => {
    eachSum((sum, offset) => f.set(sum, v128.load(c, offset)));
  }, () => {
    eachSum((sum) => f.set(sum, v128.zero));
  });
  /** One step of k; `turn` is its number within a turn whose addresses do not move. */
  const step = (turn: number) => {
    columns.forEach((column, half) => f.set(column, v128.load(b, turn * TILE_BYTES + 16 * half)));
    rows.forEach((row, m) => {
      f.set(factor, v128.load32Splat(row, stepA === 4 ? 4 * turn : 0));
      columns.forEach((column, half) => {
        const sum = sums[2 * m + half]!;
        f.set(sum, f32x4.relaxedMadd(factor, column, sum));
      });
      if (stepA !== 4) f.advance(row, stepA);
    });
  };
  const turns = (length: number, end: Value<"i32">) =>
    f.while(i32.le(i32.add(k, length), end), () => {
      for (let turn = 0; turn < length; turn++) step(turn);
      if (stepA === 4) { for (const row of rows) f.advance(row, 4 * length); }
      f.advance(b, length * TILE_BYTES);
      f.advance(k, length);
    });
  f.set(k, i32.const(0));
  turns(TURN, steps);
  turns(1, steps);
  eachSum((sum, offset) => f.store(c, sum, offset));
}
