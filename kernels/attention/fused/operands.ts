/**
 * Operands of the products of fused attention, as WGSL text: where their rows start, and their
 * elements as float32.
 *
 * @module
 */

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
}

const queries = (bias?: string): TileOperand => ({
  address: (row) => `q_start + min(${row}, scalars.Q - 1u) * q_stride`,
  setup: (h) => (bias ? [`let bias = f32(${bias}[n * scalars.H + ${h}]);`] : []),
  element: (at, h) => `f32(q[${at} + ${h}])${bias ? " + bias" : ""}`,
});

const keyRows = (start: string): TileOperand => ({
  address: (row) => `${start} + min(${row}, scalars.K - 1u) * kv_stride`,
  setup: () => [],
  element: (at, h) => `f32(kv[${at} + ${h}])`,
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
};
/** Values. */
export const VALUES: TileOperand = keyRows("v_start");

/** Positions; `row` is an i32, since blocks at the edge start before the first one. */
export const POSITIONS: TileOperand = {
  address: (row) =>
    `n * scalars.H + u32(clamp(${row}, 0, i32(scalars.K) - 1)) * scalars.N * scalars.H`,
  setup: () => [],
  element: (at, h) => `f32(r[${at} + ${h}])`,
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
