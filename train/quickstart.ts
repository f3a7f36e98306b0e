/**
 * `deno task quickstart`: trains the `tiny` preset on the text of this repository, evaluates it and
 * scores a sentence. It prints every command before running it.
 *
 * @module
 */
import { evaluate } from "@transformer-xl/eval/cli";
import { runCli, runWithoutFlags } from "@transformer-xl/runtime";
import { train } from "./cli.ts";

const WORK_DIR = "LM-TFM-tiny";
const SENTENCE = "the memory of the network";

const DESCRIPTION =
  "Trains the preset tiny on the text of this repository, evaluates it and scores a sentence, with\n" +
  `the commands that it prints. The run is in ${WORK_DIR}.`;

if (import.meta.main) {
  const program = {
    task: "quickstart",
    description: DESCRIPTION,
    print: console.log,
    run: quickstart,
  };
  await runCli(() => runWithoutFlags(Deno.args, program));
}

async function quickstart(): Promise<number> {
  const steps = [
    {
      task: "train",
      run: train,
      flags: ["--preset", "tiny", "--work_dir", WORK_DIR, "--overwrite"],
    },
    {
      task: "eval",
      run: evaluate,
      flags: [
        "--work_dir",
        WORK_DIR,
        "--tgt_len",
        "64",
        "--mem_len",
        "64",
        "--batch_size",
        "8",
        "--max_size",
        "40",
      ],
    },
    { task: "eval", run: evaluate, flags: ["--work_dir", WORK_DIR, "--manual", SENTENCE] },
  ];
  for (const { task, run, flags } of steps) {
    const words = flags.map((word) => word.includes(" ") ? `"${word}"` : word);
    console.log(`\n$ deno task ${task} ${words.join(" ")}`);
    const code = await run(flags);
    if (code !== 0) return code;
  }
  return 0;
}
