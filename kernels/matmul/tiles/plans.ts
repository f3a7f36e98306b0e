/**
 * Choice of a matmul's tile plan: a table of tiles by adapter class, and a choice by estimated time.
 *
 * A launch's time is estimated as rounds x (padded tile size) / rate, where a round fills every
 * core of the class with as many workgroups as it holds. The choice is a pure function of its arguments, so two runs of a program
 * use the same kernels and sum in the same order.
 *
 * @module
 */
import type { AdapterClass, MatrixUnits } from "@transformer-xl/runtime/core";
import { type Epilogue, needsWholeSums, PLAIN_EPILOGUE } from "./epilogue.ts";
import type { MatmulForm, TilePlan, TileStage } from "./tile_plan.ts";
import { lanes } from "./tile_plan.ts";
import { matrixInvocations, type MatrixPlan } from "./matrix/tile_matrix.ts";
import { matrixTiles } from "./matrix/matrix_tiles.ts";
import { warpInvocations } from "./tile_warp.ts";

/** What a plan is chosen by. */
export interface MatmulProblem {
  /** Layout of the operands. */
  readonly form: MatmulForm;
  /** Rows of C (the most there can be, when the count varies from step to step). */
  readonly M: number;
  /** Columns of C. */
  readonly N: number;
  /** Length of the sums (the most there can be). */
  readonly K: number;
  /** Independent products in one launch. */
  readonly batches: number;
  /** Family of the adapter. */
  readonly adapterClass: AdapterClass;
  /** The device has subgroup operations and its subgroups have at least 8 lanes. */
  readonly subgroups: boolean;
  /** What happens to a sum before it is stored. */
  readonly epilogue: Epilogue;
  /** Row lengths, row strides, offsets and batch strides of a, b, c are all multiples of 4. */
  readonly aligned?: boolean;
  /** K is the same at every run. */
  readonly fixedK?: boolean;
  /** Operands are halves, and their products may be summed as halves within a turn. */
  readonly packedSums?: boolean;
  /** Units to use: operands are halves, their rows and starts multiples of 8, those of c of 4. */
  readonly matrixUnits?: MatrixUnits | undefined;
}

/** A tile and how fast it is. */
interface Tile {
  readonly stage: TileStage;
  readonly tileM: number;
  readonly tileN: number;
  readonly tileK: number;
  readonly microM: number;
  readonly microN: number;
  readonly units?: MatrixUnits;
  /** Multiply-adds per time, relative to the other tiles of the class. */
  readonly rate: number;
}

const lane = (stage: "subgroup" | "direct", rows: number, columns: number, rate: number): Tile => ({
  stage,
  tileM: rows,
  tileN: columns * lanes,
  tileK: 2,
  microM: rows,
  microN: columns,
  rate,
});

const staged = (
  [tileM, tileN, tileK]: readonly [number, number, number],
  [microM, microN]: readonly [number, number],
  rate: number,
): Tile => ({ stage: "workgroup", tileM, tileN, tileK, microM, microN, rate });

const warps = (
  tileM: number,
  tileN: number,
  tileK: number,
  rate: number,
): Tile => ({ stage: "warp", tileM, tileN, tileK, microM: 8, microN: 8, rate });

/**
 * Tiles of a class, largest first: for operands that suit loads of vec4, and for others.
 *
 * cpu: measured, Mesa 25 lavapipe on two Zen 3 cores, [1536,512] x [512,2048], GFLOP/s (the rates)
 * and seconds to compile (accumulating): subgroup 24x32 38-42 and 0.5 (0.8), 8x16 22-24 and 0.2
 * (0.2); direct 8x64 12-17 and 0.6 (0.8), 8x16 8-10 and 0.3 (0.4). 32x32 gains 5 % and doubles the
 * compile time, 4 steps of k a turn spill and halve the rate, vec4 loads change nothing.
 *
 * GPUs: derived, not measured. 8 x 8 outputs per invocation are 16 loaded values per 64
 * multiply-adds, the least that keeps workgroup memory from being the limit, at 64 accumulators and
 * about 48 other registers: 128 registers let two workgroups of 256 share a core, one multiplying
 * while the other waits. Workgroup memory stays at 16 KiB for the same reason. Smaller tiles read
 * the operands more often, and fill the cores better. An unknown GPU may have fewer registers, so
 * its micro-tiles are 4 x 4.
 */
const tiles: Readonly<
  Record<
    Exclude<AdapterClass, "cpu">,
    { readonly vectors: readonly Tile[]; readonly scalars: readonly Tile[] }
  >
> = {
  nvidia: {
    vectors: [warps(128, 128, 16, 1.0), warps(64, 128, 16, 0.95), warps(64, 64, 16, 0.85)],
    scalars: [
      staged([128, 128, 16], [8, 8], 1.0),
      staged([64, 128, 16], [8, 8], 0.9),
      staged([64, 64, 16], [4, 4], 0.6),
    ],
  },
  amd: {
    vectors: [warps(128, 64, 16, 1.0), warps(64, 64, 16, 0.9)],
    scalars: [staged([128, 64, 16], [8, 8], 1.0), staged([64, 64, 16], [4, 4], 0.7)],
  },
  intel: {
    vectors: [warps(64, 64, 16, 1.0), warps(32, 64, 16, 0.8)],
    scalars: [staged([64, 64, 16], [8, 4], 1.0), staged([32, 32, 8], [4, 4], 0.6)],
  },
  apple: {
    vectors: [warps(64, 64, 16, 1.0), warps(32, 64, 16, 0.8)],
    scalars: [staged([64, 64, 16], [8, 8], 1.0), staged([32, 32, 8], [4, 4], 0.6)],
  },
  unknown: {
    vectors: [staged([64, 64, 16], [4, 4], 1.0), staged([32, 32, 8], [4, 4], 0.8)],
    scalars: [staged([64, 64, 16], [4, 4], 1.0), staged([32, 32, 8], [4, 4], 0.8)],
  },
};

const cpuTiles = {
  subgroup: [lane("subgroup", 24, 4, 40), lane("subgroup", 8, 2, 23)],
  direct: [lane("direct", 8, 8, 15), lane("direct", 8, 2, 9)],
} as const;

/**
 * Cores. GPUs: of a large member of the family (H100 132, RX 7900 96, B580 20, M4 Max 40), so that
 * smaller ones are full too; cpu: threads of a small machine.
 */
const cores: Readonly<Record<AdapterClass, number>> = {
  cpu: 4,
  nvidia: 132,
  amd: 96,
  intel: 20,
  apple: 40,
  unknown: 32,
};

/** Invocations of `warp` tiles that share a core: 128 registers of 65,536 each. */
const residentInvocations = 512;

/** Steps of k that are summed in half precision: as much workgroup memory as 16 in float32. */
const packedTurn = 32;

/** Rate of a core with half of these, relative to a full one: less hides its waits. */
const halfFullRate = 0.8;

/** Below this many multiply-adds a cpu kernel runs less long than a large tile compiles. */
const smallProblem = 1 << 21;

/** The reduction of parts dispatches one workgroup row per row of C; a dimension holds this many. */
const tallestSplit = 65_535;

/** Parts shorter than this are not worth a partial sum. */
const shortestPart = 256;

/**
 * Multiply-adds a core does while it stores and reloads one partial sum: 6 ns against 0.1 ns on the
 * cpu class, 8 bytes at a core's share of bandwidth against its peak on GPUs.
 */
const partialCost = 64;

/**
 * The plan of one product. With splitK above 1 the plan's own epilogue is plain, and the caller
 * adds the partial sums with `reduce_partials.wgsl`; products that need whole sums are never split.
 *
 * @example
 * ```ts
 * import { tilePlanFor } from "@transformer-xl/kernels";
 * import { assertEquals } from "@std/assert";
 *
 * const plan = tilePlanFor({
 *   form: "TN", M: 512, N: 512, K: 6144, batches: 1, adapterClass: "nvidia", subgroups: true,
 *   epilogue: { bias: false, relu: false, accumulate: true },
 * });
 * assertEquals([plan.tileM, plan.tileN, plan.splitK > 1], [128, 128, true]);
 * ```
 */
export function tilePlanFor(problem: MatmulProblem): TilePlan {
  const { form, K, epilogue, adapterClass, aligned = false, fixedK = false, packedSums } = problem;
  let best: { tile: Tile; splitK: number; time: number } | undefined;
  for (const tile of candidates(problem)) {
    for (const splitK of splits(problem, tile)) {
      const time = estimatedTime(problem, tile, splitK);
      if (best === undefined || time < best.time) best = { tile, splitK, time };
    }
  }
  const { tile: { rate: _, ...tile }, splitK } = best!;
  const packs = packedSums && tile.stage === "warp";
  const shape = packs ? { ...tile, tileK: packedTurn } : tile;
  return {
    form,
    ...shape,
    vec4: shape.stage === "matrix" || (aligned && adapterClass !== "cpu"),
    ...((shape.stage === "warp" || shape.stage === "matrix") &&
      { wholeTurns: fixedK && K % shape.tileK === 0 }),
    ...(packs && { packedSums }),
    splitK,
    epilogue: splitK > 1 ? PLAIN_EPILOGUE : epilogue,
  };
}

function candidates(
  { adapterClass, aligned = false, subgroups, matrixUnits, M, N, K, batches }: MatmulProblem,
): readonly Tile[] {
  if (matrixUnits !== undefined) return matrixTiles(adapterClass, matrixUnits);
  if (adapterClass !== "cpu") return tiles[adapterClass][aligned ? "vectors" : "scalars"];
  const [large, small] = cpuTiles[subgroups ? "subgroup" : "direct"];
  return M * N * K * batches < smallProblem ? [small] : [large, small];
}

/** Part counts worth trying: powers of two that leave parts long enough. */
function splits({ batches, M, K, epilogue }: MatmulProblem, tile: Tile): number[] {
  const counts = [1];
  if (batches > 1 || M > tallestSplit || needsWholeSums(epilogue)) return counts;
  const shortest = Math.max(shortestPart, tile.tileK);
  for (let parts = 2; parts <= 32 && K / parts >= shortest; parts *= 2) counts.push(parts);
  return counts;
}

/**
 * Time of the busiest core, in times of one workgroup that has a full core's rate. `warp` and `matrix`
 * tiles share a core; the last of them, when they are too few to fill it, have less than its rate.
 */
export function busiestCore(
  workgroups: number,
  cores: number,
  plan: Pick<TilePlan, "stage" | "tileM" | "tileN" | "microM" | "microN" | "units">,
): number {
  const most = Math.ceil(workgroups / cores);
  if (plan.stage !== "warp" && plan.stage !== "matrix") return most;
  const together = residentInvocations /
    (plan.stage === "warp" ? warpInvocations(plan) : matrixInvocations(plan as MatrixPlan));
  const last = most % together;
  const lastRate = Math.min(1, 2 * halfFullRate * last / together);
  return most - last + (last > 0 ? last / lastRate : 0);
}

/** Time of a launch in multiply-adds that a core does with the class's best tile. */
function estimatedTime(problem: MatmulProblem, tile: Tile, splitK: number): number {
  const { M, N, K, batches, adapterClass } = problem;
  const count = Math.ceil(M / tile.tileM) * Math.ceil(N / tile.tileN) * batches * splitK;
  const perTile = tile.tileM * tile.tileN * Math.ceil(K / splitK) / tile.rate;
  const best = tile.stage === "matrix" ? 1 : candidates(problem)[0]!.rate;
  const reduction = splitK > 1 ? partialCost * M * N * splitK / cores[adapterClass] : 0;
  return busiestCore(count, cores[adapterClass], tile) * perTile * best + reduction;
}
