/**
 * The sizes of a training step that are doubled, one at a time.
 *
 * @module
 */

/** Sizes of a step. */
export interface StepSizes {
  /** V: words. */
  readonly vocabSize: number;
  /** L: layers. */
  readonly nLayer: number;
  /** D: width. */
  readonly dModel: number;
  /** Columns of the whole batch. */
  readonly batchSize: number;
  /** T: target tokens. */
  readonly tgtLen: number;
  /** M: rows of memory. */
  readonly memLen: number;
  /** Chunks of the batch. */
  readonly batchChunk: number;
}

/** The size of each axis. */
const AXES = {
  T: "tgtLen",
  M: "memLen",
  L: "nLayer",
  D: "dModel",
  V: "vocabSize",
  batch: "batchSize",
  chunks: "batchChunk",
} as const satisfies Readonly<Record<string, keyof StepSizes>>;

/** Name of an axis. */
export type AxisName = keyof typeof AXES;

/** Names of all axes. */
export const AXIS_NAMES = Object.keys(AXES) as [AxisName, ...AxisName[]];

/** A step of a table. */
export interface GrowthCell {
  /** The size of the axis. */
  readonly value: number;
  /** All sizes. */
  readonly sizes: StepSizes;
}

/**
 * The cells of an axis, from the sizes given to `doublings` times doubled ones.
 *
 * @example
 * ```ts
 * import { growthCells } from "@transformer-xl/bench";
 * import { assertEquals } from "@std/assert";
 *
 * const sizes = { vocabSize: 9, nLayer: 1, dModel: 8, batchSize: 4, tgtLen: 2, memLen: 2, batchChunk: 1 };
 * assertEquals(growthCells("L", sizes, 2).map(({ value }) => value), [1, 2, 4]);
 * ```
 */
export function growthCells(axis: AxisName, sizes: StepSizes, doublings: number): GrowthCell[] {
  const key = AXES[axis];
  return Array.from({ length: doublings + 1 }, (_, n) => {
    const value = sizes[key] * 2 ** n;
    return { value, sizes: { ...sizes, [key]: value } };
  });
}
