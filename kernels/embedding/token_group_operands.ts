/**
 * Token groups as operands and scalars of cases.
 *
 * @module
 */
import type { Scalar, Tensor } from "@transformer-xl/runtime/core";
import { groupByToken } from "./group_by_token.ts";
import type { TokenGroups } from "./launches.ts";
import type { OpCase, OperandSpec } from "../op_cases.ts";

/** Integers of a list. */
export function integers(values: ArrayLike<number>): OperandSpec {
  return { shape: [values.length], dtype: "u32", values: (i) => values[i]! };
}

/** Operands and scalars of ids grouped for tables of `tables` rows from id `from`. */
export function groupOperands(
  ids: readonly number[],
  tables: readonly number[],
  { from = 0, prefix = "" }: { readonly from?: number; readonly prefix?: string } = {},
): Required<Pick<OpCase, "operands" | "scalars">> {
  let next = from;
  const ranges = tables.map((rows) => ({ from: (next += rows) - rows, rows }));
  const groups = groupByToken(Uint32Array.from(ids), ranges);
  return {
    operands: {
      [`${prefix}order`]: integers(groups.order),
      [`${prefix}starts`]: integers(groups.starts),
      [`${prefix}distinct`]: integers(groups.distinct),
    },
    scalars: Object.fromEntries(groups.ranges.flatMap(({ first, count }, i) => [
      [`${prefix}first${i}`, first],
      [`${prefix}count${i}`, count],
    ])),
  };
}

/** The groups that {@link groupOperands} declared. */
export function groupsOf(
  operands: Readonly<Record<string, Tensor>>,
  scalars: Readonly<Record<string, Scalar>>,
  tables: number,
  prefix = "",
): TokenGroups {
  return {
    order: operands[`${prefix}order`]!,
    starts: operands[`${prefix}starts`]!,
    distinct: operands[`${prefix}distinct`]!,
    ranges: Array.from({ length: tables }, (_, i) => ({
      first: scalars[`${prefix}first${i}`]!,
      count: scalars[`${prefix}count${i}`]!,
    })),
  };
}
