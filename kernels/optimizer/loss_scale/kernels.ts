/**
 * Kernel of the loss scale's rule, with its reference loop.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import source from "./loss_scale.wgsl" with { type: "text" };

/** Scale, good and skipped updates after an update. */
export const FOLLOW = kernel<"applied" | "state" | "now", "window" | "most">(
  "loss_scale",
  source,
  ({ applied, state, now }, { window, most }) => {
    let [scale, good, skipped] = [state[0]!, state[1]!, state[2]!];
    if (applied[0] === 0) {
      skipped++;
      good = 0;
      if (window > 0) scale /= 2;
    } else {
      skipped = 0;
      good++;
      if (good === window) {
        scale = Math.min(2 * scale, most);
        good = 0;
      }
    }
    state[0] = now[0] = scale;
    state[1] = good;
    state[2] = skipped;
  },
);
