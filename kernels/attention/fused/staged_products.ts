/**
 * The two products of fused attention on GPUs, as WGSL text: rows times columns along the head, and a
 * block of weights times rows of values. 64 lanes stage both operands in workgroup memory; each owns
 * 4 rows and 4 keys, or 4 rows and groups of 4 columns.
 *
 * s<i> are the scores of row i and the four keys of a lane, o<i>_<c> the outputs of row i and columns
 * 4 (lane_x + lanesX c) .. + 3.
 *
 * @module
 */
import { indent, range, xyzw } from "../../matmul/tiles/tile_plan.ts";
import type { TileOperand } from "./operands.ts";
import { blocksOf, type FusedPlan } from "./plan.ts";

/** Columns of a head in workgroup memory at once. */
const CHUNK = 16;

/** Operands of scores. */
export interface ScoreOperands {
  /** Rows of queries. */
  readonly x: TileOperand;
  /** Rows that are scored. */
  readonly y: TileOperand;
  /** First row of x in the block. */
  readonly xStart: string;
  /** First row of y in the block: that of row 0 and key 0, or of the last row and key 0 if shifted. */
  readonly yStart: string;
  /** Whether row i and key j meet at row j - i of y instead of row j. */
  readonly shifted: boolean;
}

/** Workgroup memory of a plan. */
export function stagedMemory(plan: FusedPlan): string[] {
  const { rows, keys, columns } = blocksOf(plan);
  const tile = Math.max(CHUNK * (2 * rows + keys) / 4, keys * columns / 4);
  return [
    `var<workgroup> weights: array<vec4<f32>, ${rows * keys / 4}>;`,
    `var<workgroup> tile: array<vec4<f32>, ${tile}>;`,
    `var<workgroup> shares: array<f32, ${rows * plan.lanesX}>;`,
  ];
}

/** s += x . y */
export function addScores(plan: FusedPlan, operands: ScoreOperands): string[] {
  const { x, y, xStart, yStart, shifted } = operands;
  const { rows, keys } = blocksOf(plan);
  const xGroups = rows / 4;
  const yGroups = (shifted ? rows + keys : keys) / 4;
  const yTile = CHUNK * xGroups;
  const first = shifted ? `lane_x + ${xGroups - 1}u - lane_y` : "lane_x";
  return [
    `for (var h0 = 0u; h0 < scalars.H; h0 += ${CHUNK}u) {`,
    ...indent(1, [
      "workgroupBarrier();",
      ...stageAlongHead(plan, x, `${xStart} + `, xGroups, 0, false),
      ...stageAlongHead(plan, y, `${yStart} + `, yGroups, yTile, shifted),
      "workgroupBarrier();",
      `for (var k = 0u; k < ${CHUNK}u; k += 1u) {`,
      ...indent(1, [
        `let rows = tile[k * ${xGroups}u + lane_y];`,
        `let y_at = ${yTile}u + k * ${yGroups}u + ${first};`,
        "let y0 = tile[y_at];",
        ...(shifted ? ["let y1 = tile[y_at + 1u];"] : []),
        ...xyzw.map((row, i) => {
          const y = range(4).map((j) => {
            const t = shifted ? j - i + 3 : j;
            return `y${Math.floor(t / 4)}.${xyzw[t % 4]}`;
          });
          return `s${i} = fma(vec4<f32>(rows.${row}), vec4<f32>(${y.join(", ")}), s${i});`;
        }),
      ]),
      "}",
    ]),
    "}",
  ];
}

/** Stages columns h0 .. of `groups` times 4 rows, so that neighbouring rows lie side by side. */
function stageAlongHead(
  { lanesX, lanesY }: FusedPlan,
  operand: TileOperand,
  start: string,
  groups: number,
  offset: number,
  shifted: boolean,
): string[] {
  const row = (e: number) =>
    shifted ? `i32(4u * (e / ${CHUNK}u) + ${e}u)` : `4u * (e / ${CHUNK}u) + ${e}u`;
  return [
    `for (var e = lane; e < ${CHUNK * groups}u; e += ${lanesX * lanesY}u) {`,
    ...indent(1, [
      `let h = min(h0 + e % ${CHUNK}u, scalars.H - 1u);`,
      ...operand.setup("h"),
      ...range(4).map((e) => `let at${e} = ${operand.address(`${start}${row(e)}`)};`),
      "let values = vec4<f32>(",
      ...range(4).map((e) => `  ${operand.element(`at${e}`, "h")},`),
      ");",
      `tile[${offset}u + (e % ${CHUNK}u) * ${groups}u + e / ${CHUNK}u] =`,
      `  select(vec4<f32>(0.0), values, h0 + e % ${CHUNK}u < scalars.H);`,
    ]),
    "}",
  ];
}

/** o += weights . y, over `count` rows of y from `yStart`. */
export function mixWeights(
  plan: FusedPlan,
  y: TileOperand,
  yStart: string,
  count: string,
): string[] {
  const { lanesX, lanesY, columnGroups } = plan;
  const { rows, keys, columns } = blocksOf(plan);
  return [
    "workgroupBarrier();",
    `for (var e = lane; e < ${keys * columns / 4}u; e += ${lanesX * lanesY}u) {`,
    ...indent(1, [
      `let column = group.z * ${columns}u + 4u * (e % ${columns / 4}u);`,
      `let y_at = ${y.address(`${yStart} + e / ${columns / 4}u`)};`,
      "tile[e] = vec4<f32>(",
      ...range(4).map((e) => `  ${y.element("y_at", `min(column + ${e}u, scalars.H - 1u)`)},`),
      ");",
    ]),
    "}",
    "workgroupBarrier();",
    `for (var k = 0u; k < ${count}; k += 1u) {`,
    ...indent(1, [
      `let rows = weights[k * ${rows / 4}u + lane_y];`,
      ...range(columnGroups).map((c) =>
        `let y${c} = tile[k * ${columns / 4}u + lane_x + ${c * lanesX}u];`
      ),
      ...xyzw.flatMap((row, i) =>
        range(columnGroups).map((c) =>
          `o${i}_${c} = fma(vec4<f32>(rows.${row}), y${c}, o${i}_${c});`
        )
      ),
    ]),
    "}",
  ];
}
