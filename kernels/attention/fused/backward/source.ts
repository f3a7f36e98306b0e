/**
 * The kernel of fused attention's derivative as WGSL text. It computes blocks of probabilities again
 * from the logarithms of the softmax's denominators, and forms all cotangents from a block while it is
 * in workgroup memory.
 *
 * A workgroup owns keys, a block after the other, of one batch column and head, and walks over the blocks of
 * rows that see them. Cotangents of keys and values stay in registers: dk<j>_<c> and dv<j>_<c> are those
 * of key 4 lane_x + j and columns 4 (lane_y + lanesY c) .. + 3. Those of queries and positions are added up in
 * memory that belongs to the workgroup; a lane always adds to the same numbers, in the same order.
 *
 * @module
 */
import { indent, range, xyzw } from "../../../matmul/tiles/tile_plan.ts";
import { maskFields, maskFunctions, maskPrelude } from "../mask_source.ts";
import {
  type ArrayType,
  declarations,
  itemOf,
  KEYS,
  OUTPUT_COTANGENTS,
  POSITION_QUERIES,
  POSITIONS,
  queriesOf,
  readers,
  readOperands,
  STARTS,
  VALUES,
  writer,
} from "../operands.ts";
import { blocksOf, type FusedPlan } from "../plan.ts";
import { blockScores } from "../staged_scores.ts";
import { addScores, CHUNK, stageRows } from "../staged_products.ts";
import {
  inTurn,
  KEY_GROUPS,
  keyProducts,
  positionProducts,
  queryProducts,
  storeWeights,
  WEIGHT_PADDING,
  weightStride,
} from "./products.ts";

/** WGSL of the derivative, to be put behind that of `exact_exp`. */
export function backwardSource(plan: FusedPlan): string {
  const { lanesX, lanesY, positions, mask } = plan;
  const { rows, keys, columns } = blocksOf(plan);
  const tile = Math.max(CHUNK * (2 * rows + keys) / 4, rows * columns / 4);
  return maskPrelude(mask) + [
    "// Cotangents of all operands of attention, without an array of scores. lse: [B, N, Q], d_out, out: as",
    "// q; dq_sums: those of scores by key, then by position, [parts, 1 or 2, Q, B, N, H]; dr_sums:",
    "// [parts, B, K, N, H]; distance_bias_sums: [parts, B, K, N]; d_kv: as kv.",
    ...bindings(plan),
    `var<workgroup> weights: array<f32, ${rows * weightStride(plan)}>;`,
    `var<workgroup> tile: array<vec4<f32>, ${tile}>;`,
    `var<workgroup> shares: array<f32, ${lanesX * lanesY}>;`,
    "",
    ...readers(plan, [...readOperands(plan), "d_out", "out"]),
    ...writer(plan, "store", "d_kv", "Value"),
    ...["dq_sums", ...(positions ? ["dr_sums"] : [])].flatMap((name) => [
      ...writer(plan, "store", name, "f32"),
      ...writer(plan, "add", name, "f32"),
    ]),
    ...maskFunctions(mask),
    `@compute @workgroup_size(${lanesX}, ${lanesY})`,
    "fn main(",
    "  @builtin(workgroup_id) group: vec3<u32>,",
    "  @builtin(local_invocation_id) local: vec3<u32>,",
    ") {",
    ...indent(1, main(plan)),
    "}",
    "",
  ].join("\n");
}

function bindings(plan: FusedPlan): string[] {
  const { positions, distanceBias, mask } = plan;
  const [value, sum] = [itemOf(plan, "Value"), itemOf(plan, "f32")];
  const read: ArrayType[] = [...readOperands(plan), "d_out", "out"].map((name) => [name, value]);
  if (distanceBias) read.push(["distance_bias", "Value"]);
  if (mask === "given") read.push(["keep", "u32"]);
  read.push(["lse", "f32"]);
  const written: ArrayType[] = [["d_kv", value], ["dq_sums", sum]];
  if (positions) written.push(["dr_sums", sum]);
  if (distanceBias) written.push(["distance_bias_sums", "f32"]);
  return declarations(read, written, ["blocks: u32", ...maskFields(mask)]);
}

function main(plan: FusedPlan): string[] {
  const { lanesX, positions } = plan;
  const { rows, keys, columns } = blocksOf(plan);
  const accumulators = ["dv", "dk"].flatMap((name) =>
    range(4).flatMap((j) => range(KEY_GROUPS).map((c) => `${name}${j}_${c}`))
  );
  return [
    "let lane_x = local.x;",
    "let lane_y = local.y;",
    `let lane = lane_y * ${lanesX}u + lane_x;`,
    ...STARTS,
    `let column = group.z * ${columns}u + 4u * lane_x;`,
    "let oldest = scalars.M - min(scalars.M, scalars.validMemory);",
    `let sums = group.x * ${positions ? 2 : 1}u * scalars.Q * q_stride + q_start;`,
    ...(positions
      ? [
        "let position_sums = sums + scalars.Q * q_stride;",
        "let r_stride = scalars.N * scalars.H;",
        "let table = (group.x * scalars.B + b) * scalars.K;",
        "let r_sums = table * r_stride + n * scalars.H;",
      ]
      : []),
    ...clearOwn(plan),
    `let blocks_end = min((group.x + 1u) * scalars.blocks, (scalars.K + ${keys - 1}u) / ${keys}u);`,
    "for (var block = group.x * scalars.blocks; block < blocks_end; block += 1u) {",
    ...indent(1, [
      `let j0 = block * ${keys}u;`,
      ...accumulators.map((name) => `var ${name} = vec4<f32>(0.0);`),
      "// The rows that see one of the keys.",
      `let behind = j0 + ${keys}u + scalars.maxDistance;`,
      `let rows_end = select(`,
      "  0u,",
      "  min(scalars.Q, behind - min(scalars.M, behind)),",
      `  j0 + ${keys}u > oldest,`,
      ");",
      `let first_row = (max(j0, scalars.M) - scalars.M) / ${rows}u * ${rows}u;`,
      `for (var i0 = first_row; i0 < rows_end; i0 += ${rows}u) {`,
      ...indent(1, block(plan)),
      "}",
      "for (var j = 0u; j < 4u; j += 1u) {",
      ...indent(1, [
        "let key = j0 + 4u * lane_x + j;",
        "if (key < scalars.K) {",
        ...range(KEY_GROUPS).flatMap((c) => {
          const h = `group.z * ${columns}u + 4u * (lane_y + ${c * plan.lanesY}u)`;
          return [
            `  store_d_kv(k_start + key * kv_stride, ${h}, dk0_${c});`,
            `  store_d_kv(v_start + key * kv_stride, ${h}, dv0_${c});`,
          ];
        }),
        "}",
        "// The sums of the next key.",
        ...["dk", "dv"].flatMap((name) =>
          range(3).flatMap((j) =>
            range(KEY_GROUPS).map((c) => `${name}${j}_${c} = ${name}${j + 1}_${c};`)
          )
        ),
      ]),
      "}",
    ]),
    "}",
  ];
}

/** Sets the lane's own sums to 0, and the columns around the weights. */
function clearOwn(plan: FusedPlan): string[] {
  const { rows } = blocksOf(plan);
  const stride = weightStride(plan);
  const { positions, distanceBias } = plan;
  return [
    `for (var i0 = 4u * lane_y; i0 < scalars.Q; i0 += ${rows}u) {`,
    "  for (var i = i0; i < min(i0 + 4u, scalars.Q); i += 1u) {",
    "    store_dq_sums(sums + i * q_stride, column, vec4<f32>(0.0));",
    ...(positions
      ? ["    store_dq_sums(position_sums + i * q_stride, column, vec4<f32>(0.0));"]
      : []),
    "  }",
    "}",
    ...(positions
      ? [
        "// Blocks of distances begin where those of keys and rows meet.",
        `let aligned = i32((scalars.K - scalars.M) % ${rows}u) - ${rows};`,
        `for (var p0 = aligned + i32(4u * lane_y); p0 < i32(scalars.K); p0 += ${rows}) {`,
        "  for (var p = max(p0, 0); p < min(p0 + 4, i32(scalars.K)); p += 1) {",
        "    store_dr_sums(r_sums + u32(p) * r_stride, column, vec4<f32>(0.0));",
        ...(distanceBias
          ? [
            "    if (lane_x == 0u && group.z == 0u) {",
            "      distance_bias_sums[(table + u32(p)) * scalars.N + n] = 0.0;",
            "    }",
          ]
          : []),
        "  }",
        "}",
      ]
      : []),
    `if (lane < ${rows}u) {`,
    ...[...range(WEIGHT_PADDING), ...range(WEIGHT_PADDING + 1).map((i) => stride - 1 - i)]
      .map((at) => `  weights[lane * ${stride}u + ${at}u] = 0.0;`),
    "}",
  ];
}

/** One block of rows and keys. */
function block(plan: FusedPlan): string[] {
  const { positions } = plan;
  const { rows } = blocksOf(plan);
  return [
    ...deltas(plan),
    ...blockScores(plan),
    ...range(4).map((i) => `var d${i} = vec4<f32>(0.0);`),
    ...addScores(
      plan,
      { x: OUTPUT_COTANGENTS, y: VALUES, xStart: "i0", yStart: "j0", shifted: false },
      "d",
    ),
    ...probabilities(plan),
    ...storeWeights(plan, "s"),
    ...stageRows(plan, OUTPUT_COTANGENTS, "i0", rows),
    ...keyProducts(plan, "dv"),
    "workgroupBarrier();",
    ...storeWeights(plan, "d"),
    ...stageRows(plan, queriesOf(plan), "i0", rows),
    ...keyProducts(plan, "dk"),
    ...(positions
      ? [...stageRows(plan, POSITION_QUERIES, "i0", rows), ...positionProducts(plan)]
      : []),
    ...queryProducts(plan, { keys: KEYS, positions: positions ? POSITIONS : undefined }),
  ];
}

/** Lanes that share a row where no lane has keys. */
function lanesForRow(plan: FusedPlan): number {
  return plan.lanesX * plan.lanesY / blocksOf(plan).rows;
}

/** Several lanes for each row add the products of outputs and their cotangents. */
function deltas(plan: FusedPlan): string[] {
  const lanesOfRow = lanesForRow(plan);
  return [
    "{",
    `  let row_at = q_start + min(i0 + lane / ${lanesOfRow}u, scalars.Q - 1u) * q_stride;`,
    "  var sum = 0.0;",
    `  for (var h = 4u * (lane % ${lanesOfRow}u); h < scalars.H; h += ${4 * lanesOfRow}u) {`,
    "    sum += dot(inside(read_d_out(row_at, h), h), read_out(row_at, h));",
    "  }",
    "  shares[lane] = sum;",
    "}",
  ];
}

/**
 * Turns scores and cotangents of probabilities into probabilities after the dropout, s<i>, and cotangents
 * of scores, d<i>, a row after the other, each of which moves on to the last place.
 */
function probabilities(plan: FusedPlan): string[] {
  const lanesOfRow = lanesForRow(plan);
  const drops = plan.mask !== "none";
  return inTurn(["s", "d"], "i", [
    "let row = i0 + 4u * lane_y + i;",
    "let end = min(row, scalars.Q - 1u) + scalars.M;",
    "let begin = max(oldest, end - min(end, scalars.maxDistance));",
    "let flat = group.y * scalars.Q + end - scalars.M;",
    "let x = s0 * scalars.scale - vec4<f32>(lse[flat]);",
    `let powers = vec4<f32>(${xyzw.map((e) => `exact_exp(x.${e})`).join(", ")});`,
    "let is_row = vec4<bool>(row < scalars.Q);",
    "let is_visible = (key >= vec4<u32>(begin)) & (key <= vec4<u32>(end)) & is_row;",
    "let p = select(vec4<f32>(0.0), powers, is_visible);",
    `let share = ${lanesOfRow}u * (4u * lane_y + i);`,
    `let delta = ${range(lanesOfRow).map((e) => `shares[share + ${e}u]`).join(" + ")};`,
    ...(drops
      ? [
        "let factors = kept_factors(flat * scalars.K + key.x);",
        "let ds = scalars.scale * p * (factors * d0 - vec4<f32>(delta));",
      ]
      : ["let ds = scalars.scale * p * (d0 - vec4<f32>(delta));"]),
  ], [drops ? "p * factors" : "p", "ds"]);
}
