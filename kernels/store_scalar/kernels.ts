/**
 * The kernel of store_scalar with its loop.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import source from "./store_scalar.wgsl" with { type: "text" };

/** Writes or adds one number. */
export const STORE_SCALAR = kernel<
  "value" | "target_values",
  "index" | "capacity" | "factor" | "accumulate"
>("store_scalar", source, ({ value, target_values: target }, s) => {
  if (s.index >= s.capacity) return;
  target[s.index] = s.factor * value[0]! + (s.accumulate ? target[s.index]! : 0);
});
