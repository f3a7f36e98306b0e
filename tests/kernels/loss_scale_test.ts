import { assertEquals } from "@std/assert";
import {
  FIRST_SCALE,
  LARGEST_SCALE,
  LossScale,
  openOptimizer,
  type Optimizer,
  type OptimizerName,
  OPTIMIZERS,
  recordUpdate,
} from "@transformer-xl/kernels";
import {
  type Device,
  ParameterStore,
  ReferenceDevice,
  writeWeights,
} from "@transformer-xl/runtime";
import { openTestGpu } from "../support/test_gpu.ts";

/** An update of three half weights, stepped with gradients that are already scaled. */
class ScaledUpdate implements Disposable {
  readonly device: Device;
  readonly store = new ParameterStore({ dtype: "f16" });
  readonly lossScale: LossScale;
  readonly #owned = new DisposableStack();
  #run!: (lr: number) => void;
  #optimizer!: Optimizer;

  private constructor(device: Device, fixed?: number) {
    this.device = device;
    this.store.param("w", [3], { kind: "constant", value: 0 });
    this.store.allocate(device, { gradients: true });
    writeWeights(device, this.store, () => Float32Array.of(1, -2, 1 + 2 ** -12));
    this.lossScale = this.#owned.use(new LossScale(device, fixed));
  }

  static async open(
    device: Device,
    fixed?: number,
    kind: OptimizerName = "lamb",
  ): Promise<ScaledUpdate> {
    const update = new ScaledUpdate(device, fixed);
    const { store, lossScale } = update;
    const optimizer = update.#owned.use(openOptimizer(device, store, { kind, momentum: 0.9 }));
    update.#optimizer = optimizer;
    const plan = update.#owned.use(
      await device.plan(
        "update",
        (rec) => recordUpdate(rec, store, optimizer, { clip: Infinity, lossScale }),
      ),
    );
    update.#run = (lr) => plan.run(optimizer.scalars(1, lr));
    return update;
  }

  /** One update; every gradient is `gradient` after scaling. */
  step(gradient: number, lr = 1e-3): void {
    this.device.write(this.store.buffers[0]!.gradients!, 0, new Float32Array(4).fill(gradient));
    this.#run(lr);
  }

  /** Masters, copies and states of the optimizer. */
  async numbers(): Promise<{ masters: number[]; copies: number[]; states: number[] }> {
    const { masters, weights } = this.store.buffers[0]!;
    const states = Object.values(this.#optimizer.states).flatMap(({ buffers }) => buffers);
    const buffers = [masters, weights, ...states];
    const [a, b, ...values] = await this.device.read(
      buffers.map((storage) => ({ storage, offset: 0, length: Math.min(3, storage.length) })),
    );
    return { masters: [...a!], copies: [...b!], states: values.flatMap((state) => [...state]) };
  }

  async scale(): Promise<number[]> {
    return [...await this.lossScale.read()];
  }

  [Symbol.dispose](): void {
    this.#owned.dispose();
    this.store[Symbol.dispose]();
  }
}

const DEVICES = [
  ["plain loops", () => Promise.resolve(new ReferenceDevice({ precision: "f32" }))],
  ["the adapter", openTestGpu],
] as const;

for (const [where, open] of DEVICES) {
  Deno.test(`with infinities at steps 3, 4 and 2,010 the loss scale follows the rule on ${where}`, async () => {
    using update = await ScaledUpdate.open(await open());
    const trace: [step: number, scale: number, good: number, skipped: number][] = [];
    const watched = new Set([1, 2, 3, 4, 5, 2003, 2004, 2009, 2010, 2011]);
    for (let step = 1; step <= 2011; step++) {
      update.step([3, 4, 2010].includes(step) ? Infinity : 0.5);
      if (watched.has(step)) {
        const [scale, good, skipped] = await update.scale();
        trace.push([step, scale!, good!, skipped!]);
      }
    }
    assertEquals(trace, [
      [1, 65_536, 1, 0],
      [2, 65_536, 2, 0],
      [3, 32_768, 0, 1],
      [4, 16_384, 0, 2],
      [5, 16_384, 1, 0],
      [2003, 16_384, 1999, 0],
      [2004, 32_768, 0, 0],
      [2009, 32_768, 5, 0],
      [2010, 16_384, 0, 1],
      [2011, 16_384, 1, 0],
    ]);
  });

  Deno.test(`an overflow leaves masters, copies and states bit-equal on ${where}`, async () => {
    using update = await ScaledUpdate.open(await open());
    update.step(100);
    const before = await update.numbers();
    for (const gradient of [Infinity, -Infinity, NaN]) update.step(gradient);
    assertEquals(await update.numbers(), before);
    assertEquals(await update.scale(), [FIRST_SCALE / 8, 0, 3]);
  });

  Deno.test(`copies are the masters rounded to half precision, with every optimizer, on ${where}`, async () => {
    const device = await open();
    for (const kind of Object.keys(OPTIMIZERS) as OptimizerName[]) {
      using update = await ScaledUpdate.open(device, undefined, kind);
      const rounded = (values: readonly number[]) => values.map(Math.f16round);
      const loaded = await update.numbers();
      assertEquals(loaded.masters[2], 1 + 2 ** -12);
      assertEquals(loaded.copies, rounded(loaded.masters));
      for (let step = 0; step < 5; step++) update.step(100);
      const trained = await update.numbers();
      assertEquals(trained.copies, rounded(trained.masters), kind);
      assertEquals(trained.masters.some((value, i) => value === loaded.masters[i]), false, kind);
    }
  });

  Deno.test(`the scale divides out of states and masters on ${where}`, async () => {
    const device = await open();
    using one = await ScaledUpdate.open(device, 1);
    using large = await ScaledUpdate.open(device, 1024);
    for (let step = 0; step < 3; step++) {
      one.step(0.125);
      large.step(128);
    }
    assertEquals(await large.numbers(), await one.numbers());
  });

  Deno.test(`a fixed loss scale skips overflows and stays on ${where}`, async () => {
    using update = await ScaledUpdate.open(await open(), 128);
    const before = await update.numbers();
    for (let step = 0; step < 3; step++) update.step(Infinity);
    assertEquals([await update.scale(), await update.numbers()], [[128, 0, 3], before]);
    update.step(1);
    assertEquals(await update.scale(), [128, 1, 0]);
  });

  Deno.test(`no loss scale exceeds 2^24 on ${where}`, async () => {
    using update = await ScaledUpdate.open(await open());
    update.lossScale.write([LARGEST_SCALE, 1999, 0]);
    update.step(1);
    assertEquals(await update.scale(), [LARGEST_SCALE, 0, 0]);
  });
}
