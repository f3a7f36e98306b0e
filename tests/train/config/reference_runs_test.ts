/**
 * The reference's command lines at reduced sizes: two steps of each on the adapter, then an
 * evaluation of what they wrote.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { evaluate } from "@transformer-xl/eval/cli";
import { train } from "@transformer-xl/train/cli";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";
import { Scratch, wordText } from "../../support/small_run.ts";
import { writeSentences } from "../../support/text/sentences.ts";
import { EVAL_COMMANDS, TRAIN_COMMANDS } from "./reference/commands.ts";

/** A folder with the files of WikiText under the names that the reference gives them. */
async function textFolder(scratch: Scratch): Promise<string> {
  await scratch.text("train.txt", wordText(60));
  await scratch.text("valid.txt", wordText(20, 2));
  await scratch.text("test.txt", wordText(20, 3));
  return scratch.path;
}

/** Flags for a command of hours to take a second; the last of repeated flags wins. */
const SMALL = "--n_layer 1 --n_head 2 --d_head 4 --d_inner 8 --batch_size 4 --batch_chunk 2 " +
  "--tgt_len 8 --mem_len 8 --eval_tgt_len 4 --eval_batch_size 2 --max_step 2 --log_interval 1";

/** Clusters of vocabularies of 31 and of 15 words; the narrowest embedding of four has one column. */
const CLUSTERS = "--d_model 64 --cutoffs 4 8 16";
const FEW_CLUSTERS = "--d_model 64 --cutoffs 4 8 12";

const SMALL_EVAL = "--tgt_len 8 --mem_len 16 --batch_size 2 --max_size 6";

/** Whether a command reads the files of the benchmark of sentences. */
const isOfSentences = (command: string) => command.includes("--dataset lm1b");

/** A folder with the files that a command reads. */
async function dataOf(command: string, scratch: Scratch): Promise<string> {
  if (!isOfSentences(command)) return await textFolder(scratch);
  const folder = scratch.at("sentences");
  await writeSentences(folder);
  return folder;
}

/** Full precision on an adapter that lacks half precision. */
async function precision(): Promise<string[]> {
  const { features } = (await openTestGpu()).info;
  return features.includes("shader-f16") ? [] : ["--no_fp16"];
}

/** Targets of a long run are missed, which is exit code 1. */
const codeOf = (command: string) => command.includes("--target_") ? 1 : 0;

for (const [name, command] of Object.entries(TRAIN_COMMANDS)) {
  gpuTest(`the reference's command trains: ${name}`, async () => {
    await using scratch = new Scratch();
    const isAdaptive = /--adaptive|--config_file/.test(command);
    const clusters = isOfSentences(command) ? FEW_CLUSTERS : CLUSTERS;
    const sizes = `${SMALL} ${isAdaptive ? clusters : "--d_model 16"}`;
    const place = ["--data", await dataOf(command, scratch), "--work_dir", scratch.at("run")];
    const words = [...command.split(" "), ...sizes.split(" "), ...await precision()];
    const code = await train([...words, ...place]);
    assertEquals(code, codeOf(command));
    const files = [...Deno.readDirSync(scratch.at("run"))].map(({ name }) => name);
    assertEquals(files.includes("checkpoint_last.safetensors"), true, files.join());
  });
}

gpuTest("the reference's commands evaluate", async (t) => {
  await using scratch = new Scratch();
  const places = new Map<boolean, string[]>();
  for (const [name, settings] of [["text", "--unknown <unk>"], ["sentences", "--dataset lm1b"]]) {
    const place = ["--data", await dataOf(settings!, scratch), "--work_dir", scratch.at(name!)];
    const words = `${SMALL} --d_model 16 ${settings}`.split(" ");
    assertEquals(await train([...words, ...place]), 0);
    places.set(isOfSentences(settings!), place);
  }
  for (const [name, command] of Object.entries(EVAL_COMMANDS)) {
    await t.step(name, async () => {
      const words = [...command.split(" "), ...SMALL_EVAL.split(" "), ...await precision()];
      const place = places.get(isOfSentences(command))!;
      assertEquals(await evaluate([...words, ...place]), codeOf(command));
    });
  }
});
