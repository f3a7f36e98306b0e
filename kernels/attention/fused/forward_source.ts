/**
 * The forward kernel of fused attention as WGSL text: what both forms of it share.
 *
 * @module
 */
import { indent, range } from "../../matmul/tiles/tile_plan.ts";
import { laneSource } from "./lane_source.ts";
import { maskFields, maskFunctions, maskPrelude } from "./mask_source.ts";
import {
  type ArrayType,
  declarations,
  itemOf,
  readers,
  readOperands,
  STARTS,
  writer,
} from "./operands.ts";
import { blocksOf, type FusedPlan } from "./plan.ts";
import { stagedSource } from "./staged_source.ts";

/** WGSL of the forward pass, to be put behind that of `exact_exp`. */
export function forwardSource(plan: FusedPlan): string {
  const { rows, keys, columns } = blocksOf(plan);
  const { lanesX, lanesY, columnGroups } = plan;
  const { memory, main } = plan.stage === "workgroup" ? stagedSource(plan) : laneSource(plan);
  return maskPrelude(plan.mask) + [
    "// out = softmax over the visible keys of the scores, times the values; lse = the logarithm of the",
    "// softmax's denominator. q: [Q, B, N, H], kv: [K, B, 2, N, H], lse: [B, N, Q].",
    `// Work split: a workgroup owns ${rows} rows and ${columns} columns of one batch column and head. It`,
    `// walks over blocks of ${keys} keys and keeps, per row, the largest score m so far, parts z of`,
    "// sum exp(score - m), and outputs o relative to m: a larger score scales them down.",
    ...bindings(plan),
    ...memory,
    "",
    ...(plan.stage === "workgroup"
      ? [...readers(plan, readOperands(plan)), ...writer(plan, "store", "out", "Value")]
      : []),
    ...maskFunctions(plan.mask),
    "fn weight(score: f32, m: f32) -> f32 {",
    "  return select(exact_exp(score - m), 0.0, score < -1e29); // hidden keys",
    "}",
    "",
    `@compute @workgroup_size(${lanesX}, ${lanesY})`,
    "fn main(",
    "  @builtin(workgroup_id) group: vec3<u32>,",
    "  @builtin(local_invocation_id) local: vec3<u32>,",
    ") {",
    ...indent(1, [
      "let lane_x = local.x;",
      ...STARTS,
      `let i0 = group.x * ${rows}u;`,
      ...range(columnGroups).map((c) =>
        `let column${c} = group.z * ${columns}u + 4u * (lane_x + ${c * lanesX}u);`
      ),
      "let oldest = scalars.M - min(scalars.M, scalars.validMemory);",
      "let first = i0 + scalars.M;",
      "let start = max(oldest, first - min(first, scalars.maxDistance));",
      `let last = min(i0 + ${rows - 1}u, scalars.Q - 1u) + scalars.M;`,
      ...main,
    ]),
    "}",
    "",
  ].join("\n");
}

/** Bindings of a plan. */
function bindings(plan: FusedPlan): string[] {
  const { stage, distanceBias, mask } = plan;
  const value = itemOf(plan, "Value");
  const read: ArrayType[] = readOperands(plan).map((name) => [name, value]);
  if (stage !== "workgroup") read.push(["keys", "Value"]);
  if (distanceBias) read.push(["distance_bias", "Value"]);
  if (mask === "given") read.push(["keep", "u32"]);
  return declarations(read, [["out", value], ["lse", "f32"]], maskFields(mask));
}
