/**
 * The kernels of dropout with their loops.
 *
 * @module
 */
import { kernel, PHILOX_WGSL } from "@transformer-xl/runtime/core";
import givenMask from "./given_mask.wgsl" with { type: "text" };
import { drawFactors, type MaskField } from "../shared/dropout/mask.ts";
import philoxMask from "./philox_mask.wgsl" with { type: "text" };
import { GIVEN_CODE, PHILOX_CODE } from "./vector_code.ts";

/** Elements that the loop draws at once. */
const BLOCK = 1024;

/** Draws the mask of eight elements from one block of Philox. */
export const PHILOX = kernel<
  "x" | "y",
  "count" | MaskField
>(
  "dropout",
  `${PHILOX_WGSL}\n${philoxMask}`,
  ({ x, y }, { count, ...numbers }) => {
    const factors = new Float64Array(BLOCK);
    for (let first = 0; first < count; first += BLOCK) {
      drawFactors(factors, first, numbers);
      const end = Math.min(count, first + BLOCK);
      for (let e = first; e < end; e++) y[e] = x[e]! * factors[e - first]!;
    }
  },
  PHILOX_CODE,
);

/** Reads the mask. */
export const GIVEN = kernel<"x" | "keep" | "y", "count" | "factor">(
  "dropout_given",
  givenMask,
  ({ x, keep, y }, { count, factor }) => {
    for (let i = 0; i < count; i++) y[i] = keep[i] !== 0 ? x[i]! * factor : 0;
  },
  GIVEN_CODE,
);
