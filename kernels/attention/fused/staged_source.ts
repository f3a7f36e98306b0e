/**
 * The forward kernel of fused attention for GPUs, as WGSL text; its products are in
 * staged_products.ts.
 *
 * @module
 */
import { indent, range, xyzw } from "../../matmul/tiles/tile_plan.ts";
import { KEYS, POSITION_QUERIES, POSITIONS, queriesOf, VALUES } from "./operands.ts";
import { blocksOf, type FusedPlan } from "./plan.ts";
import { addScores, mixWeights, stagedMemory } from "./staged_products.ts";

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
      `let row${i} = i0 + 4u * lane_y + ${i}u;`,
      `let end${i} = min(row${i}, scalars.Q - 1u) + scalars.M;`,
      `let begin${i} = max(oldest, end${i} - min(end${i}, scalars.maxDistance));`,
      `var m${i} = -1e30;`,
      `var z${i} = 0.0;`,
      ...sums.map((c) => `var o${i}_${c} = vec4<f32>(0.0);`),
    ]),
    `for (var j0 = start; j0 <= last; j0 += ${keys}u) {`,
    ...indent(1, [
      ...scores(plan),
      ...rescale(plan),
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
          `o${i}_${c} = o${i}_${c} / z${i};`,
          ...xyzw.flatMap((e, at) => [
            `if (column${c} + ${at}u < scalars.H) {`,
            `  out[at + column${c} + ${at}u] = Value(o${i}_${c}.${e});`,
            "}",
          ]),
        ]),
      ]),
      "}",
    ]),
  ];
  return { memory: stagedMemory(plan), main };
}

/** The masked scores of a block of keys. */
function scores(plan: FusedPlan): string[] {
  const { rows } = blocksOf(plan);
  const xStart = "i0";
  return [
    ...range(4).map((i) => `var s${i} = vec4<f32>(0.0);`),
    ...addScores(plan, { x: queriesOf(plan), y: KEYS, xStart, yStart: "j0", shifted: false }),
    ...(plan.positions
      ? [
        "// The distance of the first key and the last row.",
        `let yStart = i32(j0 + scalars.K) - i32(i0 + scalars.M) - ${rows};`,
        ...addScores(plan, {
          x: POSITION_QUERIES,
          y: POSITIONS,
          xStart,
          yStart: "yStart",
          shifted: true,
        }),
      ]
      : []),
    "let key = vec4<u32>(j0 + 4u * lane_x) + vec4<u32>(0u, 1u, 2u, 3u);",
    ...(plan.distanceBias ? [`let p0 = yStart + i32(4u * lane_x) - i32(4u * lane_y);`] : []),
    ...range(4).flatMap((i) => [
      ...(plan.distanceBias
        ? [
          `s${i} += vec4<f32>(`,
          ...range(4).map((j) =>
            `  f32(distance_bias[u32(clamp(p0 + ${
              rows - 1 - i + j
            }, 0, i32(scalars.K) - 1)) * scalars.N + n]),`
          ),
          ");",
        ]
        : []),
      `s${i} = select(`,
      "  vec4<f32>(-1e30),",
      `  s${i} * scalars.scale,`,
      `  (key >= vec4<u32>(begin${i})) & (key <= vec4<u32>(end${i})),`,
      ");",
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
