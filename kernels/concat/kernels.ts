/**
 * The kernel of concatenation with its loop.
 *
 * @module
 */
import { elementwiseKernel, type Kernel } from "@transformer-xl/runtime/core";
import { itemSource, type ItemWidth } from "../shared/items/item_width.ts";
import source from "./concat.wgsl" with { type: "text" };

const concatOf = (width: ItemWidth): Kernel =>
  elementwiseKernel<"a" | "b" | "y", "count" | "first">(
    "concat",
    itemSource(width, source),
    ({ a, b, y }, { count, first }) => {
      const start = width * first;
      y.set(a.subarray(0, start));
      y.set(b.subarray(0, width * count - start), start);
    },
  );

/** Elements of one matrix, then of another, by width of the items of a row. */
export const CONCAT: Readonly<Record<ItemWidth, Kernel>> = { 1: concatOf(1), 4: concatOf(4) };
