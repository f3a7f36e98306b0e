/**
 * Runs whose softmax is sampled: learning, several processes, resume, and what is refused.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { type OptimizerName, OPTIMIZERS } from "@transformer-xl/kernels";
import { REMEDIES } from "@transformer-xl/model";
import { ConfigError, withRemedies } from "@transformer-xl/runtime";
import { checkTrainConfig, modelOf, stepOptions } from "@transformer-xl/train";
import { distance, SHARED, together } from "../support/processes/train_together.ts";
import { Scratch, smallConfig, smallCorpus } from "../support/small_run.ts";

const SAMPLED = { ...SHARED, sampleSoftmax: 6 } as const;
const NAMES = Object.keys(OPTIMIZERS) as OptimizerName[];
const DISTINCT = NAMES.filter((name, i) =>
  NAMES.findIndex((other) => OPTIMIZERS[other] === OPTIMIZERS[name]) === i
);

Deno.test("a sampled softmax learns what the whole one does, by the loss of the whole one", async () => {
  const corpus = await smallCorpus(200);
  const rates = { optim: "adam", lr: 0.01, etaMin: 0.001, scheduler: "cosine" } as const;
  const settings = { ...SAMPLED, ...rates, maxStep: 120, evalInterval: 40 };
  const run = async (sampleSoftmax: number) => {
    const [told] = await together(
      { config: smallConfig({ ...settings, sampleSoftmax }), corpus },
      1,
    );
    return told!.validations;
  };
  const [sampled, whole] = [await run(6), await run(-1)];
  assertNotEquals(sampled, whole);
  const best = sampled.at(-1)!;
  assert(best < sampled[0]! && best < 2.8, `${sampled}`); // ln 31 = 3.43 at the start
  assert(best < whole.at(-1)! + 0.15, `${sampled} against ${whole}`);
});

for (
  const [what, settings] of [
    ...DISTINCT.map((optim) => [optim, { optim }] as const),
    ["half precision", { fp16: true }] as const,
    ["separate weights and projections", { notTied: true, dEmbed: 9 }] as const,
  ]
) {
  Deno.test(`two processes sample the softmax as one does and resume bit-equal: ${what}`, async () => {
    await using scratch = new Scratch();
    const corpus = await smallCorpus();
    const rates = { lr: 0.003, maxStepScheduler: 12 };
    const short = { ...SAMPLED, ...settings, ...rates, compat: "head", noEval: true } as const;
    const config = smallConfig({ ...short, maxStep: 12, evalInterval: 6 });
    const whole = await together({ config, corpus }, 2);
    const again = await together({ config, corpus }, 2);
    assertEquals(again.map(({ losses, weights }) => [losses, weights]), [
      [whole[0]!.losses, whole[0]!.weights],
      [whole[1]!.losses, whole[0]!.weights],
    ]);
    const [alone] = await together({ config, corpus }, 1);
    const error = distance(whole[0]!.losses, alone!.losses);
    assert(error < (config.fp16 ? 5e-3 : 1e-5), `${error}`);

    await Deno.mkdir(scratch.at("run"));
    const half = smallConfig({ ...short, maxStep: 6, evalInterval: 6 });
    await together({ config: half, corpus, workDir: scratch.at("run") }, 2);
    const from = scratch.at("run/checkpoint_last.safetensors");
    for (const { losses, weights } of await together({ config, corpus, from }, 2)) {
      assertEquals(losses, whole[0]!.losses.slice(6));
      assertEquals(weights, whole[0]!.weights);
    }
  });
}

Deno.test("a sampled run in batch chunks with dropout resumes bit-equal", async () => {
  await using scratch = new Scratch();
  const corpus = await smallCorpus();
  const chunks = { ...SAMPLED, batchChunk: 2, dropout: 0.2, dropatt: 0.1, noEval: true };
  const settings = { ...chunks, evalInterval: 6, maxStepScheduler: 12 };
  const config = smallConfig({ ...settings, maxStep: 12 });
  const [whole] = await together({ config, corpus }, 1);
  const workDir = scratch.at("run");
  await Deno.mkdir(workDir);
  await together({ config: smallConfig({ ...settings, maxStep: 6 }), corpus, workDir }, 1);
  const from = `${workDir}/checkpoint_last.safetensors`;
  const [rest] = await together({ config, corpus, from }, 1);
  assertEquals([rest!.losses, rest!.weights], [whole!.losses.slice(6), whole!.weights]);
});

Deno.test("the softmax is whole unless words are sampled", () => {
  for (const sampleSoftmax of [-1, 0]) {
    assertEquals(stepOptions(smallConfig({ sampleSoftmax })).samples, undefined);
  }
  assertEquals(stepOptions(smallConfig(SAMPLED)).samples, 6);
});

Deno.test("clusters, and more samples than words, are refused in one sentence", async () => {
  assertThrows(
    () => checkTrainConfig(smallConfig({ ...SAMPLED, adaptive: true })),
    ConfigError,
    "Cannot use --sample_softmax 6 with --adaptive: its clusters already save the work of rare words; " +
      "leave one of them out",
  );
  const error = await assertRejects(
    () => withRemedies(REMEDIES, () => modelOf(smallConfig({ sampleSoftmax: 31 }), 31, [])),
    ConfigError,
  );
  assertEquals(
    error.message,
    "Cannot sample 31 of 31 words: fewer than all save work; lower --sample_softmax or leave it out",
  );
});
