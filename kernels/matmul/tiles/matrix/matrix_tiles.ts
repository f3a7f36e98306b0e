/**
 * Tiles of `matrix` kernels by adapter class.
 *
 * @module
 */
import type { AdapterClass, MatrixUnits } from "@transformer-xl/runtime/core";

/** A tile of subgroups, and its rate relative to the best tile of vectors of the class. */
export interface MatrixTile {
  readonly stage: "matrix";
  readonly tileM: number;
  readonly tileN: number;
  readonly tileK: number;
  readonly microM: number;
  readonly microN: number;
  readonly units: MatrixUnits;
  readonly rate: number;
}

type Row = readonly [
  tile: readonly [number, number, number],
  micro: readonly [number, number],
  rate: number,
];

/**
 * GPUs: derived, not measured. A subgroup of 32 with 64 x 32 sums has 64 registers of them, as the
 * tiles of vectors have, reads six 16 x 16 matrices for every eight products, and shares a core with
 * 15 others. Published figures of such kernels are three to six times those of vectors; three is
 * taken. Smaller parts read more for a product and fill a GPU better.
 *
 * cpu: units that software simulates; small, so that a kernel compiles in a second.
 */
const ROWS: Readonly<Record<"gpu" | "cpu", readonly Row[]>> = {
  gpu: [
    [[128, 128, 32], [64, 32], 3.0],
    [[64, 128, 32], [32, 32], 2.5],
    [[64, 64, 32], [32, 32], 2.2],
  ],
  cpu: [[[32, 32, 16], [16, 16], 1]],
};

/** The tiles of a class for some units, largest first. */
export function matrixTiles(adapterClass: AdapterClass, units: MatrixUnits): MatrixTile[] {
  return ROWS[adapterClass === "cpu" ? "cpu" : "gpu"].map((
    [[tileM, tileN, tileK], [microM, microN], rate],
  ) => ({ stage: "matrix", tileM, tileN, tileK, microM, microN, units, rate }));
}
