/**
 * The progress line while a text is read.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openText } from "@transformer-xl/model";
import { ProgressLine } from "@transformer-xl/runtime";
import { writeSentences } from "../../../support/text/sentences.ts";
import { Scratch, wordText } from "../../../support/small_run.ts";

/** Opens a text on a terminal; returns the lines that were drawn over each other. */
async function shownWhileOpening(dataset: "text" | "lm1b", data: string): Promise<string[]> {
  let screen = "";
  let now = 0;
  const terminal = {
    isTerminal: () => true,
    columns: () => 120,
    write: (text: string) => void (screen += text),
  };
  const progress = new ProgressLine(terminal, () => now += 1000);
  const settings = { dataset, data, vocab: "auto", cutoffs: null } as const;
  using _corpus = await openText(settings, undefined, undefined, { progress });
  const lines = screen.split("\r").map((line) => line.replace("\x1b[K", ""));
  assertEquals(lines.at(-1), "", "the line is removed");
  return lines.filter((line) => line !== "");
}

Deno.test("a file shows how much of it was read, up to all of it", async () => {
  await using scratch = new Scratch();
  const path = await scratch.text("long.txt", wordText(300));
  const lines = await shownWhileOpening("text", path);
  assert(lines.length > 0);
  for (const line of lines) {
    assertMatch(line, /^reading long\.txt \| [\d.]+ \w+ \/ [\d.]+ \w+ \| [\d.]+ \w+\/s$/);
  }
  const [, read, whole] = lines.at(-1)!.split(/ \| | \/ /);
  assertEquals(read, whole);
});

Deno.test("every training file of sentences is named while its words are counted", async () => {
  await using scratch = new Scratch();
  await writeSentences(scratch.at("lm1b"));
  await Deno.remove(scratch.at("lm1b/1b_word_vocab.txt"));
  const lines = await shownWhileOpening("lm1b", scratch.at("lm1b"));
  const names = new Set(lines.map((line) => /^reading (\S+)/.exec(line)![1]));
  const training = [...names].filter((name) => name!.startsWith("news.en-"));
  assert(training.length > 1, lines.join("\n"));
  assert(lines.some((line) => / \(file 2\) /.test(line)));
});
