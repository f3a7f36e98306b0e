/**
 * The forward kernel of fused attention as WGSL text: what both forms of it share.
 *
 * @module
 */
import { indent, range } from "../../matmul/tiles/tile_plan.ts";
import { laneSource } from "./lane_source.ts";
import { STARTS } from "./operands.ts";
import { blocksOf, type FusedPlan } from "./plan.ts";
import { stagedSource } from "./staged_source.ts";

/** WGSL of the forward pass, to be put behind that of `exact_exp`. */
export function forwardSource(plan: FusedPlan): string {
  const { rows, keys, columns } = blocksOf(plan);
  const { lanesX, lanesY, columnGroups } = plan;
  const { memory, main } = plan.stage === "workgroup" ? stagedSource(plan) : laneSource(plan);
  return [
    "// out = softmax over the visible keys of the scores, times the values; lse = the logarithm of the",
    "// softmax's denominator. q: [Q, B, N, H], kv: [K, B, 2, N, H], lse: [B, N, Q].",
    `// Work split: a workgroup owns ${rows} rows and ${columns} columns of one batch column and head. It`,
    `// walks over blocks of ${keys} keys and keeps, per row, the largest score m so far, parts z of`,
    "// sum exp(score - m), and outputs o relative to m: a larger score scales them down.",
    ...declarations(plan),
    ...memory,
    "",
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

function declarations({ stage, positions, distanceBias }: FusedPlan): string[] {
  const read = ["q", "kv", ...(positions ? ["r", "u", "s"] : [])];
  if (stage !== "workgroup") read.push("keys");
  if (distanceBias) read.push("distance_bias");
  return [
    "alias Value = f32;",
    "struct Scalars {",
    "  B: u32, N: u32, Q: u32, K: u32, H: u32, M: u32, validMemory: u32, maxDistance: u32, scale: f32,",
    "}",
    ...read.map((name, i) => `@group(0) @binding(${i}) var<storage, read> ${name}: array<Value>;`),
    `@group(0) @binding(${read.length}) var<storage, read_write> out: array<Value>;`,
    `@group(0) @binding(${read.length + 1}) var<storage, read_write> lse: array<f32>;`,
    `@group(0) @binding(${read.length + 2}) var<uniform> scalars: Scalars;`,
  ];
}
