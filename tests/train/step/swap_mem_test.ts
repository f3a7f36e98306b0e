/**
 * Memories in host memory: the same numbers and checkpoints, and less memory on the device.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Batches, createModel } from "@transformer-xl/model";
import {
  type Device,
  formatBytes,
  GpuDevice,
  PORTABLE_LIMITS,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import {
  footprint,
  footprintLines,
  modelOf,
  PRESETS,
  type TrainConfig,
  trainSchema,
  TrainStep,
} from "@transformer-xl/train";
import { together } from "../../support/processes/train_together.ts";
import { contentOf, Scratch, smallConfig, smallCorpus } from "../../support/small_run.ts";
import { gpuTest } from "../../support/test_gpu.ts";

/** What a run leaves: losses, weights, the files' content. */
async function outcome(
  settings: Partial<TrainConfig>,
  processes: number,
  device?: () => Device | Promise<Device>,
) {
  await using scratch = new Scratch();
  const config = smallConfig({
    maxStep: 8,
    logInterval: 1,
    evalInterval: 4,
    noTest: true,
    extLen: 1,
    ...settings,
  });
  const corpus = await smallCorpus(40);
  const workDir = scratch.at("run");
  await Deno.mkdir(workDir);
  const told = await together({ config, corpus, workDir, ...(device && { device }) }, processes);
  return {
    told: told.map(({ last: _, ...numbers }) => numbers), // the last event has a path
    content: await contentOf(`${workDir}/checkpoint_last.safetensors`),
  };
}

/** Runs with memories in host memory and on the device, which must be equal. */
async function assertSwaps(...[settings, processes, device]: Parameters<typeof outcome>) {
  const [swapped, resident] = [
    await outcome({ ...settings, swapMem: true }, processes, device),
    await outcome(settings, processes, device),
  ];
  assertEquals(swapped, resident);
  assert(Object.keys(swapped.content).includes("memory.1"));
}

Deno.test("memories in host memory give the same bits: chunks, processes, halves, varying segments", async () => {
  const f64 = () => new ReferenceDevice({ precision: "f64" });
  await assertSwaps({ batchChunk: 2, memLen: 11 }, 1);
  await assertSwaps({ batchChunk: 1, preLnorm: true, varlen: true }, 1, f64);
  await assertSwaps({ batchChunk: 2, fp16: true, memLen: 5 }, 2);
});

Deno.test("memories in host memory give the same bits with every attention type", async () => {
  await assertSwaps({ attnType: 1, maxStep: 4 }, 1);
  await assertSwaps({ attnType: 2, maxStep: 4, compat: "head" }, 1);
  await assertSwaps({ attnType: 3, maxStep: 4, preLnorm: true }, 1);
});

gpuTest("memories in host memory give the same bits on the adapter", async () => {
  const open = () => GpuDevice.open();
  await assertSwaps({ batchChunk: 2 }, 1, open);
  using gpu = await open();
  if (gpu.info.features.includes("shader-f16")) await assertSwaps({ fp16: true }, 2, open);
});

Deno.test("the device memory of a plan falls by the memories, whatever the batch chunks", async () => {
  const mebibytes = async (settings: Partial<TrainConfig>) => {
    const base = { ...PRESETS["wt103-base"], batchSize: 32, adaptive: false, noEval: true };
    const config = trainSchema.parse({ ...base, ...settings });
    const limits = { ...PORTABLE_LIMITS, maxBindingBytes: 2 ** 31, maxBufferBytes: 2 ** 31 };
    const planned = await footprint(config, modelOf(config, 1000, []), limits);
    const device = planned.bytes.values().reduce((sum, bytes) => sum + bytes, 0);
    return { device: device / 2 ** 20, host: planned.hostBytes / 2 ** 20, planned };
  };
  for (
    const [settings, memories] of [
      [{ batchChunk: 1 }, 192], // 16 layers x 192 rows x 32 columns x 512 floats
      [{ batchChunk: 4 }, 192],
      [{ batchChunk: 2, fp16: true, preLnorm: true }, 96],
      [{ batchChunk: 2, attnType: 1 }, 192],
    ] as const
  ) {
    const [resident, swapped] = [
      await mebibytes(settings),
      await mebibytes({ ...settings, swapMem: true }),
    ];
    assertAlmostEquals(resident.device - swapped.device, memories, 0.01);
    assertEquals([resident.host, swapped.host], [0, memories]);
    assert(
      footprintLines(swapped.planned).includes(
        `host memory = ${formatBytes(memories * 2 ** 20)} (memories)`,
      ),
    );
    assert(footprintLines(resident.planned).every((line) => !line.startsWith("host memory")));
  }
  const none = await mebibytes({ memLen: 0, swapMem: true });
  assertEquals([none.device, none.host], [(await mebibytes({ memLen: 0 })).device, 0]);
});

Deno.test("a step with memories in host memory is awaited", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await createModel(device, { vocabSize: 4, nLayer: 1, dModel: 16 }, {
    training: true,
  });
  const lengths = { batchSize: 2, tgtLen: 4, memLen: 4 };
  using step = await TrainStep.record(model, lengths, { swapMemory: true });
  const text = Uint32Array.from({ length: 40 }, (_, i) => i % 4);
  const [segment] = new Batches(text, lengths).segments();
  assertThrows(() => step.run(segment!, { lr: 0.01 }), TypeError, "await runAsync");
  assertEquals(await step.runAsync(segment!, { lr: 0.01 }), "none");
  assertEquals((await step.memories[0]!.read()).map(({ length }) => length), [4 * 2 * 16]);
  await assertRejects(() => step.metrics(2), RangeError, "1 are kept");
});
