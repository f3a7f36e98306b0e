/**
 * A row of the tile table from a sweep.
 *
 * @module
 */
import type { TilePlan } from "@transformer-xl/kernels";
import type { AdapterClass } from "@transformer-xl/runtime";
import { isLane } from "./candidates.ts";
import type { SweepResult } from "./sweep_product.ts";

/** A tile, and how fast it was where it was fastest. */
export interface SuggestedTile
  extends Pick<TilePlan, "stage" | "tileM" | "tileN" | "tileK" | "microM" | "microN"> {
  /** Relative to the fastest tile; 0 to 1. */
  readonly rate: number;
}

const MAX_TILES = 3;
const MAX_LANE_TILES = 2; // a cpu class has a large one and a small one

/** A further tile must save this part of the time of all products. */
const WORTHWHILE = 0.02;

/** A tile that was not tried on a product counts as this many times slower than the best. */
const UNTRIED = 4;

/** Few tiles that together take least time for all products of a step, fastest first. */
export function suggestedTiles(results: readonly SweepResult[]): SuggestedTile[] {
  const tiles = new Map<string, TilePlan>();
  const times = results.map(({ product: { perStep }, tried }) => {
    const byTile = new Map<string, number>();
    for (const { plan, medianMs } of tried) {
      const key = tileKey(plan);
      tiles.set(key, plan);
      byTile.set(key, Math.min(byTile.get(key) ?? Infinity, perStep * medianMs));
    }
    const worst = UNTRIED * Math.min(...byTile.values());
    return (key: string) => byTile.get(key) ?? worst;
  });
  const totalMs = (keys: readonly string[]) =>
    times.reduce((sum, time) => sum + Math.min(...keys.map(time)), 0);

  const chosen: string[] = [];
  let nowMs = Infinity;
  const ofLanes = [...tiles.values()].some(isLane);
  while (chosen.length < (ofLanes ? MAX_LANE_TILES : MAX_TILES)) {
    const [next] = [...tiles.keys()].filter((key) => !chosen.includes(key))
      .map((key) => ({ key, ms: totalMs([...chosen, key]) }))
      .sort((a, b) => a.ms - b.ms);
    if (next === undefined || next.ms > nowMs * (1 - WORTHWHILE)) break;
    chosen.push(next.key);
    nowMs = next.ms;
  }
  const speeds = chosen.map((key) =>
    Math.max(
      ...results.flatMap(({ tried }) =>
        tried.filter(({ plan }) => tileKey(plan) === key).map(({ gflops }) => gflops)
      ),
    )
  );
  const fastest = Math.max(...speeds);
  return chosen.map((key, i) => {
    const { stage, tileM, tileN, tileK, microM, microN } = tiles.get(key)!;
    return { stage, tileM, tileN, tileK, microM, microN, rate: speeds[i]! / fastest };
  }).sort((a, b) => b.rate - a.rate || b.tileM * b.tileN - a.tileM * a.tileN);
}

/** How operands are loaded: every kind has a row of its own. */
export type Loads = "matrix" | "vectors" | "scalars";

/** The loads of a plan. */
export function loadsOf({ stage, vec4 }: Pick<TilePlan, "stage" | "vec4">): Loads {
  if (stage === "matrix") return "matrix";
  return vec4 ? "vectors" : "scalars";
}

/** The row as it stands in kernels/matmul/tiles/plans.ts, or in matrix/matrix_tiles.ts beside it. */
export function tableLines(
  adapterClass: AdapterClass,
  loads: Loads,
  tiles: readonly SuggestedTile[],
): string[] {
  const name = adapterClass === "cpu" ? tiles[0]?.stage ?? "cpu" : `${adapterClass}, ${loads}`;
  return [`  ${name}: [`, ...tiles.map((tile) => `    ${tileText(tile)},`), "  ],"];
}

function tileText({ stage, tileM, tileN, tileK, microM, microN, rate }: SuggestedTile): string {
  switch (stage) {
    case "warp":
      return `warps(${tileM}, ${tileN}, ${tileK}, ${rate.toFixed(2)})`;
    case "matrix":
      return `[[${tileM}, ${tileN}, ${tileK}], [${microM}, ${microN}], ${rate.toFixed(2)}]`;
    case "workgroup":
      return `staged([${tileM}, ${tileN}, ${tileK}], [${microM}, ${microN}], ${rate.toFixed(2)})`;
    default:
      return `lane("${stage}", ${microM}, ${microN}, ${rate.toFixed(2)})`;
  }
}

/** Time with vec4 loads over time without, of otherwise equal plans; the median, if there are any. */
export function scalarLoadGain(results: readonly SweepResult[]): number | undefined {
  const ratios = results.flatMap(({ tried }) =>
    tried.filter(({ plan }) => plan.vec4).flatMap(({ plan, medianMs }) => {
      const scalar = tried.find(({ plan: other }) =>
        !other.vec4 && other.splitK === plan.splitK && tileKey(other) === tileKey(plan)
      );
      return scalar ? [medianMs / scalar.medianMs] : [];
    })
  ).sort((a, b) => a - b);
  return ratios[ratios.length >> 1];
}

function tileKey({ stage, tileM, tileN, tileK, microM, microN }: TilePlan): string {
  return [stage, tileM, tileN, tileK, microM, microN].join();
}
