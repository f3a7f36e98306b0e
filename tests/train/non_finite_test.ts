/**
 * Non-finite numbers: never saved, never best, and the printed remedy works.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { FiniteCheck } from "@transformer-xl/kernels";
import {
  CheckpointError,
  ConfigError,
  type Device,
  DeviceError,
  ReferenceDevice,
  withRemedies,
} from "@transformer-xl/runtime";
import { openCorpus, REMEDIES } from "@transformer-xl/model";
import { evaluate } from "@transformer-xl/eval/cli";
import { CheckpointFiles, checkTrainConfig } from "@transformer-xl/train";
import { train } from "@transformer-xl/train/cli";
import { type Flags, words } from "../support/program.ts";
import {
  Scratch,
  SMALL,
  smallConfig,
  smallCorpus,
  smallTrainer,
  wordText,
} from "../support/small_run.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

const RUN = {
  ...SMALL,
  device: "cpu",
  warmup_step: 0,
  log_interval: 1,
  eval_interval: 1,
  scheduler: "constant",
} as const satisfies Flags;

for (const half of [false, true]) {
  gpuTest(
    `FiniteCheck finds one bad number in ${half ? "halves" : "floats"}, wherever it is`,
    async () => {
      const length = 70_002;
      const bad = half
        ? [Infinity, -Infinity, NaN]
        : [Infinity, -Infinity, NaN, 2 ** 63, -(2 ** 64)];
      using reference = new ReferenceDevice({ precision: "f32" });
      for (const device of [reference, await openTestGpu()] as Device[]) {
        const [first, second, other] = ["weights", "more weights", "moments"].map((label) =>
          device.allocate({ label, role: "state", dtype: half ? "f16" : "f32", length })
        );
        using check = await FiniteCheck.record(device, [
          { name: "weights", storages: [first!, second!], limit: 63 },
          { name: "moments", storages: [other!] },
        ]);
        const fine = new Float32Array(length).fill(half ? 65_504 : 2 ** 62.9);
        for (const storage of [first!, second!, other!]) device.write(storage, 0, fine);
        assertEquals(await check.failing(), undefined);
        for (const value of bad) {
          for (const at of [0, 35_000, length - 2]) {
            device.write(second!, at, Float32Array.of(value, 1));
            assertEquals(await check.failing(), "weights", `${value} at ${at}`);
            device.write(second!, at, fine.subarray(0, 2));
          }
        }
        device.write(other!, 0, Float32Array.of(half ? 3 : 2 ** 100, -1));
        assertEquals(await check.failing(), undefined, "moments may be large");
        device.write(other!, 4, Float32Array.of(NaN, 0));
        assertEquals(await check.failing(), "moments");
        for (const storage of [first!, second!, other!]) storage[Symbol.dispose]();
      }
    },
  );
}

Deno.test("a validation loss that is not finite ends the run before anything is written", async () => {
  await using scratch = new Scratch();
  const flags = {
    ...RUN,
    data: await scratch.text("text.txt", wordText(60)),
    work_dir: scratch.at("run"),
    max_step: 1,
    lr: 1e30,
  };
  const error = await assertRejects(() => train(words(flags)), DeviceError);
  assertMatch(
    error.message,
    /^Cannot continue training: the loss of the validation text after step 1 is (NaN|Infinity); .*start a new run, there is no checkpoint yet$/,
  );
  assertEquals(checkpointsIn(scratch.at("run")), []);
  assertEquals(await train(words({ ...flags, lr: 0.001 })), 0, "the advice works");
});

Deno.test("a run that diverges leaves its last checkpoint as it was, and continues from it", async () => {
  await using scratch = new Scratch();
  const work_dir = scratch.at("run");
  const flags = { ...RUN, data: await scratch.text("text.txt", wordText(60)), work_dir };
  const run = (more: Flags) => train(words({ ...flags, ...more }));
  assertEquals(await run({ max_step: 4 }), 0);
  const before = checkpointsIn(work_dir).map((name) => Deno.readFileSync(`${work_dir}/${name}`));
  assertEquals(before.length, 2);
  const again = (more: Flags) => train(words({ restart: true, work_dir, ...more }));
  const error = await assertRejects(() => again({ max_step: 12, lr: 1e25 }), DeviceError);
  assertMatch(error.message, /lower --lr.*continue from the last checkpoint with --restart$/);
  const after = checkpointsIn(work_dir).map((name) => Deno.readFileSync(`${work_dir}/${name}`));
  assertEquals(after, before);
  assertEquals(await again({ max_step: 6, lr: 0.001 }), 0, "the advice works");
});

Deno.test("weights that are not finite are not saved where nothing is evaluated", async () => {
  await using scratch = new Scratch();
  const work_dir = scratch.at("run");
  const data = await scratch.text("text.txt", wordText(60));
  const flags = { ...RUN, data, work_dir, max_step: 1, lr: 1e30, no_eval: true, no_test: true };
  await assertRejects(
    () => train(words(flags as Flags)),
    DeviceError,
    "Cannot save step 1: the weights are no longer finite; lower --lr",
  );
  assertEquals(checkpointsIn(work_dir), []);
});

Deno.test("evaluation refuses weights and losses that are not finite", async () => {
  await using scratch = new Scratch();
  const work_dir = scratch.at("run");
  const data = await scratch.text("text.txt", wordText(60));
  await train(words({ ...RUN, data, work_dir, max_step: 1 }));
  const model = `${work_dir}/checkpoint_best.safetensors`;
  const bytes = Deno.readFileSync(model);
  const score = { model, device: "cpu", tgt_len: 8, mem_len: 8, batch_size: 2 } as const;
  for (const value of [3e38, 3e18]) { // too large in itself, and finite where the loss is not
    await Deno.writeFile(model, withWeights(bytes, value));
    const error = await assertRejects(() => evaluate(words(score)));
    assert(error instanceof CheckpointError || error instanceof DeviceError, `${error}`);
    assertMatch(error.message, /^Cannot (evaluate|use) ".*": /);
  }
});

gpuTest("a fixed loss scale that lets no gradient through is refused", async () => {
  for (const lossScale of [1e-30, 1e-4, 2 ** 25, 1e30]) {
    assertThrows(
      () => checkTrainConfig(smallConfig({ fp16: true, lossScale })),
      ConfigError,
      `Cannot use --loss_scale ${lossScale}: gradients `,
    );
  }
  const gpu = await openTestGpu();
  if (!gpu.info.features.includes("shader-f16")) return;
  await using scratch = new Scratch();
  const corpus = await smallCorpus();
  const config = smallConfig({
    fp16: true,
    lossScale: 2 ** 24,
    maxStep: 2,
    logInterval: 1,
    workDir: scratch.path,
  });
  using trainer = await smallTrainer(gpu, config, corpus);
  await assertRejects(
    () =>
      withRemedies(REMEDIES, async () => {
        for await (
          const _ of trainer.train(
            new AbortController().signal,
            new CheckpointFiles(scratch.path, { saveAll: false }),
          )
        );
      }),
    DeviceError,
    "with the loss scale 16777216, every gradient up to step 2 overflowed; give a smaller --loss_scale",
  );
  assertEquals(checkpointsIn(scratch.path), []);
});

Deno.test("a fixed loss scale under which no gradient was above zero ends the run", async () => {
  const gpu = await openTestGpu();
  if (!gpu.info.features.includes("shader-f16")) return;
  await using scratch = new Scratch();
  // Of one symbol nothing can be learnt: its probability is 1, and every gradient is zero.
  const path = await scratch.text("text.txt", "a".repeat(2000));
  const corpus = await openCorpus({ dataset: "text", vocab: "char", path });
  assertEquals(corpus.vocabulary.size, 1);
  const workDir = scratch.at("run");
  await Deno.mkdir(workDir);
  const once = { maxStep: 2, logInterval: 1, noEval: true, noTest: true, workDir };
  const config = smallConfig({ fp16: true, lossScale: 2 ** -10, ...once });
  using trainer = await smallTrainer(gpu, config, corpus);
  const files = new CheckpointFiles(workDir, { saveAll: false });
  await assertRejects(
    () =>
      withRemedies(REMEDIES, async () => {
        for await (const _ of trainer.train(new AbortController().signal, files));
      }),
    DeviceError,
    "with the loss scale 0.0009765625, every gradient up to step 2 is zero in float16; give a larger",
  );
  assertEquals(checkpointsIn(workDir), []);
});

function checkpointsIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name)
    .filter((name) => name.startsWith("checkpoint_")).sort();
}

/** A safetensors file whose floats are all `value`, without a checksum. */
function withWeights(file: Uint8Array<ArrayBuffer>, value: number): Uint8Array<ArrayBuffer> {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  delete header.__metadata__.sha256;
  const data = file.slice(8 + length);
  type Entry = { readonly dtype: string; readonly data_offsets: readonly [number, number] };
  const { __metadata__: _, ...tensors } = header;
  for (const { dtype, data_offsets: [from, to] } of Object.values(tensors) as Entry[]) {
    if (dtype === "F32") new Float32Array(data.buffer, from, (to - from) / 4).fill(value);
  }
  const text = JSON.stringify(header);
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const changed = new Uint8Array(8 + head.length + data.length);
  new DataView(changed.buffer).setBigUint64(0, BigInt(head.length), true);
  changed.set(head, 8);
  changed.set(data, 8 + head.length);
  return changed;
}
