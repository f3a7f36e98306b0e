/**
 * The text of whole runs: its record in checkpoints, its evaluation, sentences, and changed texts.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { manualText } from "@transformer-xl/eval";
import { openCheckpoint, splitWords, WordVocabulary } from "@transformer-xl/model";
import {
  CheckpointError,
  ConfigError,
  DataError,
  userFolder,
  withUserPaths,
} from "@transformer-xl/runtime";
import { trainingRecord } from "@transformer-xl/train";
import { train } from "@transformer-xl/train/cli";
import { words } from "../../support/program.ts";
import { Scratch, wordText } from "../../support/small_run.ts";
import { evaluated, RUN, trained } from "./text_runs.ts";

const continued = (workDir: string, ...flags: readonly string[]) =>
  train(["--restart", "--work_dir", workDir, "--device", "cpu", ...flags]);

Deno.test("a run continues on the text it was trained on, and on another one only on request", async () => {
  await using scratch = new Scratch();
  const text = wordText(110);
  const lines = text.trimEnd().split("\n");
  const data = await scratch.text("text.txt", text);
  const workDir = await trained(scratch, data);
  {
    using checkpoint = await openCheckpoint(`${workDir}/checkpoint_last.safetensors`);
    const { text: identity } = trainingRecord(checkpoint);
    assertEquals(identity?.train.map(({ path, bytes }) => [path, bytes]), [[data, text.length]]);
  }
  const before = await Deno.readFile(`${workDir}/checkpoint_last.safetensors`);
  for (
    const [other, says] of [
      [[...lines].reverse().join("\n") + "\n", /has the same \d+ bytes in number, but others/],
      [lines.slice(0, 60).join("\n") + "\n", /text\.txt" has \d+ bytes, and had \d+/],
    ] as const
  ) {
    await Deno.writeTextFile(data, other);
    const { message } = await assertRejects(
      () => continued(workDir, "--max_step", "4"),
      CheckpointError,
      "its training text has changed",
    );
    assertMatch(message, says);
    assertMatch(message, /--accept_new_text or --data PATH$/);
  }
  assertEquals(await Deno.readFile(`${workDir}/checkpoint_last.safetensors`), before);

  assertEquals(await continued(workDir, "--max_step", "4", "--accept_new_text"), 0);
  const log = await Deno.readTextFile(`${workDir}/train_log.log`);
  assertStringIncludes(log, "The training text is not the one of the checkpoint");
  // Accepted once: the new text is now the one of the checkpoint.
  assertEquals(await continued(workDir, "--max_step", "6"), 0);
  const moved = await scratch.text("moved.txt", wordText(60));
  assertEquals(await continued(workDir, "--max_step", "8", "--data", moved), 0);
});

Deno.test("a shorter text that is accepted begins its next epoch", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(400));
  const workDir = await trained(scratch, data, { max_step: 60, eval_interval: 60, roll: true });
  await Deno.writeTextFile(data, wordText(60));
  assertEquals(await continued(workDir, "--max_step", "62", "--accept_new_text"), 0);
  using checkpoint = await openCheckpoint(`${workDir}/checkpoint_last.safetensors`);
  assertEquals(trainingRecord(checkpoint).progress.epoch, 2);
});

Deno.test("evaluation prints the path of the training text, and scores its held-out splits", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(110));
  const workDir = await trained(scratch, data);
  const log = await evaluated(workDir);
  assertStringIncludes(log, `text of evaluation : "${data}" (from the checkpoint "${workDir}/`);
  assertMatch(
    log,
    /text : 1 file, cut into splits, 990 tokens, 31 symbols of kind word, 0 unknown/,
  );
  assertMatch(log, /valid loss .*test loss/s);
  await Deno.remove(data);
  await assertRejects(() => evaluated(workDir), DataError, `"${data}" does not exist`);
});

Deno.test("a file given to evaluation is scored whole, however short", async () => {
  await using scratch = new Scratch();
  const workDir = await trained(scratch, await scratch.text("text.txt", wordText(110)));
  const lengths = ["--tgt_len", "16", "--mem_len", "16", "--batch_size", "1"];
  const score = async (lines: number, ...flags: string[]) => {
    const path = await scratch.text(`${lines}.txt`, wordText(lines, 7));
    return await evaluated(workDir, "--data", path, ...lengths, ...flags);
  };
  const whole = await score(50);
  assertMatch(whole, /text : 1 file, 450 tokens/);
  assertMatch(whole, /test: 449 of 450 tokens scored/);
  assert(!whole.includes("valid loss"), whole);
  assertMatch(await score(1), /test: 8 of 9 tokens scored/);
  assertMatch(
    await score(50, "--split", "file"),
    /\| file loss .* file ppl .*file: 449 of 450 tokens scored/s,
  );
  assertMatch(await score(50, "--split", "train"), /train: 4\d\d of 4\d\d tokens scored/);
});

Deno.test("evaluation needs the splits it scores and no others", async () => {
  await using scratch = new Scratch();
  const workDir = await trained(scratch, await scratch.text("text.txt", wordText(110)));
  const folder = scratch.at("splits");
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/wiki.valid.tokens`, wordText(20));
  assertMatch(await evaluated(workDir, "--data", folder), /valid: 179 of 180 tokens scored/);
  await assertRejects(
    () => evaluated(workDir, "--data", folder, "--split", "test"),
    DataError,
    'has the split "valid"',
  );
  await Deno.writeTextFile(`${folder}/wiki.test.tokens`, wordText(20));
  assertMatch(await evaluated(workDir, "--data", folder), /valid: 179.*test: 179 of 180/s);
});

Deno.test("training needs the splits it trains on and evaluates, and no others", async () => {
  await using scratch = new Scratch();
  const folder = scratch.at("splits");
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/train.txt`, wordText(60));
  await Deno.writeTextFile(`${folder}/test.txt`, wordText(20, 2));
  await assertRejects(() => trained(scratch, folder), DataError, "or train with --no_eval");
  const workDir = await trained(scratch, folder, { no_eval: true });
  assertMatch(await Deno.readTextFile(`${workDir}/train_log.log`), /train : 540 tokens/);
  await Deno.rename(`${folder}/test.txt`, `${folder}/valid.txt`);
  await assertRejects(() => trained(scratch, folder), DataError, "or train with --no_test");
  assertMatch(
    await Deno.readTextFile(`${await trained(scratch, folder, { no_test: true })}/train_log.log`),
    /\| Eval +1 at step +2 /,
  );
});

Deno.test("unknown words become <unk> where the vocabulary has one, counted and printed", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", `${wordText(110)}Rare word1 WORD1\n`);
  const other = await scratch.text("other.txt", "word1 zebra word2 Word3\n".repeat(10));
  const strict = await trained(scratch, data);
  const error = await assertRejects(() => evaluated(strict, "--data", other), DataError);
  assertMatch(
    error.message,
    /line 1, word 2 is not among the \d+ symbols .*\(20 of 50 words are not\)/,
  );
  assert(!error.message.includes("zebra"), error.message);

  const mild = await trained(scratch, data, { min_freq: 2, lower_case: true });
  {
    using checkpoint = await openCheckpoint(`${mild}/checkpoint_last.safetensors`);
    const { vocabulary } = checkpoint;
    assertEquals([vocabulary.has("<unk>"), vocabulary.has("rare")], [true, false]);
  }
  assertMatch(await evaluated(mild, "--data", other), /50 tokens.*10 unknown words \(20\.00 %\)/);
  const said = await evaluated(mild, "--manual", "Zounds! word1");
  assertMatch(said, /text : --manual, 3 tokens, 1 unknown words/);
  const few = await trained(scratch, data, { max_vocab: 5, unknown: "[UNK]" });
  {
    using checkpoint = await openCheckpoint(`${few}/checkpoint_last.safetensors`);
    assertEquals(checkpoint.vocabulary.size, 7); // the end of a line, five words, and the unknown one
  }
  await assertRejects(
    () => trained(scratch, data, { vocab: "char", max_vocab: 5 }),
    ConfigError,
    "Cannot use --max_vocab 5 with a vocabulary of characters",
  );
});

Deno.test("a sentence is split as the text of training was: a line of it always scores", () => {
  const lines = [
    "to be or not to be, that is the question",
    "she said: go home!",
    "क्या तुम कल बाज़ार गए थे?",
    "今天 的 天气 很好， 我们 去 公园 吧！",
    "שלום עולם, מה שלומך?",
    "Bar_None Position_1/16 Note-On_60 Note-Duration_4",
    "▁hyvä ä ▁päivä ▁maa ilma",
    "if(x<10&&y>3){ return a[i]; }",
  ];
  for (const line of lines) {
    const vocabulary = WordVocabulary.fromText(line);
    for (const dataset of ["auto", "text", undefined]) {
      const { ids, unknown } = manualText(line.split(" "), vocabulary, dataset);
      assertEquals([[...ids], unknown], [[...vocabulary.encode(line)], 0]);
    }
  }
  const wiki = "The game 's <unk> was sold for 3 @.@ 5 @,@ 000 yen , a well @-@ known price .";
  const vocabulary = WordVocabulary.fromText(`${wiki} It`);
  assertEquals(manualText([wiki], vocabulary, "wt2").ids, vocabulary.encode(wiki));
  const typed = manualText(["It's a well-known game."], vocabulary, "wt2");
  const split = "It 's a well @-@ known game .";
  assertEquals([[...typed.ids], typed.unknown], [[...vocabulary.encode(split)], 0]);
  // Own words with a symbol for others: white space, and the mark glued to the word is unknown.
  const own = WordVocabulary.fromText("a b c", { unknown: "<unk>" });
  assertEquals(manualText(["a b, c"], own, "text").unknown, 1);
  assertThrows(() => manualText(["a x"], WordVocabulary.fromText("a"), "text"), DataError, `"x"`);
  assertEquals(splitWords(" a  b "), ["a", "b"]);
});

Deno.test("--preset tiny trains on --data, and on the program's own text without it", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(400));
  const workDir = scratch.at("run");
  const flags = { preset: "tiny", data, work_dir: workDir, device: "cpu", n_layer: 1, d_model: 16 };
  const short = { d_inner: 16, max_step: 1, warmup_step: 0, no_eval: true, no_test: true } as const;
  assertEquals(await train(words({ ...flags, ...short })), 0);
  const log = await Deno.readTextFile(`${workDir}/train_log.log`);
  assertMatch(log, /text : 1 file, cut into splits, \d+ tokens, \d+ symbols of kind char/);
  const record = (await Deno.readTextFile(`${workDir}/train_log.jsonl`)).split("\n")
    .find((line) => line.includes('"kind":"text"'));
  assertEquals(JSON.parse(record!).files.train[0].path, data);
});

Deno.test("paths mean the folder the user stands in, and are kept absolute", async () => {
  const root = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");
  const { cwd } = Deno;
  // The working folder itself is shared with tests in other threads.
  const standIn = (folder: string) => Deno.cwd = () => folder;
  const env = { get: (name: string) => name === "INIT_CWD" ? "/home/me" : undefined };
  await using scratch = new Scratch();
  await Deno.mkdir(scratch.at("other"));
  await scratch.text("text.txt", wordText(110));
  try {
    standIn(root);
    assertEquals(userFolder(env), "/home/me"); // a task of the project
    assertEquals(userFolder({ get: () => undefined }), Deno.cwd());
    standIn(scratch.path);
    assertEquals(userFolder(env), Deno.cwd()); // started by hand, elsewhere
    const settings = { data: "text.txt", model: "/m", restart: true };
    assertEquals(
      withUserPaths(settings, ["data", "model", "restart"]),
      { data: `${Deno.cwd()}/text.txt`, model: "/m", restart: true },
    );
    assertThrows(
      () => withUserPaths({ workDir: "" }, ["workDir"]),
      ConfigError,
      'Cannot use --work_dir ""',
    );
    assertEquals(await train(words({ ...RUN, data: "text.txt", work_dir: "run" })), 0);
    // From another folder, in which another file of that name lies, it is still the first one.
    standIn(scratch.at("other"));
    await Deno.writeTextFile(scratch.at("other/text.txt"), "word1 word2\n".repeat(99));
    const log = await evaluated(scratch.at("run"));
    assertStringIncludes(log, `"${scratch.path}/text.txt" (from the checkpoint`);
    assertEquals(await continued(scratch.at("run"), "--max_step", "4"), 0);
    assertStringIncludes(
      await evaluated("../run", "--data", "text.txt"),
      `"${scratch.path}/other/text.txt" (--data)`,
    );
    await assertRejects(
      () => train(words({ ...RUN, data: "none.txt", work_dir: "new" })),
      DataError,
      `"${scratch.path}/other/none.txt" does not exist`,
    );
  } finally {
    Deno.cwd = cwd;
  }
});
