/**
 * Operands of the products of fused attention, as WGSL text: where their rows start, and their
 * elements as float32.
 *
 * @module
 */
import { range } from "../../matmul/tiles/tile_plan.ts";
import type { FusedPlan } from "./plan.ts";

/** Rows of one batch column and head, read along the head. */
export interface TileOperand {
  /** Element at the start of a row, given by an expression; rows past the edge repeat the last one. */
  address(row: string): string;
  /** What the elements at column `h` have in common. */
  setup(h: string): string[];
  /** Whether rows are given as i32. */
  readonly signedRows?: true;
  /** Element at column `h` of the row that starts at `at`. */
  element(at: string, h: string): string;
  /** Elements at columns `h` to `h + 3` of that row, from the functions of {@link readers}. */
  vector(at: string, h: string): string;
}

const queries = (bias?: string): TileOperand => ({
  address: (row) => `q_start + min(${row}, scalars.Q - 1u) * q_stride`,
  setup: (h) => (bias ? [`let bias = f32(${bias}[n * scalars.H + ${h}]);`] : []),
  element: (at, h) => `f32(q[${at} + ${h}])${bias ? " + bias" : ""}`,
  vector: (at, h) => `read_q(${at}, ${h})${bias ? ` + read_${bias}(n * scalars.H, ${h})` : ""}`,
});

const keyRows = (start: string): TileOperand => ({
  address: (row) => `${start} + min(${row}, scalars.K - 1u) * kv_stride`,
  setup: () => [],
  element: (at, h) => `f32(kv[${at} + ${h}])`,
  vector: (at, h) => `read_kv(${at}, ${h})`,
});

const PLAIN_QUERIES = queries();
const CONTENT_QUERIES = queries("u");

/** Queries of scores by key. */
export function queriesOf({ positions }: { readonly positions: boolean }): TileOperand {
  return positions ? CONTENT_QUERIES : PLAIN_QUERIES;
}

/** Queries of scores by position. */
export const POSITION_QUERIES: TileOperand = queries("s");
/** Keys. */
export const KEYS: TileOperand = keyRows("k_start");
/** Keys one after the other, [B, N, K, H]. */
export const PACKED_KEYS: TileOperand = {
  address: (row) => `(group.y * scalars.K + min(${row}, scalars.K - 1u)) * scalars.H`,
  setup: () => [],
  element: (at, h) => `f32(keys[${at} + ${h}])`,
  vector: (at, h) => `read_keys(${at}, ${h})`,
};
/** Values. */
export const VALUES: TileOperand = keyRows("v_start");

/** Cotangents of outputs, which lie as queries do. */
export const OUTPUT_COTANGENTS: TileOperand = {
  ...PLAIN_QUERIES,
  element: (at, h) => `f32(d_out[${at} + ${h}])`,
  vector: (at, h) => `read_d_out(${at}, ${h})`,
};

/** Positions; `row` is an i32, since blocks at the edge start before the first one. */
export const POSITIONS: TileOperand = {
  address: (row) =>
    `n * scalars.H + u32(clamp(${row}, 0, i32(scalars.K) - 1)) * scalars.N * scalars.H`,
  setup: () => [],
  element: (at, h) => `f32(r[${at} + ${h}])`,
  vector: (at, h) => `read_r(${at}, ${h})`,
  signedRows: true,
};

/** Positions of a head one after the other, [N, K, H]; `row` is an i32. */
export const PACKED_POSITIONS: TileOperand = {
  ...POSITIONS,
  address: (row) => `(n * scalars.K + u32(clamp(${row}, 0, i32(scalars.K) - 1))) * scalars.H`,
};

/** Statements that declare where the head of a batch column starts in q and kv. */
export const STARTS: readonly string[] = [
  "let n = group.y % scalars.N;",
  "let b = group.y / scalars.N;",
  "let q_stride = scalars.B * scalars.N * scalars.H;",
  "let q_start = group.y * scalars.H;",
  "let kv_stride = 2u * q_stride;",
  "let k_start = (2u * b * scalars.N + n) * scalars.H;",
  "let v_start = k_start + scalars.N * scalars.H;",
];

/** Names of the operands that both passes read, in the order of their bindings. */
export function readOperands(
  { positions }: Pick<FusedPlan, "positions">,
): readonly string[] {
  return ["q", "kv", ...(positions ? ["r", "u", "s"] : [])];
}

/** Type of the items of an array whose rows are heads. */
export function itemOf({ vec4 }: Pick<FusedPlan, "vec4">, element: string): string {
  return vec4 ? `vec4<${element}>` : element;
}

/**
 * A function `read_NAME(at, h)` for each operand: elements h .. h + 3 of the row that starts at `at`;
 * past the end of the head, others of that row. `inside` replaces these by 0.
 */
export function readers(plan: Pick<FusedPlan, "vec4">, names: readonly string[]): string[] {
  return [
    "fn inside(values: vec4<f32>, h: u32) -> vec4<f32> {",
    "  let columns = vec4<u32>(h) + vec4<u32>(0u, 1u, 2u, 3u);",
    "  return select(vec4<f32>(0.0), values, columns < vec4<u32>(scalars.H));",
    "}",
    "",
    ...names.flatMap((name) => [
      `fn read_${name}(at: u32, h: u32) -> vec4<f32> {`,
      ...(plan.vec4 ? [`  return vec4<f32>(${name}[(at + min(h, scalars.H - 4u)) / 4u]);`] : [
        "  let last = scalars.H - 1u;",
        "  return vec4<f32>(",
        ...range(4).map((e) => `    f32(${name}[at + min(h + ${e}u, last)]),`),
        "  );",
      ]),
      "}",
      "",
    ]),
  ];
}

/**
 * A function `store_NAME(at, h, values)`, or `add_NAME` for what is added to what is there: elements
 * h .. h + 3 of the row that starts at `at`, those within the head.
 */
export function writer(
  { vec4 }: Pick<FusedPlan, "vec4">,
  verb: "store" | "add",
  name: string,
  element: string,
): string[] {
  const stored = (to: string, value: string) =>
    verb === "add" ? `${name}[${to}] += ${value};` : `${name}[${to}] = ${value};`;
  return [
    `fn ${verb}_${name}(at: u32, h: u32, values: vec4<f32>) {`,
    ...(vec4
      ? [
        "  if (h < scalars.H) {",
        `    ${stored("(at + h) / 4u", `vec4<${element}>(values)`)}`,
        "  }",
      ]
      : [
        "  for (var e = 0u; e < min(4u, scalars.H - min(h, scalars.H)); e += 1u) {",
        `    ${stored("at + h + e", `${element}(values[e])`)}`,
        "  }",
      ]),
    "}",
    "",
  ];
}

/** Name of an array and the type of its items. */
export type ArrayType = readonly [name: string, item: string];

/** Sizes in the uniform block of both passes. */
const SIZES = ["B", "N", "Q", "K", "H", "M", "validMemory", "maxDistance"];

/** The element type, the uniform block with further fields, and the bindings. */
export function declarations(
  read: readonly ArrayType[],
  written: readonly ArrayType[],
  fields: readonly string[],
): string[] {
  const count = read.length + written.length;
  const binding = (access: string, from: number) => ([name, item]: ArrayType, i: number) =>
    `@group(0) @binding(${from + i}) var<storage, ${access}> ${name}: array<${item}>;`;
  return [
    "alias Value = f32;",
    "struct Scalars {",
    `  ${[...SIZES.map((name) => `${name}: u32`), "scale: f32", ...fields].join(", ")},`,
    "}",
    ...read.map(binding("read", 0)),
    ...written.map(binding("read_write", read.length)),
    `@group(0) @binding(${count}) var<uniform> scalars: Scalars;`,
  ];
}
