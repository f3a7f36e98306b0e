/**
 * The kernels of sums below a memory with their loops.
 *
 * @module
 */
import { type Kernel, kernel, type Numbers, type Reference } from "@transformer-xl/runtime/core";
import dropItem from "../shared/dropout/drop_item.wgsl" with { type: "text" };
import { drawFactors, MASK_WGSL, type MaskField } from "../shared/dropout/mask.ts";
import { itemSource, type ItemWidth } from "../shared/items/item_width.ts";
import { sumCode } from "./vector_code.ts";
import appended from "./wgsl/rows_appended.wgsl" with { type: "text" };
import dropped from "./wgsl/branch_dropped.wgsl" with { type: "text" };
import joined from "./wgsl/rows_joined.wgsl" with { type: "text" };
import plain from "./wgsl/branch_plain.wgsl" with { type: "text" };
import source from "./wgsl/residual_sum.wgsl" with { type: "text" };

type Operands = Readonly<Record<"x" | "residual" | "sum" | "rows", Numbers>> & {
  readonly memory?: Numbers;
};
type Sizes = Readonly<Record<"count" | "first" | MaskField, number>>;

/** Elements that the loop draws at once: whole blocks of Philox. */
const DRAWN = 1024;

/** `memory` if it is copied; `count` and `first` are items. */
const loops = (width: ItemWidth, drops: boolean) =>
(
  { x, residual, sum, rows, memory }: Operands,
  { count, first, ...mask }: Sizes,
): void => {
  const [numbers, above] = [width * count, width * first];
  if (memory) rows.set(memory.subarray(0, above));
  const factors = new Float64Array(DRAWN).fill(1);
  for (let from = 0; from < numbers; from += DRAWN) {
    if (drops) drawFactors(factors, from, mask);
    for (let e = from; e < Math.min(numbers, from + DRAWN); e++) {
      const value = factors[e - from]! * x[e]! + residual[e]!;
      sum[e] = value;
      rows[above + e] = value;
    }
  }
};

/** The kernels for one width of items. */
export interface ResidualSumKernels {
  /** Below a memory that is copied: without dropout, and with. */
  readonly joined: SumKernels;
  /** Below rows that are there. */
  readonly appended: SumKernels;
}

/** Without dropout of x and with. */
interface SumKernels {
  readonly plain: Kernel;
  readonly dropped: Kernel;
}

function kernelsOf(width: ItemWidth): ResidualSumKernels {
  const sum = (rows: "joined" | "appended", drops: boolean) =>
    kernel(
      `residual_sum_${rows}${drops ? "_dropped" : ""}`,
      itemSource(
        width,
        ...(drops ? [MASK_WGSL, dropItem, dropped] : [plain]),
        rows === "joined" ? joined : appended,
        source,
      ),
      loops(width, drops) as Reference,
      sumCode(width, { dropped: drops, joined: rows === "joined" }),
    );
  const both = (rows: "joined" | "appended") => ({
    plain: sum(rows, false),
    dropped: sum(rows, true),
  });
  return { joined: both("joined"), appended: both("appended") };
}

/** The kernels by width. */
export const RESIDUAL_SUM: Readonly<Record<ItemWidth, ResidualSumKernels>> = {
  1: kernelsOf(1),
  4: kernelsOf(4),
};
