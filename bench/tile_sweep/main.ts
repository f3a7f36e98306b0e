/**
 * `deno run -A bench/tile_sweep/main.ts`: timings of the tile plans of matmul kernels on this
 * machine's adapter, product by product, with a suggested row for the table in
 * `kernels/matmul/tiles/plans.ts`.
 *
 * @module
 */
import { chooseAdapter, type DType, GpuDevice, withMatrixUnits } from "@transformer-xl/runtime";
import { runBenchProgram } from "../harness/bench_program.ts";
import { environmentOf, environmentText } from "../harness/environment.ts";
import { planText, productText } from "../gpu_report/product.ts";
import { digits, saveResult } from "../harness/results.ts";
import { dtypesOf, shapesOf, type SweepFlags, sweepSchema } from "./settings.ts";
import { loadsOf, scalarLoadGain, suggestedTiles, tableLines } from "./suggested_tiles.ts";
import { sweepProduct, type SweepResult } from "./sweep_product.ts";
import { plainProduct, stepProducts } from "./swept_products.ts";

if (import.meta.main) {
  await runBenchProgram("bench/tile_sweep/main.ts", sweepSchema, async (flags) => {
    await tileSweep(flags, (line) => console.log(line));
    return 0;
  });
}

/**
 * Sweeps, and prints each result as a line.
 *
 * @throws {ConfigError} when `shapes` names no products
 * @throws {DeviceError} when there is no adapter, or it fails
 */
export async function tileSweep(
  flags: Omit<SweepFlags, "webgpu">,
  print: (line: string) => void,
): Promise<SweepResult[]> {
  const shapes = shapesOf(flags.shapes);
  const choice = await chooseAdapter(navigator.gpu);
  const adapterClass = flags.adapterClass ?? choice?.adapterClass ?? "unknown";
  const adapter = choice && await withMatrixUnits(choice, flags.matrixUnits);
  using device = await GpuDevice.open(
    adapter && { ...adapter, adapterClass, halfSums: flags.fp16Sums },
  );
  print(environmentText(environmentOf(device)));
  if (device.info.kind !== "gpu") print("this is a software driver: nothing below tells of a GPU");
  const { dtypes, lacking } = dtypesOf(flags.dtype, device.info.features);
  const endMs = performance.now() + flags.budgetS * 1000;
  const results: SweepResult[] = [];
  for (const [n, dtype] of dtypes.entries()) {
    // The time is shared out evenly: what one type or product leaves, the next ones have.
    const shareMs = (endMs - performance.now()) / (dtypes.length - n);
    results.push(...await sweepType(device, dtype, shapes, shareMs, flags.save, print));
  }
  if (lacking !== undefined) print(`\n${lacking}`);
  return results;
}

async function sweepType(
  device: GpuDevice,
  dtype: DType,
  shapes: ReturnType<typeof shapesOf>,
  budgetMs: number,
  save: boolean,
  print: (line: string) => void,
): Promise<SweepResult[]> {
  const endMs = performance.now() + budgetMs;
  const products = "sizes" in shapes
    ? shapes.sizes.map((size) => plainProduct(size, dtype))
    : await stepProducts(shapes.preset, dtype, device.limits);
  print(`\n${dtype}, ${products.length} products, about ${digits(budgetMs / 1000)} s`);
  const results: SweepResult[] = [];
  for (const [n, product] of products.entries()) {
    const shareMs = Math.max(0, endMs - performance.now()) / (products.length - n);
    const { limits } = device.gpu;
    const result = await sweepProduct(device, product, { limits, budgetMs: shareMs });
    for (const line of sweepLines(result)) print(line);
    results.push(result);
    if (save) saveSweep(device, dtype, result);
  }
  await device.idle(); // rejects with the first device error
  if ("preset" in shapes) print(totalLine(results));
  const { adapterClass } = device.limits;
  print(`\nsuggested tiles of "${adapterClass}" for kernels/matmul/tiles/plans.ts, from ${dtype}:`);
  const rows = Object.groupBy(results, ({ table: { plan } }) => loadsOf(plan));
  for (const [loads, of] of Object.entries(rows)) {
    const tiles = suggestedTiles(loads === "matrix" ? of.map(ofUnits) : of);
    for (const line of tableLines(adapterClass, loads as keyof typeof rows, tiles)) print(line);
  }
  const left = results.reduce((sum, result) => sum + result.left, 0);
  if (left > 0) print(`${left} candidates were left for want of time: raise --budget_s`);
  const gain = scalarLoadGain(results);
  if (gain !== undefined) print(`time with vec4 loads over time without: ${gain.toFixed(2)}`);
  return results;
}

/** The result of a product without plans of other tables than that of matrix units. */
function ofUnits(result: SweepResult): SweepResult {
  return { ...result, tried: result.tried.filter(({ plan }) => plan.stage === "matrix") };
}

/** A product's result as lines for people. */
export function sweepLines({ product, best, table, tried, rejected, left }: SweepResult): string[] {
  const what = `${productText(product)}${product.perStep > 1 ? `, ${product.perStep} a step` : ""}`;
  const ratio = best.gflops / table.gflops;
  const timeout = left > 0 ? `, ${left} left for want of time` : "";
  return [
    `${what}: ${ratio.toFixed(2)}x`,
    `  best  ${planText(best.plan)}: ${digits(best.gflops)} GFLOP/s`,
    `  table ${planText(table.plan)}: ${digits(table.gflops)} GFLOP/s`,
    `  ${tried.length} plans timed, ${rejected.length} rejected${timeout}`,
    ...rejected.map(({ plan, why }) => `  REJECTED ${planText(plan)}: ${why}`),
  ];
}

function totalLine(results: readonly SweepResult[]): string {
  const total = (of: "table" | "best") =>
    results.reduce((sum, { product, [of]: { medianMs } }) => sum + product.perStep * medianMs, 0);
  return `\nall products of a step: table ${digits(total("table"))} ms, best ${
    digits(total("best"))
  } ms`;
}

function saveSweep(device: GpuDevice, dtype: DType, result: SweepResult): void {
  const { product, best } = result;
  const row = {
    name: `tile sweep, ${productText(product)} ${dtype}`,
    adapterClass: device.limits.adapterClass,
    medianMs: best.medianMs,
    ...result,
  };
  saveResult(row, environmentOf(device));
}
