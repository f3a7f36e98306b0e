/**
 * The operands of matmul kernels with tiles in workgroup memory.
 *
 * @module
 */
import type { TilePlan } from "./tile_plan.ts";

/** One operand's tile in workgroup memory. */
export interface Side {
  /** Its binding. */
  readonly name: "a" | "b";
  /** Uniform with the number of valid rows (A) or columns (B) of C. */
  readonly limit: "M" | "N";
  /** First row or column of C. */
  readonly origin: "m0" | "n0";
  /** Extent along m or n. */
  readonly extent: number;
  /** True when consecutive elements in the buffer run along k. */
  readonly alongK: boolean;
}

/** Both operands of a plan, with what a stage knows of each besides. */
export function sidesOf<T>(
  { form, tileM, tileN }: TilePlan,
  more: (side: Side) => T,
): readonly [Side & T, Side & T] {
  const a: Side = { name: "a", limit: "M", origin: "m0", extent: tileM, alongK: form !== "TN" };
  const b: Side = { name: "b", limit: "N", origin: "n0", extent: tileN, alongK: form === "NT" };
  return [{ ...a, ...more(a) }, { ...b, ...more(b) }];
}
