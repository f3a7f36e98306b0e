/**
 * Models of random weights: the arguments of the reference's model, and runs without a checkpoint.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { manualModel } from "@transformer-xl/eval";
import { modelConfig } from "@transformer-xl/model";
import { ConfigError } from "@transformer-xl/runtime";
import { modelOf, PRESETS, trainSchema } from "@transformer-xl/train";
import { callProgram } from "../../support/processes/called_program.ts";
import type { Flags } from "../../support/program.ts";
import { Scratch, wordText } from "../../support/small_run.ts";

/** The arguments with which the reference builds its base model. */
const BASE = {
  n_token: 267_735,
  n_layer: 16,
  n_head: 8,
  d_model: 512,
  d_head: 64,
  d_inner: 2048,
  dropout: 0.1,
  dropatt: 0.0,
  dtype: null,
  tie_weight: true,
  d_embed: 512,
  div_val: 1,
  tie_projs: [false, true, true, true],
  pre_lnorm: false,
  tgt_len: 192,
  ext_len: 0,
  mem_len: 192,
  cutoffs: [19_997, 39_997, 199_997],
  same_length: false,
  attn_type: 0,
  clamp_len: -1,
  sample_softmax: -1,
};

const LENGTHS = { batchSize: 1, tgtLen: 64, extLen: 0, memLen: 640 };

Deno.test("the reference's arguments of its base model give the model of the preset", () => {
  const preset = trainSchema.parse(PRESETS["wt103-base"]!);
  const { config, unused } = manualModel(BASE, LENGTHS);
  assertEquals(config, modelOf(preset, BASE.n_token, BASE.cutoffs));
  assertEquals(unused, ["tgt_len", "ext_len", "mem_len", "sample_softmax"]);
});

Deno.test("arguments that are left out or null have their defaults, and ours are taken too", () => {
  const small = { n_token: 50, d_model: 32, d_embed: null };
  assertEquals(manualModel(small, LENGTHS).config, modelConfig({ vocabSize: 50, dModel: 32 }));
  const untied = manualModel({
    ...small,
    tie_weight: false,
    cutoffs: [10],
    tie_projs: [false, false],
  }, LENGTHS);
  const shaw = manualModel({ ...small, attn_type: 1 }, LENGTHS).config;
  assertEquals([shaw.attnType, shaw.positionRows], [1, 64 + 640]);
  assertEquals([untied.config.tieWeight, untied.config.tieProjs], [false, [false, false]]);
  assertEquals(
    manualModel({ ...small, initStd: 0.5, compat: "2019" }, LENGTHS).config.initStd,
    0.5,
  );
});

Deno.test("an argument that is unknown, missing or wrong is named", () => {
  for (
    const [change, says] of [
      [{ n_layers: 2 }, /no argument "n_layers", did you mean "n_layer"\?$/],
      [{ n_token: null }, /"n_token", the size of the vocabulary, is missing$/],
      [{ n_token: 1.5 }, /"n_token" is 1.5, want an integer >= 2$/],
      [{ n_layer: -1 }, /"n_layer" is -1: too small/],
      [{ d_model: "x" }, /"d_model" is "x": invalid input: expected number/],
      [{ d_model: 33 }, /d_?model 33.* must be even/i],
      [{ tie_weight: 1 }, /"tie_weight" is 1, want true or false$/],
      [{ tie_projs: [false] }, /"tie_projs" is \[false\], want 4 of true or false/],
      [{ cutoffs: [50, 10, 90] }, /cannot cut 267735 symbols at \[50, 10, 90\]/],
    ] as const
  ) {
    const { message } = assertThrows(
      () => manualModel({ ...BASE, ...change }, LENGTHS),
      ConfigError,
    );
    assert(message.startsWith("Cannot use --manual_config: "), message);
    assertMatch(message, says);
  }
});

const small = JSON.stringify({ n_token: 40, n_layer: 1, d_model: 8, n_head: 1, d_inner: 8 });

async function run(flags: Flags): Promise<string> {
  const { code, stdout, stderr } = await callProgram("eval", { device: "cpu", ...flags });
  assertEquals(code, 0, stderr);
  return stdout;
}

const lossOf = (stdout: string): string => /^\| \w+ loss .*$/m.exec(stdout)![0];

Deno.test("random weights are timed without checkpoint and text, alone and in two processes", async () => {
  await using scratch = new Scratch();
  const base = {
    manual_config: small,
    ...{ work_dir: scratch.at("run"), batch_size: 2, tgt_len: 4, mem_len: 8 },
  };
  const flags = {
    ...base,
    max_size: 5,
    repeat: 2,
    save_data: true,
    percentiles: [50, 99.9],
  } as const;
  const stdout = await run({ ...flags, log_interval: 2 });
  assertMatch(stdout, /^model : random weights of seed 1111, 40 words$/m);
  assertMatch(
    stdout,
    /^Evaluating with: math fp32 type cpu bsz 2 tgt_len 4 ext_len 0 mem_len 8 /m,
  );
  assertEquals(
    stdout.match(/^\| step +[24] \| batches +[24] \/ 6 \| ms\/batch .* tok\/s .* ppl/gm)!.length,
    4,
  );
  assertMatch(
    stdout,
    /^Throughput Avg: [\d.]+ tok\/s\nLatency Avg: [\d.]+ ms\nLatency 50%: .* ms\nLatency 99.9%: /m,
  );
  const saved = async (ending: string) =>
    await Deno.readTextFile(scratch.at(`run/eval_data_2_fp32_cpu.${ending}`));
  const [text] = JSON.parse(await saved("json")).texts;
  assertEquals([text.skippedIterations, text.latencyMs.length], [4, 6]); // of 2 times 5
  assertEquals((await saved("csv")).trimEnd().split("\n").length, 1 + 6);
  const ms = (name: RegExp) => Number(name.exec(stdout)![1]);
  assertEquals(ms(/Latency Avg: (\S+)/).toFixed(2), text.latencyAvgMs.toFixed(2));
  const total = /^Time : (\S+)s, (\S+)ms\/segment/m.exec(stdout)!;
  assert(Math.abs(Number(total[2]) - 1000 * Number(total[1]) / 10) < 1, total[0]);

  const two = await run({ ...flags, gpus: 2, oversubscribe: true });
  assertEquals(lossOf(two), lossOf(stdout));
  assertEquals(JSON.parse(await saved("json")).ranks, 2);
  const plain = await run(base);
  assert(!plain.includes("Latency") && plain.includes(" of 834 tokens scored")); // 104 segments
  const other = await run({ ...flags, seed: 2, manual_vocab: "char", type: "torchscript" });
  assertMatch(lossOf(other), /random bpc /);
  assertMatch(other, /^--type torchscript: the same as webgpu/m);
  await Deno.stat(scratch.at("run/eval_data_2_fp32_torchscript.csv"));
  assert(lossOf(other).slice(0, 20) !== lossOf(stdout).slice(0, 20), "the seed changes nothing");
});

Deno.test("a repetition begins without memory, or with that of the last one as in the reference", async () => {
  await using scratch = new Scratch();
  const large = JSON.stringify({ ...JSON.parse(small), init_std: 0.5 }); // so that context matters
  const flags = {
    manual_config: large,
    ...{ work_dir: scratch.at("run"), batch_size: 1, tgt_len: 4, mem_len: 8, max_size: 4 },
  };
  const once = lossOf(await run(flags));
  assertEquals(lossOf(await run({ ...flags, repeat: 2 })), once);
  const head = await run({ ...flags, compat: "head", max_size: 5, repeat: 1 });
  assert(lossOf(await run({ ...flags, compat: "head", max_size: 5, repeat: 2 })) !== lossOf(head));
});

Deno.test("random weights score a given text with the symbols counted in it", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const base = { manual_config: small, work_dir: scratch.at("run"), data };
  const flags = { ...base, batch_size: 1, tgt_len: 8, mem_len: 8 };
  assertMatch(await run(flags), /^\| test loss +3\.\d+ \| test ppl /m); // about ln 40
  const { code, stderr } = await callProgram("eval", {
    ...flags,
    device: "cpu",
    manual_vocab: "bpe",
  });
  assertEquals(code, 2);
  assertMatch(stderr, /it has 50264 symbols and the model \d+; raise n_token in --manual_config/);
  const few = JSON.stringify({ n_token: 20, n_layer: 1, d_model: 8 });
  const refused = await callProgram("eval", { ...flags, device: "cpu", manual_config: few });
  assertMatch(
    refused.stderr,
    /it has 31 symbols and the model 20; raise n_token in --manual_config/,
  );
  const both = await callProgram("eval", { ...base, manual: "word1 word2" });
  assertMatch(both.stderr, /^error: Cannot score --manual with --manual_config: .*\n$/);
});
