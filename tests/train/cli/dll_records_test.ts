/**
 * Records of training for DLLogger: names, values, the reference's errors, and the file.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { DllLog } from "@transformer-xl/runtime";
import { DllRecords, type DllRecordStyle } from "@transformer-xl/train";
import { dllContents, dllLines } from "../../support/dll_lines.ts";
import { callProgram } from "../../support/processes/called_program.ts";
import type { Flags } from "../../support/program.ts";
import { recordsOf, Scratch, SMALL, wordText } from "../../support/small_run.ts";

const event = {
  epoch: 2,
  step: 20,
  batch: 4,
  batchCount: 10,
  lr: 0.01,
  msPerBatch: 12.5,
  dataWaitMs: 0.01,
  tokensPerSecond: 4096,
};

/** What a short run with and without measurements writes. */
async function written(style: DllRecordStyle) {
  await using scratch = new Scratch();
  using log = new DllLog(scratch.at("log.json"));
  const records = new DllRecords(log, style);
  records.begin({ max_step: 20 });
  records.step(event, 1);
  records.validation({
    step: 20,
    result: { lossNats: 2, elapsedMs: 1500, tokens: 8, segments: [] },
  });
  records.summary({
    elapsedMs: 90_000,
    tokensPerSecond: 4000,
    trainLossNats: 1,
    validLossNats: 2,
    test: { lossNats: 3, elapsedMs: 2500 },
  });
  return dllContents(await dllLines(scratch.at("log.json")));
}

const UNITS = {
  train_throughput: "tokens/s",
  train_elapsed: "min",
  valid_elapsed: "s",
  train_loss: null,
  valid_loss: null,
};

Deno.test("words: steps, validations and the summary have losses and perplexities", async () => {
  const { units, records } = await written({ characters: false, repeatsErrors: false });
  assertEquals(units, { ...UNITS, train_perplexity: null, valid_perplexity: null });
  assertEquals(records, [
    ["PARAMETER", { max_step: 20 }],
    [[20], {
      epoch: 2,
      train_batch: 4,
      lr: 0.01,
      "train_time/batch": 12.5,
      train_throughput: 4096,
      train_loss: 1,
      train_perplexity: Math.exp(1),
    }],
    [[20], { valid_elapsed: 1.5, valid_loss: 2, valid_perplexity: Math.exp(2) }],
    [[], {
      test_elapsed: 2.5,
      test_loss: 3,
      test_perplexity: Math.exp(3),
      train_throughput: 4000,
      train_elapsed: 1.5,
      train_loss: 1,
      valid_loss: 2,
      valid_perplexity: Math.exp(2),
    }],
  ]);
});

Deno.test("characters: bits per character take the place of every perplexity", async () => {
  const { units, records } = await written({ characters: true, repeatsErrors: false });
  assertEquals(units, { ...UNITS, train_bits_per_character: null, valid_bits_per_character: null });
  const names = records.flatMap(([, data]) => Object.keys(data));
  assertEquals(names.filter((name) => name.includes("perplexity")), []);
  const [, , valid, end] = records.map(([, data]) => data as Record<string, number>);
  assertEquals(valid!.valid_bits_per_character, 2 / Math.LN2);
  assertEquals(end!.test_bits_per_character, 3 / Math.LN2);
  assertEquals(end!.valid_bits_per_character, 2 / Math.LN2);
});

Deno.test("the errors of the reference are repeated on request: batch, unit, perplexity of characters", async () => {
  const { units, records } = await written({ characters: true, repeatsErrors: true });
  assertEquals(units, {
    ...UNITS,
    valid_elapsed: "min",
    train_perplexity: null,
    valid_perplexity: null,
  });
  const [, step, valid, end] = records.map(([, data]) => data as Record<string, number>);
  assertEquals([step!.train_batch, valid!.valid_elapsed], [5, 1.5]);
  assertEquals(step!.train_bits_per_character, 1 / Math.LN2);
  assertEquals(end!.valid_perplexity, Math.exp(2));
  assertEquals(end!.valid_bits_per_character, undefined);
});

Deno.test("what a run did not measure is null, or an infinite loss as in the reference", async () => {
  await using scratch = new Scratch();
  for (
    const [repeatsErrors, want] of [
      [
        false,
        '{"train_throughput":null,"train_elapsed":0,"train_loss":null,"valid_loss":null,"valid_perplexity":null}',
      ],
      [
        true,
        '{"train_throughput":0,"train_elapsed":0,"train_loss":Infinity,"valid_loss":null,"valid_perplexity":null}',
      ],
    ] as const
  ) {
    const path = scratch.at(`${repeatsErrors}.json`);
    using log = new DllLog(path, { pythonNumbers: repeatsErrors });
    new DllRecords(log, { characters: false, repeatsErrors }).summary({
      elapsedMs: 0,
      tokensPerSecond: undefined,
      trainLossNats: undefined,
      validLossNats: undefined,
      test: undefined,
    });
    const line = await Deno.readTextFile(path);
    assertEquals(line.slice(line.indexOf('"data":') + 7), `${want}}\n`);
  }
});

const short = {
  ...SMALL,
  batch_chunk: 1,
  device: "cpu",
  max_step: 10,
  eval_interval: 5,
  log_interval: 5,
} as const;

async function run(flags: Flags): Promise<string> {
  const { code, stderr } = await callProgram("train", flags);
  assertEquals(code, 0, stderr);
  return stderr;
}

Deno.test("a run of two ranks writes one file with the numbers of its log; a resumed one appends", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  await run({ ...short, data, work_dir, gpus: 2, log_all_ranks: true });
  const lines = await dllLines(`${work_dir}/train_log.json`);
  const { records } = dllContents(lines);
  assertEquals(records.map(([step]) => step), ["PARAMETER", [5], [5], [10], [10], []]);
  const [parameters, ...numbers] = records.map(([, data]) => data as Record<string, number>);
  assertEquals([parameters!.tgt_len, parameters!.work_dir as unknown], [8, work_dir]);
  const logged = (await recordsOf(work_dir)).filter(([key]) => /^(log|eval|test)/.test(key))
    .map(([, text]) => JSON.parse(text) as { kind: string; lossNats: number; lr?: number });
  assertEquals(
    numbers.map(({ train_loss, valid_loss, test_loss }) => test_loss ?? valid_loss ?? train_loss),
    logged.map(({ lossNats }) => lossNats),
  );
  assertEquals(numbers[0]!.lr, logged[0]!.lr);
  assertEquals(numbers.at(-1)!.train_loss, numbers[2]!.train_loss);

  await run({ work_dir, restart: true, gpus: 2, max_step: 15, device: "cpu" });
  const all = await dllLines(`${work_dir}/train_log.json`);
  assertEquals(all.slice(0, lines.length), lines);
  assertEquals(dllContents(all).records.slice(6).map(([step]) => step), [
    "PARAMETER",
    [15],
    [15],
    [],
  ]);
});

Deno.test("--dllog_file names the file; with --compat head a resumed run replaces it", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  const path = scratch.at("records.json");
  await run({ ...short, data, work_dir, compat: "head", dllog_file: path, no_test: true });
  const batches = dllContents(await dllLines(path)).records
    .map(([, data]) => data.train_batch).filter(Boolean);
  assertEquals(batches, [6, 11]); // one too many, as in the reference
  await run({ work_dir, restart: true, max_step: 15, device: "cpu" });
  assertEquals(dllContents(await dllLines(path)).records.map(([step]) => step), [
    "PARAMETER",
    [15],
    [15],
    [],
  ]);
  const files = [...Deno.readDirSync(work_dir)].map(({ name }) => name);
  assert(!files.includes("train_log.json"));
});

Deno.test({
  name: "records on a full disk are lost with one warning, and the run continues",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(60));
    const flags = { ...short, data, work_dir: scratch.at("run"), dllog_file: "/dev/full" };
    assertMatch(
      await run(flags),
      /^warning: Cannot write to "\/dev\/full": no space left on device; [^\n]+\n$/,
    );
  },
});
