/**
 * The parts of a matmul kernel: the tile plan, and the pieces of WGSL text that every plan shares
 * (uniform struct, bindings, tile origin).
 *
 * Sizes, strides and offsets are uniforms, never constants, so one pipeline serves all shapes of a
 * form; a plan only determines the split of the work.
 *
 * @module
 */

import type { MatrixUnits } from "@transformer-xl/runtime/core";
import { type Epilogue, epilogueBindings, epilogueFields, epilogueFormula } from "./epilogue.ts";

/**
 * Layout of the operands: NN: a [M, K], b [K, N]; NT: a [M, K], b [N, K]; TN: a [K, M], b [K, N].
 */
export type MatmulForm = "NN" | "NT" | "TN";

/**
 * Where tiles of A and B live while they are multiplied.
 *
 * - `subgroup`: registers of one 8-lane subgroup, passed around by subgroupBroadcast. Needs
 *   subgroups of at least 8 lanes.
 * - `direct`: registers of one lane; every lane loads all rows of A itself.
 * - `workgroup`: workgroup memory, a register micro-tile per invocation.
 * - `warp`: the same with 8 x 8 micro-tiles, 32 x 64 outputs for each 32 invocations, vec4 loads and
 *   an unrolled multiply loop.
 * - `matrix`: workgroup memory, products of small matrices by units of the device. Operands are halves.
 */
export type TileStage = "subgroup" | "direct" | "workgroup" | "warp" | "matrix";

/** Tile plan of a matmul kernel. Equal plans give equal WGSL. */
export interface TilePlan {
  /** Layout of the operands. */
  readonly form: MatmulForm;
  /** Where tiles live. */
  readonly stage: TileStage;
  /** Rows of C per workgroup. */
  readonly tileM: number;
  /** Columns of C per workgroup. */
  readonly tileN: number;
  /** Steps of k per turn of the main loop. */
  readonly tileK: number;
  /** Rows of C per invocation, or per subgroup of a `matrix` plan. */
  readonly microM: number;
  /** Columns of C per invocation, or per subgroup of a `matrix` plan. */
  readonly microN: number;
  /**
   * Bind a, b and c as arrays of vec4: for `workgroup` plans, and all `warp` plans, when every row
   * length, row stride, offset and batch stride of the three operands is a multiple of 4. All `matrix`
   * plans bind c so, and a and b as arrays of octets, where these are multiples of 8.
   */
  readonly vec4: boolean;
  /** `matrix`: the device's units. */
  readonly units?: MatrixUnits;
  /** `warp`, `matrix`: K is a multiple of `tileK` at every run, so that loads need no test. */
  readonly wholeTurns?: boolean;
  /** `warp`: `tileK` products are summed in the operands' element type, these sums in float32. */
  readonly packedSums?: boolean;
  /**
   * Parts the sum over k is cut into. Above 1, workgroup z is the part, c receives partial sums
   * [splitK, M, N] (part stride `c_outer`), and `reduce_partials.wgsl` adds them in order.
   */
  readonly splitK: number;
  /** What happens to a sum before it is stored. */
  readonly epilogue: Epilogue;
}

/** Lanes of a `subgroup` or `direct` workgroup: the vector width of an AVX2 rasteriser. */
export const lanes = 8;

/** Components of a vec4, in order. */
export const xyzw = ["x", "y", "z", "w"] as const;

/** Integers 0 .. count-1, the way generated code is enumerated. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Each line moved right by `levels` steps of two spaces. */
export function indent(levels: number, lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? "" : "  ".repeat(levels) + line));
}

/** One line on the kernel's formula, as the head of its text. */
export function formulaComment({ form, epilogue }: TilePlan): string {
  const a = form === "TN" ? "A[k,m]" : "A[m,k]";
  const b = form === "NT" ? "B[n,k]" : "B[k,n]";
  return `// ${epilogueFormula(epilogue, `alpha * sum_k ${a} * ${b}`)}`;
}

/**
 * The element types, the uniform struct and the bindings. Operands may be half precision, and so may
 * the result; tiles and sums are float32. Strides and offsets count elements; batch z
 * of outer * inner has inner index z % inner and outer index z / inner.
 */
export function declarations(plan: TilePlan): string[] {
  const item = (alias: string) => plan.vec4 ? `vec4<${alias}>` : alias;
  const bindings = epilogueBindings(plan.epilogue, item);
  const isMatrix = plan.stage === "matrix";
  const operand = isMatrix ? "Octet" : item("Value");
  return [
    "alias Value = f32;",
    "alias Out = f32;",
    ...(isMatrix ? ["alias Octet = vec4<u32>;"] : []),
    "struct Scalars {",
    ...["M", "N", "K", "lda", "ldb", "ldc", "a_offset", "b_offset", "c_offset"]
      .map((name) => `  ${name}: u32,`),
    ...["a_outer", "a_inner", "b_outer", "b_inner", "c_outer", "c_inner"]
      .map((name) => `  ${name}: u32,`),
    "  outer: u32,",
    "  inner: u32,",
    "  splits: u32,",
    "  alpha: f32,",
    ...epilogueFields(plan.epilogue).map((field) => `  ${field},`),
    "}",
    "",
    `@group(0) @binding(0) var<storage, read> a: array<${operand}>;`,
    `@group(0) @binding(1) var<storage, read> b: array<${operand}>;`,
    `@group(0) @binding(2) var<storage, read_write> c: array<${item("Out")}>;`,
    ...bindings,
    `@group(0) @binding(${3 + bindings.length}) var<uniform> scalars: Scalars;`,
    "",
  ];
}

/**
 * Opening statements of `main`: the tile's origin (m0, n0), an early return for tiles outside C,
 * the start of each operand (a_start, b_start, c_start), and the range of k (k_begin, k_end).
 */
export function origin(plan: TilePlan): string[] {
  const assign = (name: string, value: string) => `let ${name} = ${value};`;
  const edge = [
    `let m0 = group.y * ${plan.tileM}u;`,
    `let n0 = group.x * ${plan.tileN}u;`,
    "if (m0 >= scalars.M || n0 >= scalars.N) {",
    "  return;",
    "}",
  ];
  if (plan.splitK > 1) {
    return [
      ...edge,
      `// Part group.z sums k_begin <= k < k_end; parts are multiples of ${plan.tileK}.`,
      `let part_steps = (scalars.K + ${plan.tileK}u * scalars.splits - 1u) / ` +
      `(${plan.tileK}u * scalars.splits);`,
      assign("k_begin", `min(group.z * part_steps * ${plan.tileK}u, scalars.K)`),
      assign("k_end", `min(k_begin + part_steps * ${plan.tileK}u, scalars.K)`),
      assign("a_start", "scalars.a_offset"),
      assign("b_start", "scalars.b_offset"),
      assign("c_start", "scalars.c_offset + group.z * scalars.c_outer"),
    ];
  }
  const start = (x: string) =>
    `scalars.${x}_offset + outer_batch * scalars.${x}_outer + inner_batch * scalars.${x}_inner`;
  return [
    ...edge,
    "let outer_batch = group.z / scalars.inner;",
    "let inner_batch = group.z % scalars.inner;",
    assign("k_begin", "0u"),
    assign("k_end", "scalars.K"),
    assign("a_start", start("a")),
    assign("b_start", start("b")),
    assign("c_start", start("c")),
  ];
}
