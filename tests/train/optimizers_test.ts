/**
 * Runs with every optimizer of the registry: checkpoints with all states, bit-equal resume, several
 * processes, half precision.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type OptimizerName, OPTIMIZERS, optimizerStates } from "@transformer-xl/kernels";
import { openCheckpoint, parameterRoles } from "@transformer-xl/model";
import { GpuDevice, parseFlags } from "@transformer-xl/runtime";
import { optimizerOf, settingWarnings, trainSchema } from "@transformer-xl/train";
import { distance, SHARED, together } from "../support/processes/train_together.ts";
import { Scratch, smallConfig, smallCorpus } from "../support/small_run.ts";
import { gpuTest } from "../support/test_gpu.ts";

const NAMES = Object.keys(OPTIMIZERS) as OptimizerName[];

/** One name of each definition. */
const DISTINCT = NAMES.filter((name, i) =>
  NAMES.findIndex((other) => OPTIMIZERS[other] === OPTIMIZERS[name]) === i
);

/** Settings of a short run; momentum where the optimizer reads it. */
function shortRun(optim: OptimizerName) {
  const mom = OPTIMIZERS[optim].settings.includes("momentum") ? 0.9 : 0;
  return { ...SHARED, optim, mom, noEval: true, maxStepScheduler: 16, evalInterval: 8 };
}

Deno.test("every optimizer is a value of --optim", () => {
  for (const optim of NAMES) assertEquals(trainSchema.parse({ optim }).optim, optim);
  assertThrows(() => trainSchema.parse({ optim: "rprop" }));
});

Deno.test("a given setting that optimizer or schedule does not read gets a line, others none", () => {
  const warnings = (flags: string) => {
    const { config, origin } = parseFlags(trainSchema, flags.split(" "));
    return settingWarnings(config, origin);
  };
  assertEquals(warnings("--optim sgd --mom 0.9 --weight_decay 0.1"), []);
  assertEquals(warnings("--optim adam --adam_beta1 0.8 --adam_eps 1e-6 --mom 0.0 --lr_min 0"), []);
  assertEquals(warnings("--optim lamb --mom 0.9"), [
    "warning: --mom 0.9 has no effect with --optim lamb: only sgd, muon read it",
  ]);
  assertEquals(warnings("--optim sgd --adam_beta2 0.99 --scheduler constant --patience 3"), [
    "warning: --adam_beta2 0.99 has no effect with --optim sgd: only lamb, jitlamb, adam, adamw, muon read it",
    "warning: --patience 3 has no effect with --scheduler constant: only dev_perf reads it",
  ]);
  assertEquals(warnings("--scheduler inv_sqrt --eta_min 0.001 --max_step_scheduler 9").length, 2);
  const ofFile = (file: Record<string, unknown>) => {
    const { config, origin } = parseFlags(trainSchema, [], { file });
    return settingWarnings(config, origin).length;
  };
  assertEquals(ofFile({ scheduler: "inv_sqrt", eta_min: 0.001, decay_rate: 0.5 }), 0);
  assertEquals(ofFile({ scheduler: "inv_sqrt", eta_min: 0.002, decay_rate: 0.4 }), 2);
});

Deno.test("betas and eps of the configuration reach the optimizer", () => {
  const choice = optimizerOf(smallConfig({ adamBeta1: 0.8, adamEps: 1e-3, weightDecay: 0.1 }));
  assertEquals([choice.betas, choice.eps, choice.momentum], [[0.8, 0.999], 1e-3, undefined]);
  for (const bad of [{ adamBeta1: 1 }, { adamBeta2: -0.1 }, { adamEps: 0 }, { mom: 1 }]) {
    assertThrows(() => smallConfig(bad));
  }
});

for (const optim of DISTINCT) {
  for (const fp16 of [false, true]) {
    const precision = fp16 ? "half" : "full";
    Deno.test(`two processes of ${optim} in ${precision} precision learn as one and resume bit-equal`, async () => {
      await using scratch = new Scratch();
      const corpus = await smallCorpus();
      const settings = { ...shortRun(optim), fp16 };
      const config = smallConfig({ ...settings, maxStep: 16 });
      const whole = await together({ config, corpus }, 2);
      assertEquals(whole[1]!.weights, whole[0]!.weights);
      const [alone] = await together({ config, corpus }, 1);
      const error = distance(whole[0]!.losses, alone!.losses);
      assert(error < (fp16 ? 5e-3 : 1e-5), `${error}`);

      await Deno.mkdir(scratch.at("run"));
      const half = smallConfig({ ...settings, maxStep: 8 });
      await together({ config: half, corpus, workDir: scratch.at("run") }, 2);
      const from = scratch.at("run/checkpoint_last.safetensors");
      for (const { losses, weights } of await together({ config, corpus, from }, 2)) {
        assertEquals(losses, whole[0]!.losses.slice(8));
        assertEquals(weights, whole[0]!.weights);
      }
      using checkpoint = await openCheckpoint(from);
      const { file } = checkpoint;
      const { names } = file;
      const roleOf = parameterRoles(checkpoint.config);
      const isWeight = (name: string) => /^(layers|word_emb|crit|r_)/.test(name);
      const states = Object.entries(optimizerStates({ kind: optim, momentum: settings.mom }));
      const moments = names.filter((name) => /^optimizer\.\w+\//.test(name));
      assert(names.filter(isWeight).length > 10);
      const wanted = states.flatMap(([state, { covers = () => true }]) =>
        names.filter((name) => isWeight(name) && covers(roleOf({ name, shape: file.shape(name) })))
          .map((name) => `optimizer.${state}/${name}`)
      );
      assertEquals(moments.toSorted(), wanted.toSorted());
    });
  }

  gpuTest(`a run of ${optim} resumes bit-equal on the adapter`, async () => {
    await using scratch = new Scratch();
    const corpus = await smallCorpus();
    const device = () => GpuDevice.open();
    const settings = shortRun(optim);
    const config = smallConfig({ ...settings, maxStep: 16 });
    const [whole] = await together({ config, corpus, device }, 1);
    const half = smallConfig({ ...settings, maxStep: 8 });
    await together({ config: half, corpus, device, workDir: scratch.path }, 1);
    const from = scratch.at("checkpoint_last.safetensors");
    const [rest] = await together({ config, corpus, device, from }, 1);
    assertEquals(rest!.losses, whole!.losses.slice(8));
    assertEquals(rest!.weights, whole!.weights);
  });
}

Deno.test("sgd without momentum keeps no state and resumes bit-equal", async () => {
  await using scratch = new Scratch();
  const corpus = await smallCorpus();
  const settings = { ...shortRun("sgd"), mom: 0 };
  const [whole] = await together({ config: smallConfig({ ...settings, maxStep: 16 }), corpus }, 1);
  const half = smallConfig({ ...settings, maxStep: 8 });
  await together({ config: half, corpus, workDir: scratch.path }, 1);
  const from = scratch.at("checkpoint_last.safetensors");
  using checkpoint = await openCheckpoint(from);
  assertEquals(checkpoint.file.names.filter((name) => name.startsWith("optimizer.")), []);
  const config = smallConfig({ ...settings, maxStep: 16 });
  const [rest] = await together({ config, corpus, from }, 1);
  assertEquals(rest!.weights, whole!.weights);
});

Deno.test("two processes clip all but the embedding as one does, and unlike without the flag", async () => {
  const corpus = await smallCorpus();
  const run = async (clipNonemb: boolean, processes: number) => {
    const settings = { ...shortRun("sgd"), mom: 0, clip: 0.01, lr: 1, maxStep: 8 };
    const config = smallConfig({ ...settings, clipNonemb });
    return (await together({ config, corpus }, processes))[0]!.losses;
  };
  const alone = await run(true, 1);
  assert(distance(await run(true, 2), alone) < 1e-5);
  assert(distance(await run(false, 1), alone) > 1e-3);
});
