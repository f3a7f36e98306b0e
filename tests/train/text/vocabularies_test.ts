/**
 * Every kind of vocabulary through whole runs: training, checkpoint, evaluation, a typed sentence.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { openCheckpoint } from "@transformer-xl/model";
import { CheckpointError, ConfigError, DataError } from "@transformer-xl/runtime";
import { train } from "@transformer-xl/train/cli";
import { BYTE_LEVEL } from "../../model/text/vocabulary/tokenizer_file.ts";
import { Scratch, wordText } from "../../support/small_run.ts";
import { evaluated, trained } from "./text_runs.ts";

const SCORED = ["--tgt_len", "4", "--mem_len", "8", "--batch_size", "2", "--max_size", "4"];

/** Flags of training, the size of the vocabulary, and the unit of its losses. */
const KINDS = {
  "all bytes": [{ vocab: "byte" }, 256, "bpc"],
  "bytes of enwik8": [{ dataset: "enwik8" }, 15, "bpc"],
  "letters of text8": [{ dataset: "text8" }, 16, "bpc"],
  "byte pairs": [{ vocab: "bpe" }, 50_264, "ppl"],
  "byte pairs in the reference's clusters": [
    { vocab: "bpe", adaptive: true, compat: "head" },
    50_264,
    "ppl",
  ],
} as const;

Deno.test("a run with a tokenizer goes on and is evaluated without its file", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("raw", wordText(60));
  const tokenizer = await scratch.text("tokenizer.json", JSON.stringify(BYTE_LEVEL));
  const workDir = await trained(scratch, data, { tokenizer });
  await Deno.remove(tokenizer);
  const device = ["--device", "cpu", "--work_dir", workDir];
  assertEquals(await train(["--restart", "--max_step", "3", ...device]), 0);
  assertMatch(await evaluated(workDir, ...SCORED), /\| test loss +[\d.]+ \| test ppl /);
  const typed = await evaluated(workDir, "--manual", "word12 word3", ...SCORED.slice(0, 4));
  assertStringIncludes(typed, "text : --manual, 4 tokens, 0 unknown words");
  const other = ["--restart", "--max_step", "4", "--tokenizer", scratch.at("other.json")];
  await assertRejects(
    () => train([...other, ...device]),
    CheckpointError,
    "leave this flag out to take the checkpoint's",
  );
});

Deno.test("a tokenizer is refused with another vocabulary, settings of words, or no such file", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("raw", wordText(60));
  const tokenizer = await scratch.text("tokenizer.json", JSON.stringify(BYTE_LEVEL));
  await assertRejects(
    () => trained(scratch, data, { tokenizer, vocab: "char" }),
    ConfigError,
    "Cannot use --tokenizer with --vocab char",
  );
  await assertRejects(
    () => trained(scratch, data, { tokenizer, min_freq: 2 }),
    ConfigError,
    "with a vocabulary of a tokenizer",
  );
  const none = scratch.at("none.json");
  await assertRejects(() => trained(scratch, data, { tokenizer: none }), DataError, "none.json");
  await assertRejects(
    () => trained(scratch, data, { tokenizer: data }),
    DataError,
    `Cannot read tokenizer "${data}": it is no tokenizer.json`,
  );
});

for (const [name, [flags, size, unit]] of Object.entries(KINDS)) {
  Deno.test(`a run with ${name} is evaluated on its text and on a sentence`, async () => {
    await using scratch = new Scratch();
    const data = await scratch.text("raw", wordText(60));
    const workDir = await trained(scratch, data, flags);
    {
      using checkpoint = await openCheckpoint(`${workDir}/checkpoint_last.safetensors`);
      assertEquals(checkpoint.vocabulary.size, size);
    }
    const log = await Deno.readTextFile(`${workDir}/train_log.log`);
    assertMatch(log, new RegExp(`\\| valid loss +[\\d.]+ \\| (?:valid )?${unit} `));
    assertMatch(
      await evaluated(workDir, ...SCORED),
      new RegExp(`\\| test loss +[\\d.]+ \\| test ${unit} `),
    );
    const typed = await evaluated(workDir, "--manual", "word12 word3", ...SCORED.slice(0, 4));
    const tokens = unit === "bpc" ? 12 : 4;
    assertStringIncludes(typed, `text : --manual, ${tokens} tokens, 0 unknown words`);
  });
}
