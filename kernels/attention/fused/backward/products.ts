/**
 * The products of fused attention's derivative with one block of weights in workgroup memory, as WGSL
 * text.
 *
 * Weights lie as numbers, a row of a block after the other, with zeros on both sides: rows of distances
 * run through them diagonally, four at a time, and may begin and end outside.
 *
 * @module
 */
import { indent, range, xyzw } from "../../../matmul/tiles/tile_plan.ts";
import type { TileOperand } from "../operands.ts";
import { blocksOf, type FusedPlan } from "../plan.ts";
import { stageRows } from "../staged_products.ts";

/** Zeros before and after the weights of a row. */
export const WEIGHT_PADDING = 3;

/** From one row of weights to the next: one more, so that neighbouring rows lie in other banks. */
export function weightStride(plan: FusedPlan): number {
  return blocksOf(plan).keys + 2 * WEIGHT_PADDING + 1;
}

/** Groups of four columns of a lane that owns keys. */
export const KEY_GROUPS = 2;

/**
 * Does something with `<name>0`, four times, in a loop that moves `<name>1` to `<name>3` there: a software
 * driver spends most of its compile time on loads and stores. What `after` has for a name ends in place.
 */
export function inTurn(
  names: readonly string[],
  index: string,
  body: readonly string[],
  after: readonly string[] = [],
): string[] {
  return [
    `for (var ${index} = 0u; ${index} < 4u; ${index} += 1u) {`,
    ...indent(1, [
      ...body,
      ...names.flatMap((name, at) => [
        ...range(3).map((i) => `${name}${i} = ${name}${i + 1};`),
        ...(after[at] === undefined ? [] : [`${name}3 = ${after[at]};`]),
      ]),
    ]),
    "}",
  ];
}

/** Stores the numbers `<name><i>` of a lane's four rows and keys. */
export function storeWeights(plan: FusedPlan, name: string): string[] {
  const stride = weightStride(plan);
  return inTurn([name], "i", [
    `let at = (4u * lane_y + i) * ${stride}u + ${WEIGHT_PADDING}u + 4u * lane_x;`,
    ...xyzw.map((key, j) => `weights[at + ${j}u] = ${name}0.${key};`),
  ]);
}

/** Four weights from an index on, `step` apart. */
function weightsAt(at: string, step: number): string[] {
  return [
    `let w_at = ${at};`,
    `let w = vec4<f32>(${range(4).map((e) => `weights[w_at + ${e * step}u]`).join(", ")});`,
  ];
}

/** `<sum><j>_<c>` += the weights of key j over the rows, times these rows of the tile. */
export function keyProducts(plan: FusedPlan, sum: string): string[] {
  const { rows, columns } = blocksOf(plan);
  const stride = weightStride(plan);
  return [
    `for (var i = 0u; i < ${rows}u; i += 1u) {`,
    ...indent(1, [
      ...weightsAt(`i * ${stride}u + ${WEIGHT_PADDING}u + 4u * lane_x`, 1),
      ...range(KEY_GROUPS).map((c) =>
        `let y${c} = tile[i * ${columns / 4}u + lane_y + ${c * plan.lanesY}u];`
      ),
      ...xyzw.flatMap((key, j) =>
        range(KEY_GROUPS).map((c) =>
          `${sum}${j}_${c} = fma(vec4<f32>(w.${key}), y${c}, ${sum}${j}_${c});`
        )
      ),
    ]),
    "}",
  ];
}

/** Four sums of a lane, one for each row. */
const zeros = range(4).map((e) => `var sum${e} = vec4<f32>(0.0);`);

/** `sum<e>` += component e of w, times y. */
const multiply = xyzw.map((component, e) =>
  `sum${e} = fma(vec4<f32>(w.${component}), y, sum${e});`
);

/**
 * Adds the cotangents of positions: row l of the block's distances p_start + l is a diagonal of the
 * weights, key l - (rows - 1) + i of row i. Lanes have four rows of each run of distances as long as
 * the block's rows, so that together all have the same number of steps.
 */
export function positionProducts(plan: FusedPlan): string[] {
  const { distanceBias } = plan;
  const { rows, keys, columns } = blocksOf(plan);
  const stride = weightStride(plan);
  const back = rows - 1 - WEIGHT_PADDING;
  return [
    `for (var l0 = 4u * lane_y; l0 < ${rows + keys}u; l0 += ${rows}u) {`,
    ...indent(1, [
      ...zeros,
      ...(distanceBias ? ["var total = vec4<f32>(0.0);"] : []),
      `let first = ${back}u - min(${back}u, l0);`,
      `let end = min(${rows}u, ${rows + keys - 1}u - l0);`,
      "for (var i = first; i < end; i += 1u) {",
      ...indent(1, [
        ...weightsAt(`i * ${stride + 1}u + l0 - ${back}u`, 1),
        `let y = tile[i * ${columns / 4}u + lane_x];`,
        ...multiply,
        ...(distanceBias ? ["total += w;"] : []),
      ]),
      "}",
      ...inTurn(["sum"], "e", [
        "let p = p_start + i32(l0 + e);",
        "if (p >= 0 && p < i32(scalars.K)) {",
        "  add_dr_sums(r_sums + u32(p) * r_stride, column, sum0);",
        ...(distanceBias
          ? [
            "  if (lane_x == 0u && group.z == 0u) {",
            "    distance_bias_sums[(table + u32(p)) * scalars.N + n] += total.x;",
            "  }",
          ]
          : []),
        "}",
        ...(distanceBias ? ["total = total.yzww;"] : []),
      ]),
    ]),
    "}",
  ];
}

/** Adds the cotangents of queries, by key and by position. */
export function queryProducts(
  plan: FusedPlan,
  { keys, positions }: {
    readonly keys: TileOperand;
    readonly positions: TileOperand | undefined;
  },
): string[] {
  return [
    ...queryProduct(plan, keys, "sums"),
    ...(positions === undefined ? [] : queryProduct(plan, positions, "position_sums")),
  ];
}

/**
 * Adds weights times rows of y, staged in runs as long as the block's rows. Row i of the block meets
 * distance l at key l - (rows - 1) + i, outside the weights before and after.
 */
function queryProduct(plan: FusedPlan, y: TileOperand, to: string): string[] {
  const { rows, keys, columns } = blocksOf(plan);
  const shifted = y.signedRows === true;
  const stride = weightStride(plan);
  const back = rows - 1 - WEIGHT_PADDING;
  const [length, start] = shifted ? [rows + keys, "p_start + i32(l0)"] : [keys, "j0 + l0"];
  return [
    "{",
    ...indent(1, [
      ...zeros,
      `for (var l0 = 0u; l0 < ${length}u; l0 += ${rows}u) {`,
      ...indent(1, [
        ...stageRows(plan, y, start, rows),
        ...(shifted
          ? [
            `let first = max(l0, ${back}u - min(${back}u, 4u * lane_y));`,
            `let end = min(l0 + ${rows}u, ${rows + keys - 1}u - 4u * lane_y);`,
          ]
          : ["let first = l0;", `let end = l0 + ${rows}u;`]),
        "for (var l = first; l < end; l += 1u) {",
        ...indent(1, [
          ...(shifted
            ? weightsAt(
              `4u * lane_y * ${stride + 1}u + l - ${back}u`,
              stride + 1,
            )
            : weightsAt(
              `4u * lane_y * ${stride}u + ${WEIGHT_PADDING}u + l`,
              stride,
            )),
          `let y = tile[(l - l0) * ${columns / 4}u + lane_x];`,
          ...multiply,
        ]),
        "}",
      ]),
      "}",
      ...inTurn(["sum"], "i", [
        "let row = i0 + 4u * lane_y + i;",
        "if (row < scalars.Q) {",
        `  add_dq_sums(${to} + row * q_stride, column, sum0);`,
        "}",
      ]),
    ]),
    "}",
  ];
}
