/**
 * Sinusoids of distances (Vaswani et al. 2017, section 3.5, as the reference lays them out): sines
 * first, then cosines. Row p of K stands for distance K - 1 - p, clamped at `clampLen`.
 *
 * Computed on the host in float64: WGSL's sin and cos are accurate only near the origin. The power
 * and its reciprocal are each rounded to float32, as in the reference: at distance 400 a frequency
 * that is off by one bit moves the angle by 2e-5.
 *
 * @module
 */
import type { Recorder, Tensor } from "@transformer-xl/runtime/core";
import { keysOf, type ModelConfig } from "../config.ts";
import type { PositionContext } from "./attention.ts";

/**
 * The table of a recording as a constant, [K, D], kept as the intermediate `pos_emb`.
 */
export function positionalConstant(
  rec: Recorder,
  { dModel: D, clampLen }: Pick<ModelConfig, "dModel" | "clampLen">,
  { lengths, precision }: PositionContext,
): Tensor {
  const K = keysOf(lengths);
  const values = () => positionalTable(K, D, clampLen);
  const table = rec.constant("positions", [K, D], precision.activations, values);
  rec.keepIntermediate(table, "pos_emb");
  return table;
}

/**
 * The frequencies of a table, [D / 2]: powers and their reciprocals, each rounded to float32.
 *
 * @param width D, even
 */
export function inverseFrequencies(width: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: width / 2 },
    (_, j) => 1 / Math.fround(10_000 ** Math.fround(2 * j / width)),
  );
}

/**
 * Positional table, [K, D] row-major.
 *
 * @param rows K
 * @param width D, even
 * @param clampLen maximum distance, to which larger ones are clamped; none if not positive
 * @example
 * ```ts
 * import { positionalTable } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const table = positionalTable(2, 4, -1);
 * assertEquals([...table.slice(4)], [0, 0, 1, 1]); // distance 0
 * ```
 */
export function positionalTable(
  rows: number,
  width: number,
  clampLen: number,
): Float64Array<ArrayBuffer> {
  const half = width / 2;
  const frequencies = inverseFrequencies(width);
  const table = new Float64Array(rows * width);
  for (let p = 0; p < rows; p++) {
    const distance = clampLen > 0 ? Math.min(rows - 1 - p, clampLen) : rows - 1 - p;
    for (let j = 0; j < half; j++) {
      const angle = distance * frequencies[j]!;
      table[p * width + j] = Math.sin(angle);
      table[p * width + half + j] = Math.cos(angle);
    }
  }
  return table;
}
