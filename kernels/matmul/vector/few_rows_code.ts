/**
 * Products of few rows, as those of one decoded token: B is read where it is, once, and not packed.
 *
 * A sum is the same chain of multiply-adds over k as in a tile, so its bits do not depend on the number
 * of rows. Loads may reach beyond the columns of a block by less than a strip; what they find there
 * ends in sums that are not stored.
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
import { bytes, least } from "../../shared/vector/rows.ts";
import { pairVariables, transposed } from "../../shared/vector/transpose.ts";

/**
 * Most rows for which packing B costs more than it saves. A B that is stored by columns is transposed
 * either way.
 */
export function fewRows(transposedB: boolean): number {
  return transposedB ? 2 : 3;
}

/** Vectors of sums in registers, by number of rows: enough chains to hide the latency of a step. */
const STRIP_VECTORS = [8, 4, 4] as const;

/** Columns of a strip where B is stored by columns: as many streams of memory. */
const STREAMS = 8;

/** Steps in one turn of the loop where B is stored by rows of k. */
const TURN = 4;

/** A block of few rows. */
export interface FewRows {
  /** Address of the first number of A, whose rows are stored by rows of C. */
  readonly a: Value<"i32">;
  /** Bytes between rows of A. */
  readonly strideA: Local<"i32">;
  /** Address of the first column of B. */
  readonly b: Value<"i32">;
  /** Bytes between stored rows of B: of k, or of columns if it is transposed. */
  readonly strideB: Local<"i32">;
  /** Whether B is stored by columns. */
  readonly transposedB: boolean;
  /** Columns of the block; the last one stands for those beyond it. */
  readonly columns: Local<"i32">;
  /** Length of the sums. */
  readonly steps: Local<"i32">;
  /** Where sums of the first row go. */
  readonly sums: Value<"i32">;
  /** Bytes between rows of sums, which have room for whole strips. */
  readonly rowBytes: number;
}

/** sums = a . b for `rows` rows, 1 to {@link fewRows} */
export function emitFewRows(f: FunctionBuilder, rows: Local<"i32">, block: FewRows): void {
  for (let count = 1; count <= fewRows(block.transposedB); count++) {
    f.when(i32.eq(rows, count), () => {
      if (block.transposedB) emitByColumns(f, count, block);
      else emitBySteps(f, count, block);
    });
  }
}

/** B is stored by rows of k: a strip of columns at a time, all steps. */
function emitBySteps(f: FunctionBuilder, count: number, block: FewRows): void {
  const { a, strideA, b, strideB, columns, steps, sums, rowBytes } = block;
  const width = STRIP_VECTORS[count - 1]!;
  const rows = Array.from({ length: count }, () => f.int(0));
  const chains = rows.map(() => Array.from({ length: width }, () => f.local("v128")));
  const factors = rows.map(() => f.local("v128"));
  const [column, from, to, k] = [f.int(0), f.int(0), f.int(0), f.int(0)];
  const loaded = f.local("v128");
  const step = (turn: number) => {
    factors.forEach((factor, m) => f.set(factor, v128.load32Splat(rows[m]!, 4 * turn)));
    for (let n = 0; n < width; n++) {
      f.set(loaded, v128.load(from, 16 * n));
      chains.forEach((chain, m) => {
        f.set(chain[n]!, f32x4.relaxedMadd(factors[m]!, loaded, chain[n]!));
      });
    }
    f.advance(from, strideB);
  };
  const turns = (length: number) =>
    f.while(i32.le(i32.add(k, length), steps), () => {
      for (let turn = 0; turn < length; turn++) step(turn);
      for (const row of rows) f.advance(row, 4 * length);
      f.advance(k, length);
    });
  f.loop(column, [0, columns, 4 * width], () => {
    rows.forEach((row, m) => f.set(row, i32.add(a, i32.mul(strideA, m))));
    for (const chain of chains) for (const sum of chain) f.set(sum, v128.zero);
    f.set(from, i32.add(b, bytes(column)));
    f.set(k, i32.const(0));
    turns(TURN);
    turns(1);
    f.set(to, i32.add(sums, bytes(column)));
    chains.forEach((chain, m) => {
      chain.forEach((sum, n) => f.store(to, sum, m * rowBytes + 16 * n));
    });
  });
}

/** B is stored by columns: blocks of 4 columns and 4 steps are transposed in registers. */
function emitByColumns(f: FunctionBuilder, count: number, block: FewRows): void {
  const { a, strideA, b, strideB, columns, steps, sums, rowBytes } = block;
  const streams = Array.from({ length: STREAMS }, () => f.int(0));
  const rows = Array.from({ length: count }, () => f.int(0));
  const chains = rows.map(() => Array.from({ length: STREAMS / 4 }, () => f.local("v128")));
  const loaded = pairVariables(f);
  const pairs = pairVariables(f);
  const step = f.local("v128");
  const [column, k, to] = [f.int(0), f.int(0), f.int(0)];
  /** Up to four steps; `last` of them count where it is given. */
  const turn = (last?: Value<"i32">) => {
    chains[0]!.forEach((_, group) => {
      loaded.forEach((vector, n) => {
        const stream = streams[4 * group + n]!;
        f.set(vector, v128.load(stream));
        f.advance(stream, 16);
      });
      transposed(f, pairs, loaded).forEach((steps, n) => {
        const multiply = () => {
          f.set(step, steps);
          chains.forEach((chain, m) => {
            const factor = v128.load32Splat(rows[m]!, 4 * n);
            f.set(chain[group]!, f32x4.relaxedMadd(factor, step, chain[group]!));
          });
        };
        if (last === undefined) multiply();
        else if (n < 3) f.when(i32.gt(last, n), multiply);
      });
    });
    for (const row of rows) f.advance(row, 16);
  };
  f.loop(column, [0, columns, STREAMS], () => {
    rows.forEach((row, m) => f.set(row, i32.add(a, i32.mul(strideA, m))));
    streams.forEach((stream, n) => {
      const number = least(i32.add(column, n), i32.sub(columns, 1));
      f.set(stream, i32.add(b, i32.mul(number, strideB)));
    });
    for (const chain of chains) for (const sum of chain) f.set(sum, v128.zero);
    f.loop(k, [0, i32.sub(steps, 3), 4], () => turn());
    f.when(i32.lt(k, steps), () => turn(i32.sub(steps, k)));
    f.set(to, i32.add(sums, bytes(column)));
    chains.forEach((chain, m) => {
      chain.forEach((sum, group) => f.store(to, sum, m * rowBytes + 16 * group));
    });
  });
}
