/**
 * The forward kernel of fused attention for GPUs, as WGSL text; its products are in
 * staged_products.ts.
 *
 * @module
 */
import { indent, range, xyzw } from "../../matmul/tiles/tile_plan.ts";
import { VALUES } from "./operands.ts";
import { blocksOf, type FusedPlan } from "./plan.ts";
import { mixWeights, stagedMemory } from "./staged_products.ts";
import { blockScores, flatRow, rowBounds, visibleKeys } from "./staged_scores.ts";

/** Workgroup memory and the statements of `main`. */
export function stagedSource(
  plan: FusedPlan,
): { readonly memory: string[]; readonly main: string[] } {
  const { keys } = blocksOf(plan);
  const { columnGroups, lanesX } = plan;
  const sums = range(columnGroups);
  const main = [
    `let lane = local.y * ${lanesX}u + lane_x;`,
    "let lane_y = local.y;",
    ...range(4).flatMap((i) => [
      ...rowBounds(i),
      `var m${i} = -1e30;`,
      `var z${i} = 0.0;`,
      ...sums.map((c) => `var o${i}_${c} = vec4<f32>(0.0);`),
    ]),
    `for (var j0 = start; j0 <= last; j0 += ${keys}u) {`,
    ...indent(1, [
      ...scores(plan),
      ...rescale(plan),
      ...(plan.mask === "none"
        ? []
        : range(4).map((i) => `s${i} *= kept_factors((${flatRow(i)}) * scalars.K + key.x);`)),
      ...xyzw.map((key, j) =>
        `weights[(4u * lane_x + ${j}u) * ${plan.lanesY}u + lane_y] = vec4<f32>(${
          range(4).map((i) => `s${i}.${key}`).join(", ")
        });`
      ),
      ...mixWeights(plan, VALUES, "j0", `min(${keys}u, last + 1u - j0)`),
      "workgroupBarrier();",
    ]),
    "}",
    "",
    ...range(4).map((i) => `shares[${shareOf(plan, i)} + lane_x] = z${i};`),
    "workgroupBarrier();",
    ...range(4).flatMap((i) => [
      `z${i} = 0.0;`,
      `for (var x = 0u; x < ${lanesX}u; x += 1u) {`,
      `  z${i} += shares[${shareOf(plan, i)} + x];`,
      "}",
      `if (row${i} < scalars.Q) {`,
      ...indent(1, [
        "if (lane_x == 0u && group.z == 0u) {",
        `  lse[group.y * scalars.Q + row${i}] = m${i} + log(z${i});`,
        "}",
        `let at = q_start + row${i} * q_stride;`,
        ...sums.flatMap((c) => [
          `store_out(at, column${c}, o${i}_${c} / z${i});`,
        ]),
      ]),
      "}",
    ]),
  ];
  return { memory: stagedMemory(plan), main };
}

/** The masked scores of a block of keys. */
function scores(plan: FusedPlan): string[] {
  return [
    ...blockScores(plan),
    ...range(4).flatMap((i) => [
      `s${i} = select(vec4<f32>(-1e30), s${i} * scalars.scale, ${visibleKeys(i)});`,
    ]),
  ];
}

/** First of the numbers that the lanes of row i exchange. */
function shareOf({ lanesX }: FusedPlan, i: number): string {
  return `(4u * lane_y + ${i}u) * ${lanesX}u`;
}

/** New maxima, and everything so far relative to them; scores become weights. */
function rescale(plan: FusedPlan): string[] {
  const { columnGroups, lanesX } = plan;
  return [
    ...range(4).map((i) =>
      `shares[${shareOf(plan, i)} + lane_x] = max(max(s${i}.x, s${i}.y), max(s${i}.z, s${i}.w));`
    ),
    "workgroupBarrier();",
    ...range(4).flatMap((i) => [
      "{",
      ...indent(1, [
        `var high = m${i};`,
        `for (var x = 0u; x < ${lanesX}u; x += 1u) {`,
        `  high = max(high, shares[${shareOf(plan, i)} + x]);`,
        "}",
        `let factor = exact_exp(m${i} - high);`,
        `m${i} = high;`,
        `s${i} = vec4<f32>(${xyzw.map((e) => `weight(s${i}.${e}, high)`).join(", ")});`,
        `z${i} = z${i} * factor + (s${i}.x + s${i}.y) + (s${i}.z + s${i}.w);`,
        ...range(columnGroups).map((c) => `o${i}_${c} *= factor;`),
      ]),
      "}",
    ]),
  ];
}
