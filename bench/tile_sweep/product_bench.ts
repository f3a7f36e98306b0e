/**
 * One product on the device, run, compared and timed with any plan.
 *
 * @module
 */
import {
  launchMatmul,
  type MatmulLaunch,
  type MatmulProblem,
  matmulProblem,
  type TilePlan,
  tilePlanFor,
} from "@transformer-xl/kernels";
import {
  type GpuDevice,
  type HostArray,
  type Plan,
  type PlanInputs,
  type PlanOutputs,
  rangeOf,
  type StorageRange,
  type Tensor,
} from "@transformer-xl/runtime";
import { interleave, type Timing, type TimingOptions, untilDone } from "../harness/timing.ts";
import type { SweptProduct } from "./swept_products.ts";

/** Compared from the start and from the end of a result that is too large to be read whole. */
const COMPARED = 1 << 19;

/** A plan runs a product as often as lasts this long, so that a submission costs little. */
const PLAN_MS = 2;
const MAX_REPEATS = 16;

/** A product with its operands in place. */
export class ProductBench implements Disposable {
  /** What the table chooses by. */
  readonly problem: MatmulProblem;
  /** What the table chooses. */
  readonly table: TilePlan;
  readonly #device: GpuDevice;
  readonly #launch: MatmulLaunch;
  readonly #product: SweptProduct;
  readonly #owned: readonly (Tensor & Disposable)[];
  #repeats = 1;
  #wanted: readonly HostArray[] = [];

  private constructor(device: GpuDevice, product: SweptProduct) {
    const { layout, sizes, dtypes, biased } = product;
    const operand = (name: "a" | "b" | "c", dtype = dtypes.operands) =>
      device.state(`sweep ${name}`, [sizes[name]], dtype);
    const [a, b, c] = [operand("a"), operand("b"), operand("c", dtypes.result)];
    const bias = biased ? device.state("sweep bias", [layout.N], dtypes.operands) : undefined;
    this.#owned = [a, b, c, ...(bias ? [bias] : [])];
    this.#device = device;
    this.#product = product;
    const alpha = 1 / Math.sqrt(layout.K); // results are about as large as the operands
    this.#launch = { ...layout, a, b, c, ...(bias && { bias }), alpha };
    this.problem = matmulProblem(this.#launch, device.limits);
    this.table = tilePlanFor(this.problem);
  }

  /** Fills the operands and computes what every plan must agree with: the table's result. */
  static async open(device: GpuDevice, product: SweptProduct): Promise<ProductBench> {
    const bench = new ProductBench(device, product);
    const { a, b, bias } = bench.#launch;
    [a, b, ...(bias ? [bias] : [])].forEach((tensor, n) => {
      const { storage, offset } = rangeOf(tensor);
      device.write(storage, offset, noise(tensor.size, n + 1));
    });
    {
      using once = await bench.record(bench.table);
      const [{ medianMs }] = await interleave([untilDone(device, "once", () => once.run({}))], {
        sampleMs: 100, // an idle GPU raises its clock meanwhile
        rounds: 1,
      }) as [Timing];
      bench.#repeats = Math.min(MAX_REPEATS, Math.max(1, Math.floor(PLAN_MS / medianMs)));
    }
    using plan = await bench.record(bench.table);
    bench.#wanted = await bench.#result(plan);
    return bench;
  }

  /** The product cut as `plan` says, several times over. */
  record(plan: TilePlan): Promise<Plan<PlanInputs, PlanOutputs>> {
    return this.#device.plan("sweep", (rec) => {
      for (let i = 0; i < this.#repeats; i++) launchMatmul(rec, { ...this.#launch, plan });
      return { inputs: {}, outputs: {} };
    });
  }

  /** Largest difference from the table's result, in units of what rounding explains. */
  async deviation(plan: Plan<PlanInputs, PlanOutputs>): Promise<number> {
    const got = await this.#result(plan);
    let [largest, difference] = [0, 0];
    this.#wanted.forEach((wanted, part) => {
      for (let i = 0; i < wanted.length; i++) {
        const off = Math.abs(got[part]![i]! - wanted[i]!);
        if (!(off <= difference)) difference = off; // not a number is the largest difference
        largest = Math.max(largest, Math.abs(wanted[i]!));
      }
    });
    return difference / (toleranceOf(this.#product) * Math.max(largest, 2 ** -10));
  }

  /** Times of one product, for each plan, in turns. */
  async time(
    plans: readonly Plan<PlanInputs, PlanOutputs>[],
    options: TimingOptions,
  ): Promise<Timing[]> {
    const variants = plans.map((plan, n) =>
      untilDone(this.#device, `plan ${n}`, () => plan.run({}))
    );
    return (await interleave(variants, options)).map((timing) => ({
      ...timing,
      medianMs: timing.medianMs / this.#repeats,
      minMs: timing.minMs / this.#repeats,
      maxMs: timing.maxMs / this.#repeats,
      runs: timing.runs * this.#repeats,
    }));
  }

  /** Milliseconds of one product, from one run. */
  async once(plan: Plan<PlanInputs, PlanOutputs>): Promise<number> {
    const startMs = performance.now();
    plan.run({});
    await this.#device.fence();
    return (performance.now() - startMs) / this.#repeats;
  }

  /** Frees the operands. */
  [Symbol.dispose](): void {
    for (const tensor of this.#owned) tensor[Symbol.dispose]();
  }

  /** The ends of the result of one run over zeros. */
  async #result(plan: Plan<PlanInputs, PlanOutputs>): Promise<HostArray[]> {
    const whole = rangeOf(this.#launch.c);
    using clear = await this.#device.plan("clear", (rec) => {
      rec.clear(this.#launch.c);
      return { inputs: {}, outputs: {} };
    });
    clear.run({});
    plan.run({});
    const ends: StorageRange[] = whole.length <= 2 * COMPARED ? [whole] : [
      { ...whole, length: COMPARED },
      { ...whole, offset: whole.offset + whole.length - COMPARED, length: COMPARED },
    ];
    return await this.#device.read(ends);
  }
}

/**
 * Part of the largest result by which sums in another order may differ: some fifty standard
 * deviations of float32 rounding, and the rounding of the result where it is stored as halves.
 */
export function toleranceOf({ layout, dtypes }: Pick<SweptProduct, "layout" | "dtypes">): number {
  const sums = 8 * 2 ** -24 * Math.sqrt(layout.K);
  return sums + (dtypes.result === "f16" ? 2 ** -8 : 0);
}

/** Numbers in (-1, 1) without a pattern. */
function noise(length: number, seed: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    values[i] = state / 2 ** 31;
  }
  return values;
}
