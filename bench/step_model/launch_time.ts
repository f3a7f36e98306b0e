/**
 * Predicted time of a launch from its work and assumed rates.
 *
 * @module
 */
import { busiestCore, type TilePlan } from "@transformer-xl/kernels";
import type { Product } from "../gpu_report/product.ts";
import type { LaunchWork } from "./launch_work.ts";
import type { AssumedRates } from "./settings.ts";

/** Launches below this run in the cache. */
const CACHED_BYTES = 30e6;

/** Rate of products with smaller micro-tiles than 8 x 8, relative to those. */
const SMALL_MICRO_TILE = 0.72;

/** Rate of products without vector loads, relative to those with. */
const SCALAR_LOADS = 0.8;

/** Part of a core that a workgroup of a smaller tile than 128 x 128 fills when it is alone. */
const ALONE = 0.5;

/** Steps of k that filling and storing a tile take. */
const TILE_OVERHEAD = 10;

/** Before and after a chain of dependent loads. */
const CHAIN_OVERHEAD_US = 1;

/**
 * Milliseconds of a launch without the gap before the next one: the longest of what its arithmetic,
 * its memory and its dependent loads take.
 */
export function launchMs(work: LaunchWork, rates: AssumedRates): number {
  const integerMs = work.integers / rates.integerTops / 1e9;
  if (work.product !== undefined) {
    const movedMs = work.bytes / rates.memoryTbS / 1e9;
    return Math.max(productMs(work.workgroups, work.product, rates), movedMs) + integerMs;
  }
  const share = work.loadBytes >= 4 ? rates.wideShare : rates.narrowShare;
  const bandwidth = work.bytes < CACHED_BYTES ? rates.cacheTbS : rates.memoryTbS;
  const movedMs = work.bytes / bandwidth / share / 1e9;
  const chainMs = work.turns > 0 ? (work.turns * rates.turnUs + CHAIN_OVERHEAD_US) / 1000 : 0;
  const fusedMs = work.flops / rates.peakTflops / rates.fusedShare / 1e9;
  return Math.max(integerMs, movedMs, chainMs, fusedMs);
}

/** Arithmetic of a product: what the busiest core does. */
function productMs(workgroups: number, { plan, layout }: Product, rates: AssumedRates): number {
  const { stage, tileM, tileN, splitK } = plan;
  const rate = rateOf(plan, rates);
  // Filling and storing a tile take as long whatever multiplies.
  const overhead = TILE_OVERHEAD * (stage === "matrix" ? rate / rates.warpShare : 1);
  const steps = Math.ceil(layout.K / splitK) + overhead;
  const perCore = 1e9 * rates.peakTflops * rate / rates.cores; // in a millisecond
  const tileMs = 2 * tileM * tileN * steps / perCore;
  const isSmall = stage !== "warp" && stage !== "matrix" && tileM * tileN < 128 * 128;
  return tileMs * Math.max(busiestCore(workgroups, rates.cores, plan), isSmall ? 1 / ALONE : 1);
}

function rateOf(
  { stage, microM, microN, vec4, packedSums }: TilePlan,
  rates: AssumedRates,
): number {
  if (stage === "matrix") return rates.matrixTflops / rates.peakTflops;
  if (stage === "warp") return rates.warpShare * (packedSums ? rates.packedGain : 1);
  return rates.productShare * (microM * microN >= 64 ? 1 : SMALL_MICRO_TILE) *
    (vec4 ? 1 : SCALAR_LOADS);
}
