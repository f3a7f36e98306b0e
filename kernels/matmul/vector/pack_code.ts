/**
 * Packing of operands: columns of B in groups of 8, each group as long as the range of k, and rows of
 * a transposed A without the gaps between them.
 *
 * Loads may reach beyond the end of a row by less than two vectors; what they find there ends in
 * sums that are not stored.
 *
 * @module
 */
import {
  type FunctionBuilder,
  i32,
  type Local,
  v128,
  type Value,
} from "@transformer-xl/runtime/wasm";
import { pairVariables, transposed } from "../../shared/vector/transpose.ts";
import { TILE_BYTES, TILE_COLUMNS } from "./tile_code.ts";

/** A block of an operand, and where it goes. */
export interface PackedBlock {
  /** Address of its first number. */
  readonly from: Value<"i32">;
  /** Bytes between its stored rows. */
  readonly stride: Local<"i32">;
  /** Address of the packed block. */
  readonly to: Value<"i32">;
  /** Steps of k. */
  readonly steps: Local<"i32">;
  /** Groups of 8 columns of B, or of 4 rows of A. */
  readonly groups: Value<"i32">;
}

/** Columns of a B that is stored by rows of k. */
export function packColumns(f: FunctionBuilder, block: PackedBlock): void {
  const [group, k] = [f.int(0), f.int(0)];
  const to = f.int(block.to);
  const from = f.int(0);
  f.loop(group, [0, block.groups], () => {
    f.set(from, i32.add(block.from, i32.mul(group, TILE_BYTES)));
    f.loop(k, [0, block.steps], () => {
      f.store(to, v128.load(from));
      f.store(to, v128.load(from, 16), 16);
      f.advance(from, block.stride);
      f.advance(to, TILE_BYTES);
    });
  });
}

/**
 * Columns of a B that is stored by columns, n first: blocks of 4 columns and 4 steps are transposed.
 *
 * @param columns how many there are; the last one stands for those beyond it
 */
export function packTransposed(
  f: FunctionBuilder,
  block: PackedBlock,
  columns: Value<"i32">,
): void {
  const [group, half, k] = [f.int(0), f.int(0), f.int(0)];
  const [to, at, column] = [f.int(0), f.int(0), f.int(0)];
  const sources = [0, 1, 2, 3].map(() => f.int(0));
  const [loaded, pairs] = [pairVariables(f), pairVariables(f)];
  const groupBytes = f.int(i32.mul(block.steps, TILE_BYTES));
  f.loop(group, [0, block.groups], () => {
    f.loop(half, [0, 2], () => {
      sources.forEach((source, n) => {
        f.set(
          column,
          i32.add(i32.mul(group, TILE_COLUMNS), i32.add(i32.mul(half, 4), n)),
        );
        f.set(column, i32.select(i32.lt(column, columns), column, i32.sub(columns, 1)));
        f.set(source, i32.add(block.from, i32.mul(column, block.stride)));
      });
      f.set(to, i32.add(block.to, i32.add(i32.mul(group, groupBytes), i32.mul(half, 16))));
      f.loop(k, [0, block.steps, 4], () => {
        loaded.forEach((vector, n) => {
          f.set(vector, v128.load(sources[n]!));
          f.advance(sources[n]!, 16);
        });
        f.set(at, i32.add(to, i32.mul(k, TILE_BYTES)));
        transposed(f, pairs, loaded).forEach((step, n) => {
          const store = () => f.store(at, step, n * TILE_BYTES);
          if (n === 0) store();
          else f.when(i32.lt(i32.add(k, n), block.steps), store);
        });
      });
    });
  });
}

/** Rows of an A that is stored by rows of k: [steps, 4 * groups]. */
export function packRows(f: FunctionBuilder, block: PackedBlock): void {
  const [k, group] = [f.int(0), f.int(0)];
  const [row, from] = [f.int(block.from), f.int(0)];
  const to = f.int(block.to);
  f.loop(k, [0, block.steps], () => {
    f.set(from, row);
    f.loop(group, [0, block.groups], () => {
      f.store(to, v128.load(from));
      f.advance(from, 16);
      f.advance(to, 16);
    });
    f.advance(row, block.stride);
  });
}
