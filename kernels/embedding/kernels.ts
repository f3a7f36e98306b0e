/**
 * The kernels of embedding with their loops.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import forwardSource from "./embedding.wgsl" with { type: "text" };
import gradientSource from "./embedding_gradient.wgsl" with { type: "text" };
import { EMBEDDING_CODE, EMBEDDING_GRADIENT_CODE } from "./vector_code.ts";

/** Rows of one table range by id. */
export const EMBEDDING = kernel<
  "ids" | "table" | "y",
  "positions" | "rows" | "width" | "first_id" | "scale" | "zero_others"
>("embedding", forwardSource, ({ ids, table, y }, sizes) => {
  const { positions, rows, width, first_id, scale, zero_others } = sizes;
  for (let n = 0; n < positions; n++) {
    const row = ids[n]! - first_id;
    const [from, to] = [row * width, n * width];
    if (row >= 0 && row < rows) {
      for (let c = 0; c < width; c++) y[to + c] = scale * table[from + c]!;
    } else if (zero_others) y.fill(0, to, to + width);
  }
}, EMBEDDING_CODE);

/** Sums per distinct id, added to the rows of one table range. */
export const EMBEDDING_GRADIENT = kernel<
  "order" | "starts" | "distinct" | "dy" | "dtable",
  "first" | "groups" | "width" | "first_id" | "scale"
>("embedding_gradient", gradientSource, (operands, sizes) => {
  const { order, starts, distinct, dy, dtable } = operands;
  const { first, groups, width, first_id, scale } = sizes;
  const sum = new Float64Array(width);
  for (let s = first; s < first + groups; s++) {
    sum.fill(0);
    for (let j = starts[s]!; j < starts[s + 1]!; j++) {
      const from = order[j]! * width;
      for (let c = 0; c < width; c++) sum[c]! += dy[from + c]!;
    }
    const to = (distinct[s]! - first_id) * width;
    for (let c = 0; c < width; c++) dtable[to + c]! += scale * sum[c]!;
  }
}, EMBEDDING_GRADIENT_CODE);
