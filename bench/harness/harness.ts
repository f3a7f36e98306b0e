/**
 * Rows of `deno bench` with rates. Deno's columns time one run until the device is done; the line
 * above them has the median over longer samples, with FLOP/s, bytes/s and the share of the measured
 * peak.
 *
 * @module
 */
import {
  type Cost,
  GpuDevice,
  measureSpeeds,
  type Speeds,
  useWebGpu,
} from "@transformer-xl/runtime";
import { skipExitHandlers } from "@transformer-xl/runtime/setup";
import { type Environment, environmentOf, environmentText } from "./environment.ts";
import { digits, isSaving, type Result, resultText, saveResult } from "./results.ts";
import { interleave, type Timing, type TimingOptions, untilDone, type Variant } from "./timing.ts";

/** What one row repeats. */
export interface Work extends Disposable {
  /** Submits one run; a promise where it has to wait for the device. */
  run(): void | Promise<void>;
  /** Work of one run. */
  readonly cost?: Cost;
  /** Counts per run; rates per second are printed in the unit of the key. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** Settings of a row. */
export interface RowOptions extends TimingOptions {
  /** Leaves the row out. */
  readonly ignore?: boolean;
}

/** Deno has no setting that grants permissions to a bare `deno bench`. */
function requirePermissions(): void {
  const names = ["read", "env", "sys", "ffi"] as const;
  if (names.every((name) => Deno.permissions.querySync({ name }).state === "granted")) return;
  console.error("error: Cannot run benchmarks: permissions are missing; run `deno task bench`");
  Deno.exit(2);
}

/** The device of a benchmark file, its peaks, and the row whose memory is held now. */
export class Bench {
  /** Where everything runs. */
  readonly device: GpuDevice;
  #peak: Speeds | undefined;
  #environment: Environment | undefined;
  #open: { readonly name: string; readonly work: Work } | undefined;

  private constructor(device: GpuDevice) {
    this.device = device;
  }

  /**
   * Opens the most powerful adapter. Without permissions, as in a bare `deno bench`, it prints one
   * sentence and exits with 2.
   *
   * @throws {DeviceError} when there is none
   */
  static async open(): Promise<Bench> {
    requirePermissions();
    await useWebGpu();
    const device = await GpuDevice.open();
    skipExitHandlers();
    return new Bench(device);
  }

  /** What this adapter reaches at best; measured once. */
  async peak(): Promise<Speeds> {
    return this.#peak ??= await this.#measure();
  }

  #measure(): Promise<Speeds> {
    const { gpu, info: { kind } } = this.device;
    return measureSpeeds(gpu, this.device, kind === "software");
  }

  /**
   * A row of `deno bench`. Its memory is freed when the next row begins.
   *
   * @param open prepares the work; called when Deno reaches the row
   */
  row(name: string, options: RowOptions, open: (device: GpuDevice) => Promise<Work>): void {
    const { ignore = false, ...timing } = options;
    Deno.bench({ name, ignore, warmup: 1, n: 1 }, async (b) => {
      if (this.#open?.name !== name) {
        this.#open?.work[Symbol.dispose]();
        this.#open = undefined;
        const work = await open(this.device);
        this.#open = { name, work };
        const { cost, counts = {} } = work;
        const run = untilDone(this.device, name, () => work.run());
        const [taken] = await interleave([run], timing);
        await this.device.idle(); // rejects with the first device error
        const rates = Object.fromEntries(
          Object.entries(counts).map(([unit, count]) => [unit, count / taken!.medianMs * 1000]),
        );
        this.report({ ...taken!, ...(cost && { cost, peak: await this.peak() }), rates });
      }
      const { work } = this.#open!;
      b.start();
      await work.run();
      await this.device.fence();
      b.end();
    });
  }

  /**
   * Variants of one thing as a group of `deno bench`, measured in turns before its first row. The
   * first variant is what the others are compared with; one of them should be the same again, the
   * control, whose ratio tells what a difference is worth.
   */
  compare(
    group: string,
    names: readonly string[],
    options: TimingOptions & { readonly unit: string; readonly perRun: number },
    open: (device: GpuDevice) => Promise<readonly Variant[]>,
  ): void {
    let opened: Promise<readonly Variant[]> | undefined;
    const measured = async () => {
      const variants = await open(this.device);
      const timings = await interleave(variants, options);
      await this.device.idle();
      timings.forEach((timing) => this.#reportRatio(timing, timings[0]!, options));
      return variants;
    };
    names.forEach((name, index) => {
      Deno.bench({ name, group, baseline: index === 0, warmup: 1, n: 1 }, async (b) => {
        const variant = (await (opened ??= measured()))[index]!;
        b.start();
        await variant.sample(1);
        await this.device.fence();
        b.end();
      });
    });
  }

  /** Prints a timing, and saves it on request. */
  report(result: Result): void {
    this.#report(result, resultText(result));
  }

  /** Prints and saves the peaks of the adapter as they are now. */
  async reportPeak(name: string): Promise<void> {
    const peak = this.#peak = await this.#measure();
    const { copyBytesPerSecond, flopsPerSecond } = peak;
    const text = `${digits(copyBytesPerSecond / 1e9)} GB/s copied, read plus written; ` +
      `${digits(flopsPerSecond / 1e9)} GFLOP/s of multiply-adds`;
    const result = { name, peak };
    this.#report(result, text);
  }

  #report(result: { readonly name: string }, text: string): void {
    if (this.#environment === undefined) {
      this.#environment = environmentOf(this.device);
      console.log(environmentText(this.#environment));
    }
    console.log(text); // Deno puts the name of the row in front
    if (isSaving()) saveResult(result, environmentOf(this.device));
  }

  #reportRatio(
    timing: Timing,
    first: Timing,
    { unit, perRun }: { readonly unit: string; readonly perRun: number },
  ): void {
    const rates = { [`us per ${unit}`]: timing.medianMs * 1000 / perRun };
    const ratio = timing.medianMs / first.medianMs;
    const result = { ...timing, rates, ratio };
    this.#report(result, `${timing.name}: ${resultText(result)}, ${digits(ratio)}x the first`);
  }
}
