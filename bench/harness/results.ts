/**
 * Results as text, and as JSON lines in `bench/results/<adapter>-<date>.json` with `-- --save` or
 * TXL_BENCH_SAVE=1. Every line contains its environment; files are appended to.
 *
 * @module
 */
import type { Cost, Speeds } from "@transformer-xl/runtime";
import type { Environment } from "./environment.ts";
import type { Timing } from "./timing.ts";

/** One measured row. */
export interface Result extends Timing {
  /** Work of one run, if it is known. */
  readonly cost?: Cost;
  /** What the adapter reaches at best. */
  readonly peak?: Speeds;
  /** Rates in the units of the row: "tokens/s". */
  readonly rates?: Readonly<Record<string, number>>;
}

/** Rates of a row with a cost. */
export interface Rates {
  /** 1e9 floating-point operations per second. */
  readonly gflops: number;
  /** 1e9 bytes moved per second, of an ideal implementation. */
  readonly gigabytes: number;
  /** Of the multiply-add or copy peak, whichever bounds the row; 0 to 1. */
  readonly partOfPeak: number;
  /** The peak that bounds the row. */
  readonly bound: "multiply-add" | "copy";
}

/**
 * Achieved rates, and how near the row is to what bounds it.
 *
 * @example
 * ```ts
 * import { ratesOf } from "@transformer-xl/bench";
 * import { assertEquals } from "@std/assert";
 *
 * const peak = { flopsPerSecond: 50e9, copyBytesPerSecond: 10e9 };
 * assertEquals(ratesOf({ flops: 2e9, bytes: 1e8 }, 100, peak), {
 *   gflops: 20,
 *   gigabytes: 1,
 *   partOfPeak: 0.4,
 *   bound: "multiply-add",
 * });
 * ```
 */
export function ratesOf(cost: Cost, elapsedMs: number, peak: Speeds): Rates {
  const [flops, bytes] = [cost.flops, cost.bytes].map((work) => work / elapsedMs * 1000);
  const ofArithmetic = flops! / peak.flopsPerSecond;
  const ofCopying = bytes! / peak.copyBytesPerSecond;
  return {
    gflops: flops! / 1e9,
    gigabytes: bytes! / 1e9,
    partOfPeak: Math.max(ofArithmetic, ofCopying),
    bound: ofArithmetic > ofCopying ? "multiply-add" : "copy",
  };
}

/** A result in one line. */
export function resultText(result: Result): string {
  const { medianMs, minMs, maxMs, samples, runs, cost, peak, rates = {} } = result;
  const parts = [
    `${digits(medianMs)} ms (${digits(minMs)} to ${digits(maxMs)}, ${samples} samples of ${runs})`,
  ];
  if (cost !== undefined && peak !== undefined) {
    const { gflops, gigabytes, partOfPeak, bound } = ratesOf(cost, medianMs, peak);
    parts.push(
      `${digits(gflops)} GFLOP/s`,
      `${digits(gigabytes)} GB/s`,
      `${digits(100 * partOfPeak)}% of the ${bound} peak`,
    );
  }
  for (const [unit, rate] of Object.entries(rates)) parts.push(`${digits(rate)} ${unit}`);
  return parts.join(", ");
}

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  return value >= 1000
    ? Math.round(value).toLocaleString("en-US")
    : String(Number(value.toPrecision(3)));
}

/** Whether results are to be kept. */
export function isSaving(): boolean {
  return Deno.args.includes("--save") || Deno.env.get("TXL_BENCH_SAVE") === "1";
}

/** Appends a row to the file of its adapter and day. */
export function saveResult(
  result: { readonly name: string },
  environment: Environment,
): void {
  const folder = new URL("../results/", import.meta.url);
  Deno.mkdirSync(folder, { recursive: true });
  const adapter = environment.adapter.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_|_$/g, "");
  const day = environment.date.slice(0, 10);
  const line = JSON.stringify({ ...result, environment });
  Deno.writeTextFileSync(new URL(`${adapter}-${day}.json`, folder), line + "\n", { append: true });
}
