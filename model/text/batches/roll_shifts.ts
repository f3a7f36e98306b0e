/**
 * Rotation of each batch column per epoch (`--roll`). The reference rotates its columns in place
 * before every epoch, so rotations accumulate; summing the shifts gives the columns of any epoch
 * directly, and a resumed run sees the same order.
 *
 * @module
 */
import { Mt19937 } from "./mt19937.ts";

/** Which epoch of which run. */
export interface RollSettings {
  /** The seed of the run; epoch e draws from seed + e. */
  readonly seed: number;
  /** The epoch, counted from 1; 0 means not rotated. */
  readonly epoch: number;
  /** Rows of a column; below 2^28, where the reference draws one 32-bit number per column. */
  readonly rows: number;
  /** Columns of the whole batch. */
  readonly columns: number;
}

/**
 * The left rotation of every column in `epoch`, the sum of the shifts drawn before epochs 1 .. epoch.
 *
 * @example
 * ```ts
 * import { rollShifts } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const shifts = rollShifts({ seed: 1111, epoch: 1, rows: 97, columns: 4 });
 * assertEquals([...shifts], [80, 25, 52, 10]);
 * ```
 */
export function rollShifts({ seed, epoch, rows, columns }: RollSettings): Uint32Array {
  const shifts = new Uint32Array(columns);
  for (let e = 1; e <= epoch; e++) {
    const generator = new Mt19937(seed + e);
    for (let column = 0; column < columns; column++) {
      shifts[column] = (shifts[column]! + generator.next() % rows) % rows;
    }
  }
  return shifts;
}
