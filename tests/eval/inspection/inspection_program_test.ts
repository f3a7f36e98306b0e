/**
 * `deno task inspect`.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { inspect } from "@transformer-xl/eval/inspect";
import { CharacterVocabulary } from "@transformer-xl/model";
import { isUserError } from "@transformer-xl/runtime";
import { shownText } from "../../support/pages/drawn_page.ts";
import { saveRandomModel } from "../../support/evaluation/scored_model.ts";
import { runProgram } from "../../support/program.ts";
import { Scratch } from "../../support/small_run.ts";

const TEXT = "abcabcaabbcc ".repeat(6);

Deno.test("deno task inspect writes a page about typed text, a file and splits", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(
    scratch.at("model.safetensors"),
    CharacterVocabulary.fromText(`${TEXT}\n`),
  );
  const data = await scratch.text("text.txt", `${TEXT}\n`.repeat(20));
  const printed: string[] = [];
  const run = async (...argv: string[]) => {
    printed.length = 0;
    const print = (line: string) => void printed.push(line);
    assertEquals(await inspect(["--model", model, "--device", "cpu", ...argv], print), 0);
  };
  await run("--manual", "abc", "<i>", "cab", "--manual", "abcabcabca");
  const page = scratch.at("inspection.html");
  assertEquals(printed.at(-1), `written: "${page}"`);
  assertStringIncludes(
    printed.join("\n"),
    "10 tokens in segments of 2, memory of 0, 1, 2, 3, 4 rows",
  );
  const first = await Deno.readTextFile(page);
  assertStringIncludes(shownText(first), "typed text · 10 tokens");

  const to = scratch.at("valid.html");
  const small = ["--tgt_len", "4", "--mem_len", "8", "--mem_step", "4"];
  await run("--data", data, "--split", "valid", "--max_tokens", "30", ...small, "--to", to);
  assertEquals(printed.filter((line) => line.startsWith("| memory")).length, 3);
  assertStringIncludes(shownText(await Deno.readTextFile(to)), "valid split · 30 tokens");
  await run("--data", data, "--max_tokens", "30", ...small, "--to", to);
  assertStringIncludes(shownText(await Deno.readTextFile(to)), "whole text · 30 tokens");
  await run("--manual_file", data, "--max_tokens", "30", ...small, "--verbose");
  assertMatch(
    printed.join("\n"),
    /\nenvironment\n.*\nallocated device memory = .*\nstart-up = \d+ ms\n/s,
  );
  assertMatch(printed.join("\n"), /effective context length.*: all tokens (≥ )?\d; RECL, r = 1/);
  assertEquals([...Deno.readDirSync(scratch.path)].length, 4); // model, text, two pages
});

Deno.test("deno task inspect refuses wrong inputs in one sentence and replaces no other file", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(
    scratch.at("model.safetensors"),
    CharacterVocabulary.fromText("ab\n"),
  );
  const letter = await scratch.text("letter.html", "my own page");
  const refused = async (argv: readonly string[], message: string) => {
    const error = await assertRejects(
      () => inspect(["--device", "cpu", "--model", model, ...argv], () => {}),
      Error,
      message,
    );
    assertEquals([isUserError(error), error.message.includes("\n")], [true, false]);
  };
  await refused(["--manual", "ab", "--manual_file", letter], "at once; leave one of them out");
  await refused(["--manual", "a"], "give more text");
  await refused(["--manual", "abab", "--threshold", "1"], "--threshold");
  await refused(["--manual", "abab", "--mem_len", "9"], "give more text, or lower --mem_len");
  const long = "ab".repeat(150);
  await refused(["--manual", long, "--mem_len", "120", "--mem_step", "1"], "raise --mem_step");
  await refused(["--manual", "abab", "--to", letter], "no inspection; give another name with --to");
  await refused(["--manual", "abab", "--to", scratch.at("no/page.html")], "there is no folder");
  await refused(["--manual_file", scratch.at("none.txt")], "Cannot read");
  await refused(["--max_tokens", "1"], "--max_tokens");
  await refused(["--quiet", "--verbose"], "leave one of them out");
  await refused(["--manual", "abab", "--model", scratch.at("none")], "none");
  assertEquals(await Deno.readTextFile(letter), "my own page");
  assertEquals([...Deno.readDirSync(scratch.path)].length, 2);
});

Deno.test("deno task inspect reads standard input, and ends with 2 after a wrong flag", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(
    scratch.at("model.safetensors"),
    CharacterVocabulary.fromText("ab\n"),
  );
  const flags = { device: "cpu", model } as const;
  const typed = await runProgram("eval/inspection", { ...flags, manual: "-" }, {}, "abba\n");
  assertEquals([typed.code, typed.stderr], [0, ""]);
  assertStringIncludes(typed.stdout, "4 tokens in segments of 1");
  const wrong = await runProgram("eval/inspection", { ...flags, tgt_len: 0 });
  assertEquals([wrong.code, wrong.stderr.trim().split("\n").length], [2, 1]);
});
