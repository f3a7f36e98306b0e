/**
 * `--matrix_units`: products of `--fp16` by matrix units of the adapter.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { evalSchema } from "@transformer-xl/eval";
import { tilePlanOf } from "@transformer-xl/kernels";
import { Batches, createModel } from "@transformer-xl/model";
import {
  type AdapterChoice,
  ConfigError,
  DeviceError,
  type GpuDevice,
  MATRIX_UNITS_FEATURE,
  matrixUnitsOf,
  parseFlags,
  withMatrixUnits,
} from "@transformer-xl/runtime";
import { checkTrainConfig, trainSchema, TrainStep } from "@transformer-xl/train";
import { matrixUnitsTest, openMatrixDevice } from "../../support/devices/matrix_units.ts";
import { runProgram } from "../../support/program.ts";
import { Scratch, smallConfig } from "../../support/small_run.ts";

Deno.test("--matrix_units is one of three words; on is a choice of half precision on a GPU", () => {
  for (const schema of [trainSchema, evalSchema]) {
    assertThrows(() => parseFlags(schema, ["--matrix_units", "yes"]), ConfigError, "auto, on, off");
  }
  const refused = (settings: Parameters<typeof smallConfig>[0], says: string) =>
    assertThrows(() => checkTrainConfig(smallConfig(settings)), ConfigError, says);
  refused(
    { device: "gpu", matrixUnits: "on" },
    "Cannot use --matrix_units on in full precision: add --fp16, or leave it out",
  );
  refused(
    { device: "cpu", fp16: true, matrixUnits: "on" },
    "Cannot use --matrix_units on with --device cpu: the CPU has none; leave one of them out",
  );
  checkTrainConfig(smallConfig({ device: "gpu", fp16: true, matrixUnits: "on" }));
});

/** An adapter as Dawn describes it; `sizes` are those of its experimental features. */
function adapterWith(sizes: readonly unknown[], software = false): AdapterChoice {
  const features = new Set(["shader-f16", "subgroups", MATRIX_UNITS_FEATURE]);
  const info = { description: "G", vendor: "nvidia", subgroupMinSize: 32, subgroupMaxSize: 32 };
  const offered = (subgroupMatrixConfigs: readonly unknown[]) => ({
    requestAdapter: () =>
      Promise.resolve({
        features: sizes === subgroupMatrixConfigs ? features : new Set(["shader-f16", "subgroups"]),
        info: { ...info, subgroupMatrixConfigs },
        requestDevice: () => Promise.reject(new Error("refused")),
      }),
  });
  const gpu = { ...offered([]), experimental: offered(sizes), implementation: "Dawn" };
  return {
    ...{ gpu: gpu as unknown as GPU, implementation: "Dawn", name: "G" },
    ...{ adapter: {} as GPUAdapter, software, adapterClass: "nvidia", features: [] },
  };
}

const HALVES = { componentType: "f16", resultComponentType: "f32" };
const WHOLE = { ...HALVES, M: 16, N: 16, K: 16 };

Deno.test("the units of an adapter are the largest that add halves in float32", async () => {
  const choice = await withMatrixUnits(
    adapterWith([{ ...WHOLE, N: 8 }, WHOLE, { ...WHOLE, resultComponentType: "f16", K: 32 }]),
    "auto",
  );
  assertEquals(choice.matrixUnits, { M: 16, N: 16, K: 16, lanes: 32 });
  assertEquals(choice.features.includes(MATRIX_UNITS_FEATURE), true);
  for (const sizes of [[], [{ ...WHOLE, componentType: "i8" }], [{ ...WHOLE, M: 12 }]]) {
    assertEquals((await withMatrixUnits(adapterWith(sizes), "auto")).matrixUnits, undefined);
  }
  const varying = { subgroupMinSize: 16, subgroupMaxSize: 32, subgroupMatrixConfigs: [WHOLE] };
  assertEquals(matrixUnitsOf(varying), undefined);
});

Deno.test("units are not asked for when they are off, nor of a software driver unless they are on", async () => {
  const given = adapterWith([WHOLE]);
  assertEquals(await withMatrixUnits(given, "off"), given);
  const software = adapterWith([WHOLE], true);
  assertEquals(await withMatrixUnits(software, "auto"), software);
  assert((await withMatrixUnits(software, "on")).matrixUnits);
});

Deno.test("units that are required and missing are an error with a remedy, exit code 2", async () => {
  await assertRejects(
    () => withMatrixUnits(adapterWith([]), "on"),
    DeviceError,
    'Cannot use matrix units of "G": Dawn offers none that multiply float16 into float32 sums',
  );
  await using scratch = new Scratch();
  const { code, stderr } = await runProgram("train", {
    ...{ preset: "tiny", dry_run: true, fp16: true, work_dir: scratch.at("run") },
    ...{ webgpu: "deno", matrix_units: "on" },
  });
  assertEquals(code, 2, stderr);
  const missing =
    /^error: Cannot (use matrix units of ".*": Deno's WebGPU offers none .*; use --webgpu dawn .*--matrix_units out|.*adapter.*)$/;
  assert(missing.test(stderr.trim()), stderr);
});

/** Losses of a few steps in half precision, and how many of a step's products units multiply. */
async function lossesOn(device: GpuDevice): Promise<[losses: number[], products: number]> {
  const lengths = { batchSize: 4, tgtLen: 16, memLen: 16 };
  const tokens = Uint32Array.from({ length: 600 }, (_, i) => (7 * i + i % 3) % 24);
  const sizes = { vocabSize: 24, nLayer: 1, nHead: 2, dHead: 16, dModel: 32, dInner: 64 };
  using model = await createModel(device, sizes, { training: true, seed: 1, fp16: true });
  const products: unknown[] = [];
  const plan = device.plan.bind(device);
  device.plan = (label, record) =>
    plan(label, (rec) => {
      const recorded = record(rec);
      for (const command of rec.commands) {
        if (command.kind !== "launch") continue;
        if (tilePlanOf(command.kernel)?.stage === "matrix") products.push(command);
      }
      return recorded;
    });
  using step = await TrainStep.record(model, lengths, { optimizer: "adam" });
  const segments = [...new Batches(tokens, step.lengths).segments()];
  const losses: number[] = [];
  for (const segment of segments.slice(0, 6)) {
    step.run(segment, { lr: 0.01 });
    losses.push(...await step.losses());
  }
  return [losses, products.length];
}

matrixUnitsTest(
  "a training with units has the losses of one without, within rounding",
  async () => {
    using units = await openMatrixDevice("on");
    using lanes = await openMatrixDevice("off");
    const [[got, products], [want, none], [again]] = [
      await lossesOn(units),
      await lossesOn(lanes),
      await lossesOn(units),
    ];
    assert(products >= 15 && none === 0, `${products} products by units, ${none} without`);
    assertEquals(again, got, "two runs differ");
    assert(want.at(-1)! < want[0]! - 0.1, `${want}`);
    got.forEach((loss, i) => assert(Math.abs(loss - want[i]!) < 1e-3, `${got}; ${want}`));
  },
);
