/**
 * The scores of a block of rows and keys on GPUs, as WGSL text: what the forward pass and the
 * derivative of fused attention share.
 *
 * @module
 */
import { range } from "../../matmul/tiles/tile_plan.ts";
import { KEYS, POSITION_QUERIES, POSITIONS, queriesOf } from "./operands.ts";
import { blocksOf, type FusedPlan } from "./plan.ts";
import { addScores } from "./staged_products.ts";

/** Declares row i of a lane, the first and the last key that it sees. */
export function rowBounds(i: number): string[] {
  return [
    `let row${i} = i0 + 4u * lane_y + ${i}u;`,
    `let end${i} = min(row${i}, scalars.Q - 1u) + scalars.M;`,
    `let begin${i} = max(oldest, end${i} - min(end${i}, scalars.maxDistance));`,
  ];
}

/** Which of a lane's keys row i sees, as an expression. */
export function visibleKeys(i: number): string {
  return `(key >= vec4<u32>(begin${i})) & (key <= vec4<u32>(end${i}))`;
}

/** Number of row i among all rows, [B, N, Q]; rows past the edge repeat the last one. */
export function flatRow(i: number): string {
  return `group.y * scalars.Q + end${i} - scalars.M`;
}

/**
 * Declares `key`, the four keys of a lane, `p_start`, the distance of the first key and the last row of
 * the block, and s<i>, the scores of row i before scale and mask.
 */
export function blockScores(plan: FusedPlan): string[] {
  const { rows } = blocksOf(plan);
  const xStart = "i0";
  return [
    ...range(4).map((i) => `var s${i} = vec4<f32>(0.0);`),
    ...addScores(plan, { x: queriesOf(plan), y: KEYS, xStart, yStart: "j0", shifted: false }),
    ...(plan.positions
      ? [
        `let p_start = i32(j0 + scalars.K) - i32(i0 + scalars.M) - ${rows};`,
        ...addScores(plan, {
          x: POSITION_QUERIES,
          y: POSITIONS,
          xStart,
          yStart: "p_start",
          shifted: true,
        }),
      ]
      : []),
    "let key = vec4<u32>(j0 + 4u * lane_x) + vec4<u32>(0u, 1u, 2u, 3u);",
    ...(plan.distanceBias ? distanceBiases(rows) : []),
  ];
}

/** Adds the biases of distances. */
function distanceBiases(rows: number): string[] {
  return [
    "let p0 = p_start + i32(4u * lane_x) - i32(4u * lane_y);",
    ...range(4).flatMap((i) => [
      `s${i} += vec4<f32>(`,
      ...range(4).map((j) => {
        const p = `u32(clamp(p0 + ${rows - 1 - i + j}, 0, i32(scalars.K) - 1))`;
        return `  f32(distance_bias[${p} * scalars.N + n]),`;
      }),
      ");",
    ]),
  ];
}
