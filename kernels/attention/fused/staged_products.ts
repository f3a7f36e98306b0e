/**
 * The two products of fused attention on GPUs, as WGSL text: rows times columns along the head, and a
 * block of weights times rows of values. The lanes of a workgroup stage both operands in workgroup
 * memory, four columns at a time; each owns 4 rows and 4 keys, or 4 rows and groups of 4 columns.
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
export const CHUNK = 16;

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

/** `<sum><i>` += x . y, for the four rows and keys of a lane. */
export function addScores(
  plan: FusedPlan,
  { x, y, xStart, yStart, shifted }: ScoreOperands,
  sum = "s",
): string[] {
  const { rows, keys } = blocksOf(plan);
  const xGroups = rows / 4;
  const yGroups = (shifted ? rows + keys : keys) / 4;
  const yTile = CHUNK * xGroups;
  const first = shifted ? `lane_x + ${xGroups - 1}u - lane_y` : "lane_x";
  return [
    `for (var h0 = 0u; h0 < scalars.H; h0 += ${CHUNK}u) {`,
    ...indent(1, [
      "workgroupBarrier();",
      ...stageAlongHead(plan, x, `${xStart} + `, xGroups, 0),
      ...stageAlongHead(plan, y, `${yStart} + `, yGroups, yTile),
      "workgroupBarrier();",
      `for (var k = 0u; k < ${CHUNK}u; k += ${plan.unrolled}u) {`,
      ...indent(1, [
        `let x_at = k * ${xGroups}u + lane_y;`,
        `let y_at = ${yTile}u + k * ${yGroups}u + ${first};`,
        ...range(plan.unrolled).flatMap((k) => [
          "{",
          ...indent(1, [
            `let rows = tile[x_at + ${k * xGroups}u];`,
            `let y0 = tile[y_at + ${k * yGroups}u];`,
            ...(shifted ? [`let y1 = tile[y_at + ${k * yGroups + 1}u];`] : []),
            ...xyzw.map((row, i) => {
              const y = range(4).map((j) => {
                const t = shifted ? j - i + 3 : j;
                return `y${Math.floor(t / 4)}.${xyzw[t % 4]}`;
              });
              return `${sum}${i} = fma(vec4<f32>(rows.${row}), vec4<f32>(${
                y.join(", ")
              }), ${sum}${i});`;
            }),
          ]),
          "}",
        ]),
      ]),
      "}",
    ]),
    "}",
  ];
}

/** Stages columns h0 .. of `groups` times 4 rows, so that neighbouring rows lie side by side. */
function stageAlongHead(
  plan: FusedPlan,
  operand: TileOperand,
  start: string,
  groups: number,
  offset: number,
): string[] {
  const row = (group: string, t: number) => {
    const row = `4u * (${group}) + ${t}u`;
    return operand.address(`${start}${operand.signedRows ? `i32(${row})` : row}`);
  };
  const items = (count: number, body: string[]) => [
    `for (var e = lane; e < ${count}u; e += ${plan.lanesX * plan.lanesY}u) {`,
    ...indent(1, body),
    "}",
  ];
  if (!plan.vec4) {
    return items(CHUNK * groups, [
      `let k = e % ${CHUNK}u;`,
      "let h = min(h0 + k, scalars.H - 1u);",
      ...operand.setup("h"),
      ...range(4).map((t) => `let at${t} = ${row(`e / ${CHUNK}u`, t)};`),
      "let values = vec4<f32>(",
      ...range(4).map((t) => `  ${operand.element(`at${t}`, "h")},`),
      ");",
      `tile[${offset}u + k * ${groups}u + e / ${CHUNK}u] =`,
      "  select(vec4<f32>(0.0), values, h0 + k < scalars.H);",
    ]);
  }
  return items(CHUNK * groups / 4, [
    `let h = h0 + 4u * (e / ${groups}u);`,
    ...range(4).flatMap((t) => [
      `let at${t} = ${row(`e % ${groups}u`, t)};`,
      `let row${t} = inside(${operand.vector(`at${t}`, "h")}, h);`,
    ]),
    `let to = ${offset}u + 4u * (e / ${groups}u) * ${groups}u + e % ${groups}u;`,
    ...xyzw.map((column, t) =>
      `tile[to + ${t * groups}u] = vec4<f32>(${
        range(4).map((row) => `row${row}.${column}`).join(", ")
      });`
    ),
  ]);
}

/** Stages `count` rows of y from `yStart`, the columns of a workgroup. */
export function stageRows(
  plan: FusedPlan,
  y: TileOperand,
  yStart: string,
  count: number,
): string[] {
  const { columns } = blocksOf(plan);
  const row = `e / ${columns / 4}u`;
  return [
    "workgroupBarrier();",
    `for (var e = lane; e < ${count * columns / 4}u; e += ${plan.lanesX * plan.lanesY}u) {`,
    `  let y_at = ${y.address(`${yStart} + ${y.signedRows ? `i32(${row})` : row}`)};`,
    `  tile[e] = ${y.vector("y_at", `group.z * ${columns}u + 4u * (e % ${columns / 4}u)`)};`,
    "}",
    "workgroupBarrier();",
  ];
}

/** o += weights . y, over `count` rows of y from `yStart`. */
export function mixWeights(
  plan: FusedPlan,
  y: TileOperand,
  yStart: string,
  count: string,
): string[] {
  const { lanesX, columnGroups } = plan;
  const { rows, keys, columns } = blocksOf(plan);
  return [
    ...stageRows(plan, y, yStart, keys),
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
