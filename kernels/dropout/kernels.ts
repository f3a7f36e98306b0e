/**
 * The kernels of dropout with their loops.
 *
 * @module
 */
import { kernel, philox4x32, PHILOX_WGSL } from "@transformer-xl/runtime/core";
import givenMask from "./given_mask.wgsl" with { type: "text" };
import philoxMask from "./philox_mask.wgsl" with { type: "text" };

/** Draws the mask of eight elements from one block of Philox. */
export const PHILOX = kernel<
  "x" | "y",
  "count" | "seed" | "step" | "stream" | "site" | "threshold" | "factor"
>(
  "dropout",
  `${PHILOX_WGSL}\n${philoxMask}`,
  ({ x, y }, { count, seed, step, stream, site, threshold, factor }) => {
    for (let block = 0; 8 * block < count; block++) {
      const words = philox4x32([block, step, stream, 0], [seed, site]);
      for (let j = 0; j < Math.min(8, count - 8 * block); j++) {
        const draw = (words[j >> 1]! >>> (16 * (j & 1))) & 0xffff;
        const e = 8 * block + j;
        y[e] = draw >= threshold ? x[e]! * factor : 0;
      }
    }
  },
);

/** Reads the mask. */
export const GIVEN = kernel<"x" | "keep" | "y", "count" | "factor">(
  "dropout_given",
  givenMask,
  ({ x, keep, y }, { count, factor }) => {
    for (let i = 0; i < count; i++) y[i] = keep[i] !== 0 ? x[i]! * factor : 0;
  },
);
