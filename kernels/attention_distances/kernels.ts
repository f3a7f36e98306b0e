/**
 * The kernel of attention distances, with its loop.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import source from "./attention_distances.wgsl" with { type: "text" };

/** Mean distance and share in the memory of every row of probabilities. */
export const ATTENTION_DISTANCES = kernel<"p" | "y", "rows" | "Q" | "K" | "M">(
  "attention_distances",
  source,
  ({ p, y }, { rows, Q, K, M }) => {
    for (let row = 0; row < rows; row++) {
      const newest = row % Q + M;
      let distance = 0;
      let inMemory = 0;
      for (let j = 0; j <= newest; j++) {
        const weight = p[row * K + j]!;
        distance += weight * (newest - j);
        if (j < M) inMemory += weight;
      }
      y[2 * row] = distance;
      y[2 * row + 1] = inMemory;
    }
  },
);
