/**
 * The kernel of storing one number with its loop.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime";
import source from "./store_scalar.wgsl" with { type: "text" };

/** Writes or adds one number. */
export const STORE_SCALAR = kernel("store_scalar", source, ({ value, target_values }, s) => {
  const { index, capacity, factor, accumulate } = s as Record<string, number>;
  if (index! >= capacity!) return;
  target_values![index!] = factor! * value![0]! + (accumulate ? target_values![index!]! : 0);
});
