/**
 * The kernel of target scores, with its loop.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import { IGNORED } from "../shared/ignored.ts";
import source from "./target_scores.wgsl" with { type: "text" };

/** Value and rank of one column of every row. */
export const TARGET_SCORES = kernel<"values" | "targets" | "y", "columns">(
  "target_scores",
  source,
  ({ values, targets, y }, { columns }) => {
    for (let row = 0; row < targets.length; row++) {
      const goal = targets[row]!;
      const begin = row * columns;
      const value = goal === IGNORED ? 0 : values[begin + goal]!;
      let rank = 1;
      for (let v = begin; v < begin + columns; v++) if (values[v]! > value) rank++;
      y[2 * row] = value;
      y[2 * row + 1] = goal === IGNORED ? 0 : rank;
    }
  },
);
