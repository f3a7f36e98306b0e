/**
 * Lists of rows for cases.
 *
 * @module
 */
import type { OperandSpec } from "../op_cases.ts";

/** `capacity` distinct rows of R: 5 is coprime to every R used here. */
export const rowsOf = (R: number, capacity: number): OperandSpec => ({
  shape: [capacity],
  dtype: "u32",
  values: (i) => (5 * i + 3) % R,
});
