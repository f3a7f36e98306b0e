import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { footprint, modelOf, type TrainConfig } from "@transformer-xl/train";
import { precisionFor } from "@transformer-xl/model";
import {
  type Device,
  DeviceError,
  DryDevice,
  gradientsOf,
  PORTABLE_LIMITS,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import { callProgram } from "../support/processes/called_program.ts";
import type { Flags } from "../support/program.ts";
import {
  Scratch,
  SMALL,
  smallConfig,
  smallCorpus,
  smallTrainer,
  wordText,
} from "../support/small_run.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

const NEVER = new AbortController().signal;
const HALF = { fp16: true, dropout: 0, dropatt: 0, logInterval: 1, noTest: true } as const;

/** Losses of a run, step by step, and its validations. */
async function lossesOf(device: Device, settings: Partial<TrainConfig>): Promise<number[]> {
  const config = smallConfig({ ...HALF, maxStep: 40, evalInterval: 20, ...settings });
  using trainer = await smallTrainer(device, config, await smallCorpus());
  const losses: number[] = [];
  for await (const event of trainer.train(NEVER)) {
    if (event.kind === "log") losses.push(event.metrics[0]!.lossNats);
    if (event.kind === "eval") losses.push(event.result.lossNats);
  }
  return losses;
}

function largestDistance(a: readonly number[], b: readonly number[]): number {
  assertEquals(a.length, b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!) / b[i]!));
}

gpuTest(
  "training in half precision stays within 1 % of full precision on the adapter",
  async () => {
    const device = await openTestGpu();
    const half = await lossesOf(device, {});
    const full = await lossesOf(device, { fp16: false });
    const distance = largestDistance(half, full);
    assert(distance < 0.01, `largest distance ${distance}`);
    assert(distance > 1e-6, "half precision is not full precision");
    assert(half.at(-1)! < half[0]!, "it learns");
  },
);

gpuTest("the reference executor rounds where the adapter stores halves", async () => {
  const loops = new ReferenceDevice({ precision: "f64" });
  const distance = largestDistance(
    await lossesOf(await openTestGpu(), { maxStep: 12, noEval: true }),
    await lossesOf(loops, { maxStep: 12, noEval: true }),
  );
  assert(distance < 2e-3, `largest distance ${distance}`);
});

Deno.test("half precision moves half the bytes of weights, gradients, memory and temporaries", async () => {
  const config = {
    ...smallConfig({ noEval: true, noTest: true }),
    dModel: 64,
    dInner: 256,
    batchSize: 16,
    tgtLen: 64, // so that the optimizer, which moves float32, is a small part
  };
  const plan = (fp16: boolean) =>
    footprint({ ...config, fp16 }, modelOf(config, 1000, []), PORTABLE_LIMITS);
  const [half, full] = [await plan(true), await plan(false)];
  const ratio = (role: "weights" | "gradients" | "temporary") =>
    half.bytes.get(role)! / full.bytes.get(role)!;
  // Parameters begin at multiples of 256 bytes, which halves fill less well.
  for (const role of ["weights", "gradients", "temporary"] as const) {
    assert(ratio(role) >= 0.5 && ratio(role) < 0.52, `${role} ${ratio(role)}`);
  }
  assert(half.bytes.get("masters")! < 1.01 * full.bytes.get("weights")!);
  assertEquals(half.bytes.get("moments"), 2 * half.bytes.get("masters")!);
  const moved = half.bytesPerToken / full.bytesPerToken;
  assert(moved > 0.5 && moved < 0.56, `bytes that ops move ${moved}`);
});

gpuTest("an overflow in training skips the update; the log names step and loss scale", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(100));
  // Gradients overflow at this scale.
  const { code, stdout, stderr } = await callProgram("train", {
    ...SMALL,
    fp16: true,
    loss_scale: 2 ** 24,
    max_step: 5,
    log_interval: 5,
    no_eval: true,
    no_test: true,
    device: "gpu",
    data,
    work_dir: scratch.at("run"),
  });
  assertEquals(code, 2, stdout);
  assertStringIncludes(stderr, "every gradient up to step 5 overflowed"); // nothing to save
  assertStringIncludes(
    stdout,
    "A gradient was not finite, the update was skipped: step 1 (loss scale now 16777216)",
  );
});

Deno.test("fifty skipped updates in a row end a run with what to try", async () => {
  const device = new ReferenceDevice({ precision: "f32" });
  const config = smallConfig({ ...HALF, maxStep: 60, noEval: true });
  using trainer = await smallTrainer(device, config, await smallCorpus());
  let skipped = 0;
  await assertRejects(
    async () => {
      for await (const event of trainer.train(NEVER)) {
        if (event.kind !== "log") continue;
        skipped += event.metrics[0]!.applied ? 0 : 1;
        device.write(gradientsOf(trainer.store)[0]!, 0, Float32Array.of(Infinity, 0));
      }
    },
    DeviceError,
    "Cannot continue training: the last 50 updates were skipped because gradients overflowed",
  );
  assertEquals(skipped, 49);
});

Deno.test("half precision on an adapter without shader-f16 is refused", () => {
  const device = new DryDevice(PORTABLE_LIMITS);
  let message = "";
  try {
    precisionFor(true, device);
  } catch (error) {
    message = (error as Error).message;
  }
  assertStringIncludes(message, 'Cannot use fp16 on "dry run": it does not offer shader-f16');
  assertEquals(precisionFor(false, device).name, "fp32");
});

gpuTest("resuming in half precision is bit-equal to not having stopped", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(100));
  const flags = { ...SMALL, fp16: true as const, data, max_step: 24, device: "gpu" };
  const whole = await callProgram("train", { ...flags, work_dir: scratch.at("whole") });
  assertEquals(whole.code, 0, whole.stderr);
  const first = { ...flags, work_dir: scratch.at("parts"), max_step_scheduler: 24 };
  assertEquals((await callProgram("train", { ...first, max_step: 12 })).code, 0);
  const rest = await callProgram("train", { ...first, restart: true });
  assertEquals(rest.code, 0, rest.stderr);
  const test = (stdout: string) =>
    stdout.split("\n").find((line) => line.includes("test loss"))!
      .replace(/time: +[\d.]+s/, "");
  assertEquals(test(rest.stdout), test(whole.stdout));
});

Deno.test("evaluation in half precision finds the loss of full precision within 0.5 %", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(100));
  const trained = await callProgram("train", {
    ...SMALL,
    data,
    max_step: 12,
    no_test: true,
    work_dir: scratch.at("run"),
  });
  assertEquals(trained.code, 0, trained.stderr);
  const score = async (flags: Flags) => {
    const { stdout } = await callProgram("eval", {
      work_dir: scratch.at("run"),
      tgt_len: 8,
      mem_len: 8,
      batch_size: 2,
      split: "valid",
      ...flags,
    });
    const [, math] = /math (\w+)/.exec(stdout)!;
    const [, perplexity] = /valid ppl +([\d.]+)/.exec(stdout)!;
    return { math, lossNats: Math.log(Number(perplexity)) };
  };
  const [half, full] = [await score({ fp16: true }), await score({})];
  assertEquals([half.math, full.math], ["fp16", "fp32"]);
  assert(largestDistance([half.lossNats], [full.lossNats]) < 0.005);
});
