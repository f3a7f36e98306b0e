/**
 * The kernel of the check for finite numbers with its loop.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import source from "./out_of_range.wgsl" with { type: "text" };

/** One verdict per lane. */
export const OUT_OF_RANGE = kernel<"x" | "found", "count" | "first" | "lanes" | "limit">(
  "out_of_range",
  source,
  ({ x, found }, { count, first, lanes, limit }) => {
    const bound = 2 ** limit;
    found.fill(0, first, first + lanes);
    for (let i = 0; i < count; i++) {
      if (!(Math.abs(x[i]!) < bound)) found[first + i % lanes] = 1;
    }
  },
);
