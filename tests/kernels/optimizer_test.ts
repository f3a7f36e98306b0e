/**
 * Optimizer steps beyond the golden vectors: packing, several segments, gradients that
 * are not finite, padding, depth of sums, repeatability.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  chooseAdapter,
  CpuDevice,
  type Device,
  GpuDevice,
  ONE_THREAD,
  type Parameter,
  ParameterStore,
  ReferenceDevice,
  sizeOf,
} from "@transformer-xl/runtime";
import { type OptimizerName, OPTIMIZERS } from "@transformer-xl/kernels";
import { relativeError } from "../support/compare.ts";
import { normals } from "@transformer-xl/kernels/cases";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";
import {
  type AfterStep,
  type Named,
  openUpdater,
  type UpdateSettings,
} from "../support/update_harness.ts";

const ZERO = { kind: "constant", value: 0 } as const;
const LAMB: UpdateSettings = { optimizer: { kind: "lamb", weightDecay: 0.01 }, clip: 0.25 };
/** Every optimizer, with decay and momentum where it reads them. */
const EVERY: readonly UpdateSettings[] = (Object.keys(OPTIMIZERS) as OptimizerName[])
  .map((kind) => ({ optimizer: { kind, weightDecay: 0.01, momentum: 0.9 }, clip: 0.25 }));

/** Longer than a chunk, of odd length, of one element, empty, and two tensors in four pieces. */
function odd(store: ParameterStore): void {
  store.param("long", [9001], ZERO);
  store.param("one", [1], ZERO);
  store.param("none", [0, 4], ZERO);
  const rows = store.declare("rows", [700, 7], ZERO);
  const bias = store.declare("bias", [3, 7], ZERO);
  store.pack("late rows", [{ parameter: rows, from: 300, to: 700 }]);
  store.param("row", [5, 3], ZERO);
  store.pack("early rows", [
    { parameter: rows, from: 0, to: 300 },
    { parameter: bias, from: 2, to: 3 },
    { parameter: bias, from: 0, to: 2 },
  ]);
}

/** The same parameters, each one parameter. */
function plain(store: ParameterStore): void {
  store.param("long", [9001], ZERO);
  store.param("one", [1], ZERO);
  store.param("none", [0, 4], ZERO);
  store.param("rows", [700, 7], ZERO);
  store.param("bias", [3, 7], ZERO);
  store.param("row", [5, 3], ZERO);
}

/** Seals with bindings of at most `maxBindingBytes`, so that segments are small. */
function allocate(
  store: ParameterStore,
  device: Device,
  maxBindingBytes = 2 ** 31,
): ParameterStore {
  const narrow = {
    limits: { ...device.limits, maxBindingBytes },
    allocate: (spec: Parameters<Device["allocate"]>[0]) => device.allocate(spec),
  };
  store.allocate(narrow as Device, { gradients: true });
  return store;
}

function named(
  store: ParameterStore,
  values: (parameter: Parameter, length: number) => ArrayLike<number>,
): Named {
  return Object.fromEntries(
    store.parameters.map((l) => [l.name, Float64Array.from(values(l, sizeOf(l.shape)))]),
  );
}

const initialOf = (store: ParameterStore) =>
  named(store, ({ name }, n) => normals(`init ${name}`, n));
const gradientsAt = (store: ParameterStore, step: number) =>
  named(store, ({ name }, n) => normals(`gradient ${name} ${step}`, n));

/** Three steps of a fresh store. */
async function threeSteps(
  device: Device,
  declare: (store: ParameterStore) => void,
  options: UpdateSettings,
  maxBindingBytes?: number,
): Promise<AfterStep> {
  using store = new ParameterStore();
  declare(store);
  allocate(store, device, maxBindingBytes);
  using updater = await openUpdater(device, store, initialOf(store), options);
  await updater.step(gradientsAt(store, 1), 0.01);
  await updater.step(gradientsAt(store, 2), 0.02);
  return await updater.step(gradientsAt(store, 3), 0.005);
}

function assertAgrees(got: AfterStep, want: AfterStep, tolerance: number): void {
  assertEquals(got.applied, want.applied);
  assert(Math.abs(got.norm - want.norm) <= tolerance * want.norm, `${got.norm}, ${want.norm}`);
  const [gotBuffers, wantBuffers] = [buffersOf(got), buffersOf(want)];
  assertEquals(Object.keys(gotBuffers), Object.keys(wantBuffers));
  for (const [kind, tensors] of Object.entries(wantBuffers)) {
    for (const [name, values] of Object.entries(tensors)) {
      const error = relativeError(gotBuffers[kind]![name]!, values);
      assert(error <= tolerance, `${kind} of "${name}": relative error ${error}`);
    }
  }
}

/** Weights, gradients and states, by kind. */
function buffersOf({ weights, gradients, states }: AfterStep): AfterStep["states"] {
  return { ...states, weights, gradients };
}

for (
  const [what, options] of [
    ...EVERY.map((each) => [`${each.optimizer.kind}, clipped`, each] as const),
    ["LAMB, not clipped", { ...LAMB, clip: Infinity }],
    ["LAMB, without decay", { ...LAMB, optimizer: { kind: "lamb", weightDecay: 0 } }],
    ["Adam, other betas and eps", {
      optimizer: { kind: "adam", weightDecay: 0, betas: [0.5, 0.9], eps: 0.1 },
      clip: 1e9,
    }],
    ["SGD, without momentum", { optimizer: { kind: "sgd" }, clip: 0.25 }],
  ] as const
) {
  gpuTest(`an update on the adapter equals its reference: ${what}`, async () => {
    using reference = new ReferenceDevice({ precision: "f64" });
    const want = await threeSteps(reference, odd, options, 40_000);
    assertAgrees(await threeSteps(await openTestGpu(), odd, options, 40_000), want, 1e-6);
  });
  Deno.test(`an update on the CPU equals its reference: ${what}`, async () => {
    using reference = new ReferenceDevice({ precision: "f64" });
    using cpu = new CpuDevice(ONE_THREAD);
    const want = await threeSteps(reference, odd, options, 40_000);
    assertAgrees(await threeSteps(cpu, odd, options, 40_000), want, 1e-6);
  });
}

Deno.test("a sparse update on the CPU equals its reference where rows have no gradient", async () => {
  const options: UpdateSettings = {
    optimizer: { kind: "adam", sparse: true, weightDecay: 0 },
    clip: 0.25,
    roleOf: ({ name }) => ({ kind: "embedding", sparse: name === "rows" }),
  };
  const afterTwo = async (device: Device) => {
    using store = new ParameterStore();
    odd(store);
    allocate(store, device, 40_000);
    using updater = await openUpdater(device, store, initialOf(store), options);
    const gradients = (step: number): Named => {
      const rows = normals(`rows ${step}`, 700 * 7);
      return {
        ...gradientsAt(store, step),
        rows: Float64Array.from(rows, (g, i) => Math.floor(i / 7) % 3 === step ? g : 0),
      };
    };
    await updater.step(gradients(1), 0.01);
    return await updater.step(gradients(2), 0.02);
  };
  using reference = new ReferenceDevice({ precision: "f64" });
  using cpu = new CpuDevice(ONE_THREAD);
  const got = await afterTwo(cpu);
  assertAgrees(got, await afterTwo(reference), 1e-6);
  const untouched = normals("init rows", 7);
  assertEquals([...got.weights["rows"]!.slice(0, 7)], [...Float32Array.from(untouched)]);
});

gpuTest("the work split of hardware adapters gives the same update", async () => {
  const choice = await chooseAdapter(navigator.gpu);
  assert(choice !== undefined);
  using device = await GpuDevice.open({ ...choice, adapterClass: "unknown" });
  using reference = new ReferenceDevice({ precision: "f64" });
  for (const options of EVERY) {
    const want = await threeSteps(reference, odd, options);
    assertAgrees(await threeSteps(device, odd, options, 40_000), want, 1e-6);
  }
});

Deno.test("an update does not depend on how parameters are packed", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  for (const options of EVERY) {
    const want = await threeSteps(device, plain, options);
    assertAgrees(await threeSteps(device, odd, options), want, 1e-12);
    assertAgrees(await threeSteps(device, odd, options, 40_000), want, 1e-12);
  }
});

Deno.test("states of squares are states of their optimizer and never negative", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  for (const options of EVERY) {
    const { squares } = OPTIMIZERS[options.optimizer.kind];
    const { states } = await threeSteps(device, plain, options);
    for (const [state, tensors] of Object.entries(states)) {
      const least = Math.min(...Object.values(tensors).flatMap((values) => [...values]));
      assertEquals(squares.includes(state), least >= 0, `${state} of ${options.optimizer.kind}`);
    }
    assert(squares.every((state) => state in states));
  }
});

gpuTest("two runs of an update on the adapter are bit-equal", async () => {
  const gpu = await openTestGpu();
  const before = gpu.liveBytes;
  assertEquals(await threeSteps(gpu, odd, LAMB), await threeSteps(gpu, odd, LAMB));
  assertEquals(gpu.liveBytes, before, "every buffer is freed");
});

for (const bad of [NaN, Infinity, -Infinity, 3e38]) {
  gpuTest(
    `a gradient of ${bad} leaves weights and states bit-equal with every optimizer`,
    async () => {
      const gpu = await openTestGpu();
      using reference = new ReferenceDevice({ precision: "f32" });
      for (const device of bad === 3e38 ? [gpu] : [gpu, reference]) {
        for (const options of EVERY) {
          using store = new ParameterStore();
          odd(store);
          allocate(store, device);
          using updater = await openUpdater(device, store, initialOf(store), options);
          const before = await updater.step(gradientsAt(store, 1), 0.01);
          assertEquals(before.applied, 1);
          const gradients = gradientsAt(store, 2);
          gradients["rows"]![4000] = bad;
          const after = await updater.step(gradients, 0.01);
          assertEquals(after.applied, 0);
          assertEquals(buffersOf(after), buffersOf(before));
          const next = await updater.step(gradientsAt(store, 3), 0.01);
          assertEquals(next.applied, 1);
          assert(relativeError(next.weights["one"]!, before.weights["one"]!) > 0);
        }
      }
    },
  );
}

gpuTest("padding between parameters is neither read nor written", async () => {
  const gpu = await openTestGpu();
  for (const options of EVERY) {
    using store = new ParameterStore();
    odd(store);
    allocate(store, gpu);
    const segment = store.buffers[0]!;
    const { weights, gradients, length } = segment;
    const filled = new Float32Array(length).fill(7);
    gpu.write(weights, 0, filled);
    gpu.write(gradients!, 0, filled);
    using updater = await openUpdater(gpu, store, initialOf(store), options);
    const after = await updater.step(gradientsAt(store, 1), 0.01);
    const squares = Object.values(gradientsAt(store, 1)).flatMap((g) => [...g])
      .reduce((sum, g) => sum + g * g, 0);
    assert(Math.abs(after.norm / Math.sqrt(squares) - 1) < 1e-6);
    const [all] = await gpu.read([{ storage: weights, offset: 0, length }]);
    const padding = new Set(filled.keys());
    for (const { packed, offset } of segment.ranges) {
      for (let i = 0; i < packed.size; i++) padding.delete(offset + i);
    }
    assert(padding.size > 0);
    for (const i of padding) assertEquals(all![i], 7);
  }
});

gpuTest("the norm of four million equal gradients keeps six digits on the adapter", async () => {
  const gpu = await openTestGpu();
  using store = new ParameterStore();
  store.param("w", [4_000_001], ZERO);
  allocate(store, gpu);
  const start = named(store, () => new Float64Array(4_000_001));
  using updater = await openUpdater(gpu, store, start, { ...LAMB, clip: Infinity });
  const { norm } = await updater.step({ w: new Float64Array(4_000_001).fill(0.1) }, 0.01);
  const want = Math.fround(0.1) * Math.sqrt(4_000_001);
  assert(Math.abs(norm / want - 1) < 1e-6, `got ${norm}, want ${want}`);
});
