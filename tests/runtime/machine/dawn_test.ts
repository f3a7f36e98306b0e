/**
 * Dawn beside Deno's own WebGPU on the same adapter: what they do differently, and that they compute
 * the same digits. Skipped where the package is not in Deno's cache; with TXL_WEBGPU=dawn it is
 * downloaded.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Evaluator } from "@transformer-xl/eval";
import { CATALOGUE, recordRow } from "@transformer-xl/kernels/cases";
import { Batches, createModel } from "@transformer-xl/model";
import {
  chooseAdapter,
  GpuDevice,
  type GpuStorage,
  isUserError,
  rangeOf,
  Readback,
  webGpuOfEnvironment,
} from "@transformer-xl/runtime";
import { loadDawn, skipExitHandlers } from "@transformer-xl/runtime/setup";
import { TrainStep } from "@transformer-xl/train";

/** Deno's own, unless the tests run on Dawn. */
const DENO = navigator.gpu;

async function availableDawn(): Promise<GPU | undefined> {
  try {
    const dawn = await loadDawn({ mayDownload: webGpuOfEnvironment() === "dawn" });
    return await chooseAdapter(dawn) && dawn;
  } catch (error) {
    if (!isUserError(error)) throw error;
    console.log(`Tests of Dawn are skipped: ${error.message}`);
    return undefined;
  }
}

const dawn = await availableDawn();
const dawnTest = dawn !== undefined && await chooseAdapter(DENO) !== undefined
  ? Deno.test
  : Deno.test.ignore;

async function opened(gpu: GPU): Promise<GpuDevice> {
  const device = await GpuDevice.open(await chooseAdapter(gpu));
  skipExitHandlers();
  return device;
}

/** What `compute` gives on both, in the order Deno, Dawn. */
async function onBoth<T>(compute: (device: GpuDevice) => Promise<T>): Promise<[T, T]> {
  using own = await opened(DENO);
  using other = await opened(dawn!);
  return [await compute(own), await compute(other)];
}

dawnTest("Dawn opens one device per adapter, and every device comes from a new one", async () => {
  const adapter = (await dawn!.requestAdapter())!;
  (await adapter.requestDevice()).destroy();
  await assertRejects(() => adapter.requestDevice(), Error, "consumed");
  using first = await opened(dawn!);
  using second = await opened(dawn!);
  assert(first.gpu !== second.gpu);
  const [own, other] = await onBoth(({ info }) => Promise.resolve(info));
  assertEquals(other, { ...own, implementation: "Dawn" });
});

dawnTest(
  "Dawn's maps and fences are awaited, and a read holds what was there at the call",
  async () => {
    using device = await opened(dawn!);
    using readback = await Readback.open(device.gpu);
    assertEquals(readback.synchronous, false);
    assert(device.fence() instanceof Promise);
    using state = device.state("memory", [4]);
    const range = rangeOf(state);
    device.write(range.storage, 0, Float32Array.of(1, 2, 3, 4));
    const reading = device.read([range]);
    device.write(range.storage, 0, new Float32Array(4).fill(7));
    assertEquals(await reading, [Float32Array.of(1, 2, 3, 4)]);
    await device.idle();
  },
);

dawnTest("Dawn takes halves, words, views of bytes and of shared memory", async () => {
  using device = await opened(dawn!);
  const shared = new Float32Array(new SharedArrayBuffer(16));
  shared.set([1, 2, 3, 4]);
  const halves = Float16Array.of(0, 1, 2, 3, 4, 5);
  for (
    const [data, from, want] of [
      [new DataView(Float32Array.of(5, 6, 7, 8, 9).buffer, 4), 0, Float32Array.of(6, 7, 8, 9)],
      [shared as unknown as Float32Array<ArrayBuffer>, 2, Float32Array.of(3, 4)],
      [halves, 2, Float16Array.of(2, 3, 4, 5)],
      [Uint32Array.of(1, 2).buffer, 4, Uint32Array.of(2)],
    ] as const
  ) {
    using state = device.state("memory", [4], "u32");
    const { storage } = rangeOf(state);
    device.gpu.queue.writeBuffer((storage as GpuStorage).buffer, 0, data, from);
    const [read] = await device.read([rangeOf(state)]);
    const bytes = new Uint8Array(read!.buffer, 0, want.byteLength);
    assertEquals(bytes, new Uint8Array(want.buffer));
  }
  for (const dtype of ["f32", "f16", "u32"] as const) {
    using state = device.state("memory", [6], dtype);
    const range = rangeOf(state);
    device.write(range.storage, 0, Float32Array.of(1, 2, 3, 4, 5, 6));
    device.write(range.storage, 2, Float16Array.of(8, 9));
    assertEquals([...(await device.read([range]))[0]!], [1, 2, 8, 9, 5, 6]);
  }
});

/** One case per kind of kernel: subgroups, halves, workgroup memory, random masks, scalars. */
const CASES = {
  layer_norm: "one row",
  matmul: "NT bias and ReLU",
  dropout: undefined,
  log_softmax: undefined,
  scale: undefined,
} as const;

for (const [op, name] of Object.entries(CASES)) {
  dawnTest(`Dawn computes the bits of Deno's own WebGPU: ${op}`, async () => {
    const cases = CATALOGUE.find((each) => each.op === op)!;
    const row = cases.rows.find((each) => name === undefined ? !each.bench : each.name === name)!;
    for (const dtype of ["f32", "f16"] as const) {
      const [own, other] = await onBoth(async (device) => {
        using recorded = await recordRow(device, cases, row, { dtype });
        recorded.run();
        return await recorded.read();
      });
      assertEquals(other, own);
    }
  });
}

dawnTest("a training of three steps and an evaluation give the same digits on Dawn", async () => {
  const lengths = { batchSize: 2, tgtLen: 8, memLen: 8 };
  const tokens = Uint32Array.from({ length: 100 }, (_, i) => (7 * i + i % 3) % 11);
  const [own, other] = await onBoth(async (device) => {
    const sizes = { vocabSize: 11, nLayer: 1, nHead: 2, dHead: 8, dModel: 16, dInner: 32 };
    using model = await createModel(device, sizes, { training: true, seed: 1 });
    using step = await TrainStep.record(model, lengths, { optimizer: "adam" });
    const segments = [...new Batches(tokens, step.lengths).segments()];
    for (const segment of segments.slice(0, 3)) step.run(segment, { lr: 0.01 });
    const losses = [...await step.losses()];
    using evaluator = await Evaluator.create(model, lengths);
    const { lossNats, segments: scored } = await evaluator.evaluate(new Batches(tokens, lengths));
    return { losses, lossNats, ofSegments: scored.map((segment) => segment.lossNats) };
  });
  assertEquals(own.losses.length, 3);
  assertEquals(other, own);
});

dawnTest("setImmediate is as before for others than Dawn", async () => {
  const values = await new Promise((resolve) => {
    setImmediate((...given: unknown[]) => resolve(given), 1, "two");
  });
  assertEquals(values, [1, "two"]);
});
