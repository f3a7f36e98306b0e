/**
 * Every kind of vocabulary through whole runs: training, checkpoint, evaluation, a typed sentence.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openCheckpoint } from "@transformer-xl/model";
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
