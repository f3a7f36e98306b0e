/**
 * Optimizers and clipping against the PyTorch reference: to 1e-9 in float64, to 1e-6 of a tensor's
 * largest value on the adapter.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  type Device,
  ParameterStore,
  ReferenceDevice,
  SafetensorsFile,
  type Shape,
} from "@transformer-xl/runtime";
import type { OptimizerName } from "@transformer-xl/kernels";
import { relativeError } from "../support/compare.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";
import { type Named, openUpdater } from "../support/update_harness.ts";

const GOLDEN = new URL("./cases/", import.meta.url).pathname;

interface OptimizerCase {
  readonly config: {
    readonly name: OptimizerName;
    readonly weight_decay?: number;
    readonly mom?: number;
    readonly compat?: number;
    readonly eps?: number;
    readonly betas?: [number, number];
  };
  readonly learning_rates: readonly number[];
  readonly sparse?: { readonly names: readonly string[]; readonly learning_rates: number[] };
  readonly order: readonly string[];
}

interface ClipCase {
  readonly clips: readonly number[];
  readonly total_norm: number;
}

/** Names of states in PyTorch. */
const STATE_NAMES: Readonly<Record<string, string>> = {
  m: "exp_avg",
  v: "exp_avg_sq",
  momentum: "momentum_buffer",
  sum: "sum",
};

async function readCase<T>(id: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(`${GOLDEN}${id}/case.json`));
}

/** All tensors under `prefix`, by the rest of their names. */
async function tensorsUnder(file: SafetensorsFile, prefix: string): Promise<Named> {
  const named: Record<string, Float64Array<ArrayBuffer>> = {};
  for (const name of file.names.filter((name) => name.startsWith(prefix))) {
    named[name.slice(prefix.length)] = await file.tensor(name, "F64");
  }
  return named;
}

function storeOf(device: Device, shapes: ReadonlyMap<string, Shape>): ParameterStore {
  const store = new ParameterStore();
  for (const [name, shape] of shapes) store.param(name, shape, { kind: "constant", value: 0 });
  store.allocate(device, { gradients: true });
  return store;
}

async function checkSteps(device: Device, id: string, tolerance: number): Promise<void> {
  const { config, learning_rates: rates, order, sparse } = await readCase<OptimizerCase>(id);
  using file = await SafetensorsFile.open(`${GOLDEN}${id}/tensors.safetensors`);
  using store = storeOf(device, new Map(order.map((name) => [name, file.shape(`init/${name}`)])));
  const { name: kind, weight_decay: weightDecay = 0, mom: momentum = 0, compat, ...rest } = config;
  const zeroRatio = compat === 2019 ? 0 : 1;
  using updater = await openUpdater(device, store, await tensorsUnder(file, "init/"), {
    optimizer: { kind, weightDecay, momentum, zeroRatio, sparse: sparse !== undefined, ...rest },
    ...(sparse && {
      roleOf: ({ name }) => ({ kind: "embedding", sparse: sparse.names.includes(name) }),
    }),
    clip: Infinity,
  });
  const close = (got: ArrayLike<number>, want: ArrayLike<number>, what: string) => {
    const error = relativeError(got, want);
    assert(error <= tolerance, `${what}: relative error ${error}`);
  };
  for (const [i, rate] of rates.entries()) {
    const after = await updater.step(
      await tensorsUnder(file, `step${i + 1}/grad/`),
      rate,
      sparse?.learning_rates[i],
    );
    const want = await tensorsUnder(file, `step${i + 1}/param/`);
    for (const name of order) {
      close(after.weights[name]!, want[name]!, `step ${i + 1}, "${name}"`);
      assert(after.gradients[name]!.every((g) => g === 0), `gradient of "${name}" is cleared`);
    }
    assertEquals(after.applied, 1);
    if (i + 1 < rates.length) continue;
    for (const [state, got] of Object.entries(after.states)) {
      const want = await tensorsUnder(file, `final/${STATE_NAMES[state]}/`);
      assertEquals(Object.keys(got).sort(), Object.keys(want).sort());
      for (const name of Object.keys(want)) {
        close(got[name]!, want[name]!, `state ${state} of "${name}"`);
      }
    }
  }
}

/** The first moment after one step from zero is 0.1 times the clipped gradient. */
async function checkClip(device: Device, tolerance: number): Promise<void> {
  const { clips, total_norm: total } = await readCase<ClipCase>("G2");
  using file = await SafetensorsFile.open(`${GOLDEN}G2/tensors.safetensors`);
  const gradients = await tensorsUnder(file, "in/grad/");
  const names = Object.keys(gradients);
  const zeros = Object.fromEntries(
    names.map((name) => [name, new Float64Array(gradients[name]!.length)]),
  );
  for (const clip of clips) {
    using store = storeOf(
      device,
      new Map(names.map((name) => [name, file.shape(`in/grad/${name}`)])),
    );
    using updater = await openUpdater(device, store, zeros, {
      optimizer: { kind: "lamb", weightDecay: 0 },
      clip,
    });
    const { norm, states } = await updater.step(gradients, 0.01);
    assert(Math.abs(norm - total) <= tolerance * total, `norm ${norm}, want ${total}`);
    const key = clip === 1e9 ? "1000000000.0" : String(clip);
    const clipped = await tensorsUnder(file, `clip${key}/grad/`);
    assertEquals(Object.keys(clipped), names);
    for (const name of names) {
      const error = relativeError(states["m"]![name]!, clipped[name]!.map((g) => 0.1 * g));
      assert(error <= tolerance, `clip ${clip}, "${name}": relative error ${error}`);
    }
  }
}

for (
  const id of [
    "O1",
    "O1-wd",
    "O2-2019",
    "O3-adam",
    "O3-adamw",
    "O3-sgd",
    "O3-sgd-mom",
    "O3-sgd-wd",
    "O3-adagrad",
    "O3-adagrad-wd",
    "O5-muon",
    "O6-sparse-adam",
    "O6-sparse-sgd",
  ]
) {
  Deno.test(`twenty steps of golden ${id} agree in float64`, async () => {
    using device = new ReferenceDevice({ precision: "f64" });
    await checkSteps(device, id, 1e-9);
  });
  gpuTest(`twenty steps of golden ${id} agree on the adapter`, async () => {
    await checkSteps(await openTestGpu(), id, 1e-6);
  });
}

Deno.test("clipping agrees with golden G2 in float64", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  await checkClip(device, 1e-9);
});

gpuTest("clipping agrees with golden G2 on the adapter", async () => {
  await checkClip(await openTestGpu(), 1e-6);
});
