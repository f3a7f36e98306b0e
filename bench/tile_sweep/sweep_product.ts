/**
 * The sweep of one product: all candidates within the time limit, without wrong ones; the fastest
 * is measured again, alternating with the table's choice.
 *
 * @module
 */
import type { TilePlan } from "@transformer-xl/kernels";
import { DeviceError, type GpuDevice, isUserError } from "@transformer-xl/runtime";
import { flopsOf, productText } from "../gpu_report/product.ts";
import { coarseCandidates, neighbours, planKey, type TileLimits } from "./candidates.ts";
import { ProductBench } from "./product_bench.ts";
import type { SweptProduct } from "./swept_products.ts";

/** A plan and its speed. */
export interface Tried {
  /** How the product was cut. */
  readonly plan: TilePlan;
  /** Median milliseconds of one product. */
  readonly medianMs: number;
  /** 1e9 floating-point operations per second. */
  readonly gflops: number;
}

/** What the sweep of a product found. */
export interface SweepResult {
  /** The product. */
  readonly product: SweptProduct;
  /** The fastest plan; the table's own where nothing beats it. */
  readonly best: Tried;
  /** The table's choice. */
  readonly table: Tried;
  /** Every plan that was timed. */
  readonly tried: readonly Tried[];
  /** Plans that do not run here, or whose result is another, and why. */
  readonly rejected: readonly { readonly plan: TilePlan; readonly why: string }[];
  /** Candidates that the time did not suffice for. */
  readonly left: number;
}

/** What is swept, and how long. */
export interface SweepOptions {
  /** What the adapter allows. */
  readonly limits: TileLimits;
  /** Time for all of it; what it does not suffice for is left out. */
  readonly budgetMs: number;
  /** Instead of the coarse grid. */
  readonly candidates?: readonly TilePlan[];
}

/** So many of the fastest get their neighbours tried. */
const REFINED = 3;

/** A first run this many times slower than the fastest plan ends a candidate. */
const HOPELESS = 3;

/** Part of the time for candidates; the rest is for the decision. */
const SCREENED = 0.75;

const SCREENING = { sampleMs: 20, rounds: 3, budgetMs: 200 };
const DECIDING = { sampleMs: 60, rounds: 5, budgetMs: 1500 };

/**
 * Sweeps one product.
 *
 * @throws {DeviceError} when the device itself fails, or does not run the table's choice
 */
export async function sweepProduct(
  device: GpuDevice,
  product: SweptProduct,
  { limits, budgetMs, candidates }: SweepOptions,
): Promise<SweepResult> {
  const endMs = performance.now() + SCREENED * budgetMs;
  using bench = await ProductBench.open(device, product);
  const { table, problem } = bench;
  const tried: Tried[] = [];
  const rejected: { plan: TilePlan; why: string }[] = [];
  const seen = new Set<string>();
  let left = 0;
  const speed = (medianMs: number) => flopsOf(product) / medianMs / 1e6;
  const fastest = () => tried.toSorted((a, b) => a.medianMs - b.medianMs);

  const tryAll = async (plans: readonly TilePlan[]) => {
    for (const plan of plans) {
      if (seen.has(planKey(plan))) continue;
      if (performance.now() > endMs && tried.length > 0) {
        left++;
        continue;
      }
      seen.add(planKey(plan));
      const outcome = await tryOne(bench, plan, fastest()[0]?.medianMs ?? Infinity);
      device.checkFault();
      if (typeof outcome === "string") rejected.push({ plan, why: outcome });
      else tried.push({ plan, medianMs: outcome, gflops: speed(outcome) });
    }
  };
  await tryAll([table]);
  await tryAll(candidates ?? coarseCandidates(problem, table, limits));
  if (candidates === undefined) {
    const refined = fastest().slice(0, REFINED);
    await tryAll(refined.flatMap(({ plan }) => neighbours(problem, plan, limits)));
  }
  const winner = fastest()[0]!;
  const own = tried.find(({ plan }) => plan === table);
  if (own === undefined) {
    throw new DeviceError(
      "unsupported",
      `Cannot sweep ${productText(product)}: the table's own plan fails, ${rejected[0]!.why}`,
    );
  }
  const outcome = { product, tried, rejected, left };
  if (winner === own) return { ...outcome, best: own, table: own };
  using first = await bench.record(table);
  using second = await bench.record(winner.plan);
  const [tableMs, bestMs] = (await bench.time([first, second], DECIDING))
    .map(({ medianMs }) => medianMs);
  const decided = { plan: table, medianMs: tableMs!, gflops: speed(tableMs!) };
  const best = bestMs! < tableMs!
    ? { plan: winner.plan, medianMs: bestMs!, gflops: speed(bestMs!) }
    : decided;
  return { ...outcome, best, table: decided };
}

/** Milliseconds of a product cut this way, or why it is out. */
async function tryOne(
  bench: ProductBench,
  plan: TilePlan,
  bestMs: number,
): Promise<number | string> {
  try {
    using recorded = await bench.record(plan);
    const deviation = await bench.deviation(recorded);
    if (!(deviation <= 1)) return `its result differs by ${deviation.toPrecision(3)} tolerances`;
    const onceMs = await bench.once(recorded);
    if (onceMs > HOPELESS * bestMs) return onceMs;
    return (await bench.time([recorded], SCREENING))[0]!.medianMs;
  } catch (error) {
    if (!isUserError(error)) throw error;
    return error.message;
  }
}
