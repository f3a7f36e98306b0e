/**
 * The forward kernel of fused attention for software rasterisers, as WGSL text: one 8-lane vector per
 * block of rows.
 *
 * Products keep their sums in registers: s<i>_<g> are those of row i and the lane's keys 4 g .. 4 g +
 * 3, o<i>_<c> the outputs of row i and columns column<c> .. column<c> + 3. The softmax between them
 * belongs to the lanes row by row. Each sum is stored from one place of the text, in a loop that
 * moves the next one there: the driver spends most of its compile time on loads and stores.
 *
 * @module
 */
import { indent, range } from "../../matmul/tiles/tile_plan.ts";
import {
  PACKED_KEYS,
  PACKED_POSITIONS,
  POSITION_QUERIES,
  queriesOf,
  type TileOperand,
  VALUES,
} from "./operands.ts";
import { blocksOf, type FusedPlan } from "./plan.ts";

/** Workgroup memory and the statements of `main`. */
export function laneSource(
  plan: FusedPlan,
): { readonly memory: string[]; readonly main: string[] } {
  const { rows, keys } = blocksOf(plan);
  const { columnGroups, positions } = plan;
  const memory = [
    `var<workgroup> weights: array<f32, ${rows * keys}>;`,
    `var<workgroup> factors: array<f32, ${rows}>;`,
    // Scores by position of this block of distances and of the one before.
    ...(positions ? [`var<workgroup> by_position: array<f32, ${2 * rows * keys}>;`] : []),
  ];
  const owned = range(rows / plan.lanesX);
  const main = [
    ...owned.flatMap((g) => [
      `let own${g} = ${g * plan.lanesX}u + lane_x;`,
      `let end${g} = min(i0 + own${g}, scalars.Q - 1u) + scalars.M;`,
      `let begin${g} = max(oldest, end${g} - min(end${g}, scalars.maxDistance));`,
      `var m${g} = -1e30;`,
      `var z${g} = 0.0;`,
    ]),
    ...range(rows).flatMap((i) =>
      range(columnGroups).map((c) => `var o${i}_${c} = vec4<f32>(0.0);`)
    ),
    ...range(rows).flatMap((i) =>
      range(plan.microKeys / 4).map((g) => `var s${i}_${g} = vec4<f32>(0.0);`)
    ),
    ...(positions
      ? [
        "// The distance of the first key and the last row.",
        `let position_start = i32(start + scalars.K) - i32(i0 + scalars.M) - ${rows};`,
      ]
      : []),
    `let steps = (last - start) / ${keys}u + 1u;`,
    `for (var step = ${positions ? 0 : 1}u; step <= steps; step += 1u) {`,
    ...indent(1, [
      ...(positions
        ? [
          ...products(
            plan,
            POSITION_QUERIES,
            PACKED_POSITIONS,
            `position_start + i32(step * ${keys}u)`,
          ),
          ...storeSums(plan, "by_position", `(step & 1u) * ${keys}u + `),
          "if (step > 0u) {",
          ...indent(1, block(plan, owned)),
          "}",
        ]
        : block(plan, owned)),
    ]),
    "}",
    "",
    ...owned.map((g) => `factors[own${g}] = 1.0 / z${g};`),
    "workgroupBarrier();",
    ...storeOutputs(plan),
    "if (group.z == 0u) {",
    ...indent(
      1,
      owned.flatMap((g) => [
        `if (i0 + own${g} < scalars.Q) {`,
        `  lse[group.y * scalars.Q + i0 + own${g}] = m${g} + log(z${g});`,
        "}",
      ]),
    ),
    "}",
  ];
  return { memory, main };
}

/** One block of keys: scores, weights, outputs. */
function block(plan: FusedPlan, owned: readonly number[]): string[] {
  const { rows, keys } = blocksOf(plan);
  return [
    `let j0 = start + (step - 1u) * ${keys}u;`,
    `let count = min(${keys}u, last + 1u - j0);`,
    ...products(plan, queriesOf(plan), PACKED_KEYS, "j0"),
    ...storeSums(plan, "weights", ""),
    "workgroupBarrier();",
    ...owned.map((g) => `var high${g} = m${g};`),
    "for (var k = 0u; k < count; k += 1u) {",
    ...indent(1, owned.flatMap((g) => ownScore(plan, g))),
    "}",
    ...owned.flatMap((g) => [
      `let factor${g} = exact_exp(m${g} - high${g});`,
      `factors[own${g}] = factor${g};`,
      `z${g} *= factor${g};`,
      `m${g} = high${g};`,
    ]),
    ...(plan.mask === "none" ? [] : owned.map((g) => `var kept${g} = 0u;`)),
    "for (var k = 0u; k < count; k += 1u) {",
    ...indent(
      1,
      owned.flatMap((g) => [
        `let at${g} = k * ${rows}u + own${g};`,
        `let w${g} = weight(weights[at${g}], m${g});`,
        `z${g} += w${g};`,
        ...keptWeight(plan, g),
      ]),
    ),
    "}",
    "workgroupBarrier();",
    ...range(rows).flatMap((i) => [
      "{",
      `  let factor = factors[${i}];`,
      ...range(plan.columnGroups).map((c) => `  o${i}_${c} *= factor;`),
      "}",
    ]),
    ...mix(plan),
    "workgroupBarrier();",
  ];
}

/** Stores the weight of one of the lane's rows and key j0 + k, dropped or not. */
function keptWeight({ mask }: FusedPlan, g: number): string[] {
  if (mask === "none") return [`weights[at${g}] = w${g};`];
  return [
    "if (k % 4u == 0u) {",
    `  let row = group.y * scalars.Q + end${g} - scalars.M;`,
    `  kept${g} = kept_from(row * scalars.K + j0 + k);`,
    "}",
    `let is_kept${g} = ((kept${g} >> (k % 4u)) & 1u) != 0u;`,
    `weights[at${g}] = select(0.0, scalars.factor * w${g}, is_kept${g});`,
  ];
}

/** The score of one of the lane's rows and key j0 + k, and the largest one so far. */
function ownScore(plan: FusedPlan, g: number): string[] {
  const { rows, keys } = blocksOf(plan);
  const { positions, distanceBias } = plan;
  return [
    `let at${g} = k * ${rows}u + own${g};`,
    `var score${g} = weights[at${g}];`,
    ...(positions
      ? [
        `let distance${g} = k + ${rows - 1}u - own${g};`,
        `score${g} += by_position[`,
        `  (((step - 1u) * ${keys}u + distance${g}) % ${2 * keys}u) * ${rows}u + own${g}`,
        "];",
      ]
      : []),
    ...(distanceBias
      ? [
        `let p${g} = position_start + i32((step - 1u) * ${keys}u + distance${g});`,
        `score${g} += f32(distance_bias[u32(clamp(p${g}, 0, i32(scalars.K) - 1)) * scalars.N + n]);`,
      ]
      : []),
    `let visible${g} = j0 + k >= begin${g} && j0 + k <= end${g};`,
    `score${g} = select(-1e30, score${g} * scalars.scale, visible${g});`,
    `weights[at${g}] = score${g};`,
    `high${g} = max(high${g}, score${g});`,
  ];
}

/** Row i of what the lanes have loaded into <name>0, <name>1, .. */
function laneValue({ stage, lanesX }: FusedPlan, name: string, i: number): string {
  return stage === "subgroup"
    ? `subgroupBroadcast(${name}${Math.floor(i / lanesX)}, ${i % lanesX}u)`
    : `${name}${i}`;
}

/** Rows that a lane loads itself, as expressions. */
function loadedRows({ stage, lanesX, microRows }: FusedPlan): string[] {
  return stage === "subgroup"
    ? range(microRows / lanesX).map((g) => `${g * lanesX}u + lane_x`)
    : range(microRows).map((i) => `${i}u`);
}

/** s = x . y along the head, for the rows from i0 and the rows of y from `yStart`. */
function products(plan: FusedPlan, x: TileOperand, y: TileOperand, yStart: string): string[] {
  const { microRows, microKeys } = plan;
  const groups = range(microKeys / 4);
  const cast = y.signedRows ? "i32" : "u32";
  return [
    ...range(microRows).flatMap((i) => groups.map((g) => `s${i}_${g} = vec4<f32>(0.0);`)),
    "{",
    ...indent(1, [
      ...loadedRows(plan).map((row, g) => `let x_at${g} = ${x.address(`i0 + ${row}`)};`),
      ...range(microKeys).map((t) =>
        `let y_at${t} = ${y.address(`${yStart} + ${cast}(lane_x * ${microKeys}u + ${t}u)`)};`
      ),
      "for (var h = 0u; h < scalars.H; h += 1u) {",
      ...indent(1, [
        ...x.setup("h"),
        ...loadedRows(plan).map((_, g) => `let x${g} = ${x.element(`x_at${g}`, "h")};`),
        ...groups.map((g) =>
          `let y${g} = vec4<f32>(${
            range(4).map((e) => y.element(`y_at${4 * g + e}`, "h")).join(", ")
          });`
        ),
        ...range(microRows).flatMap((i) => [
          "{",
          `  let x = vec4<f32>(${laneValue(plan, "x", i)});`,
          ...groups.map((g) => `  s${i}_${g} = fma(x, y${g}, s${i}_${g});`),
          "}",
        ]),
      ]),
      "}",
    ]),
    "}",
  ];
}

/** Stores the sums of a lane, the rows of a key side by side. */
function storeSums(plan: FusedPlan, target: string, firstKey: string): string[] {
  const { microRows, microKeys } = plan;
  return [
    `for (var k = 0u; k < ${microKeys}u; k += 1u) {`,
    ...indent(1, [
      `let at = (${firstKey}lane_x * ${microKeys}u + k) * ${microRows}u;`,
      ...range(microRows).flatMap((i) => [
        `${target}[at + ${i}u] = s${i}_0.x;`,
        ...moveDown(`s${i}_`, microKeys / 4),
      ]),
    ]),
    "}",
  ];
}

/** Moves the elements of <name>0, <name>1, .. one place towards the first. */
function moveDown(name: string, count: number): string[] {
  return range(count).map((g) => {
    const next = g + 1 < count ? `${name}${g + 1}.x` : "0.0";
    return `${name}${g} = vec4<f32>(${name}${g}.yzw, ${next});`;
  });
}

/** o += weights . values, over the block's visible keys. */
function mix(plan: FusedPlan): string[] {
  const { microRows, columnGroups } = plan;
  return [
    "for (var k = 0u; k < count; k += 1u) {",
    ...indent(1, [
      ...loadedRows(plan).map((row, g) => `let w${g} = weights[k * ${microRows}u + ${row}];`),
      `let y_at = ${VALUES.address("j0 + k")};`,
      ...range(columnGroups).map((c) => {
        const columns = range(4).map((e) => `min(column${c} + ${e}u, scalars.H - 1u)`);
        return `let y${c} = vec4<f32>(${
          columns.map((h) => VALUES.element("y_at", h)).join(", ")
        });`;
      }),
      ...range(microRows).flatMap((i) => [
        "{",
        `  let w = vec4<f32>(${laneValue(plan, "w", i)});`,
        ...range(columnGroups).map((c) => `  o${i}_${c} = fma(w, y${c}, o${i}_${c});`),
        "}",
      ]),
    ]),
    "}",
  ];
}

/** Stores the outputs of a lane. */
function storeOutputs(plan: FusedPlan): string[] {
  const { lanesX, microRows, columnGroups } = plan;
  return [
    `for (var e = 0u; e < ${4 * columnGroups}u; e += 1u) {`,
    ...indent(1, [
      `let column = column0 + (e / 4u) * ${4 * lanesX}u + e % 4u;`,
      "if (column < scalars.H) {",
      ...indent(
        1,
        range(microRows).flatMap((i) => [
          `if (i0 + ${i}u < scalars.Q) {`,
          `  out[q_start + (i0 + ${i}u) * q_stride + column] = Value(o${i}_0.x * factors[${i}]);`,
          "}",
        ]),
      ),
      "}",
      ...range(microRows).flatMap((i) => moveDown(`o${i}_`, columnGroups)),
    ]),
    "}",
  ];
}
