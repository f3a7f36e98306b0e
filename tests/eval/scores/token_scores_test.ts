/**
 * Scores of every token: ranks, order, lines, JSON and the page.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import {
  Evaluator,
  levelOf,
  openScorer,
  pageOf,
  RankScorer,
  SURPRISE_LEVELS,
  TEXT_COLOUR,
  type TokenScore,
  TokenTable,
  visibleHtml,
} from "@transformer-xl/eval";
import { escapeHtml } from "@transformer-xl/eval/page";
import {
  Batches,
  BytePairVocabulary,
  ByteVocabulary,
  CharacterVocabulary,
  createModel,
  Decoder,
  WordVocabulary,
} from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { evaluateText, refusalOf, saveRandomModel } from "../../support/evaluation/scored_model.ts";
import { Scratch, seededRandom, wordText } from "../../support/small_run.ts";

for (const cutoffs of [[], [5, 12]]) {
  Deno.test(`ranks and losses of tokens equal those of a sorted list, ${cutoffs.length} tails`, async () => {
    using device = new ReferenceDevice({ precision: "f32" });
    const V = 23;
    using model = await createModel(device, {
      ...{ vocabSize: V, nLayer: 1, nHead: 2, dModel: 16, dHead: 8 },
      ...(cutoffs.length > 0 && { cutoffs, divVal: 2, adaptive: true }),
    });
    const random = seededRandom(5);
    const ids = Uint32Array.from({ length: 41 }, () => Math.floor(random() * V));
    const lengths = { batchSize: 2, tgtLen: 4, memLen: 8 };
    const batches = new Batches(ids, { ...lengths, warmupLen: 8 });
    const table = new TokenTable("text", ids, undefined);
    const scorer = await RankScorer.open(model, lengths, { mostBytes: 3 * 4 * V }); // 3 rows
    using evaluator = new Evaluator(scorer);
    const { lossNats } = await evaluator.evaluate(batches, {
      readEvery: 1,
      onSegment: (_, index) => table.addSegment(batches, index, scorer.scores),
    });
    using plain = new Evaluator(await openScorer("webgpu", model, lengths));
    assertAlmostEquals(lossNats, (await plain.evaluate(batches)).lossNats, 1e-6);
    const scored = [...table].filter(({ bits }) => bits !== null);
    assertEquals(scored.map(({ position }) => position), [
      ...Array.from({ length: 19 }, (_, i) => 1 + i),
      ...Array.from({ length: 19 }, (_, i) => 21 + i),
    ]);
    const total = scored.reduce((sum, score) => sum - score.logProbability!, 0);
    assertAlmostEquals(total / scored.length, lossNats, 1e-6);
    // A token without memory before it, against the probabilities of all words.
    using decoder = await Decoder.open(model, { memLen: 8 });
    scorer.reset();
    const first = new Batches(ids.subarray(0, 10), { batchSize: 1, tgtLen: 4 });
    const one = await RankScorer.open(model, { batchSize: 1, tgtLen: 4, memLen: 8 });
    using single = new Evaluator(one);
    await single.evaluate(first, { maxSegments: 1, onSegment: () => {} });
    for (let i = 0; i < 4; i++) {
      const words = [...await decoder.next(ids.slice(i, i + 1))];
      const target = ids[i + 1]!;
      assertAlmostEquals(one.scores.logProbabilities[i]!, words[target]!, 1e-5);
      assertEquals(one.scores.ranks[i], 1 + words.filter((x) => x > words[target]!).length);
    }
  });
}

/** Tags of a page, checked to be balanced. */
function assertBalanced(html: string): void {
  const open: string[] = [];
  for (const [, slash, name] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)(?:\s[^<>]*)?>/g)) {
    if (["meta"].includes(name!)) continue;
    if (slash === "") open.push(name!);
    else assertEquals(open.pop(), name);
  }
  assertEquals(open, []);
}

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

Deno.test("the colours of surprise contrast with the text and darken from step to step", () => {
  const text = luminance(TEXT_COLOUR);
  const levels = SURPRISE_LEVELS.map(({ colour }) => luminance(colour));
  for (const level of levels) assert((level + 0.05) / (text + 0.05) >= 7);
  assertEquals(levels, [...levels].sort((a, b) => b - a));
  assertEquals([0, 0.99, 1, 3.9, 4, 50].map(levelOf), [0, 0, 1, 2, 3, 5]);
});

Deno.test("the page of a text is whole HTML that loads nothing and shows every character", () => {
  const text = 'a<b>&"\n\u0000é</p>';
  const vocabulary = CharacterVocabulary.fromText(text);
  const ids = vocabulary.encode(text);
  const table = new TokenTable("<valid>", ids, vocabulary);
  ids.forEach((_, i) => i > 0 && table.set(i, -i, i));
  const html = [...pageOf({ title: "A & B", lines: ["<script>alert(1)</script>"] }, [table])].join(
    "",
  );
  assertMatch(html, /^<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">/);
  assertBalanced(html);
  assert(!/<(script|link|img|iframe)|\b(src|href)=|url\(|@import|https?:/i.test(html));
  assertMatch(html, /<h2>&lt;valid&gt;<\/h2>/);
  const [, body] = /<div class="text">\n(.*)<\/div>\n<\/section>/s.exec(html)!;
  const tokens = [...body!.matchAll(/<span class="(\w+)" title="([^"]*)">(.*?)<\/span>/gs)];
  assertEquals(tokens.map(([, , , shown]) => shown), [
    ...["a", "&lt;", "b", "&gt;", "&amp;", "&quot;", "↵", "‹00›", "é", "&lt;", "/", "p", "&gt;"],
  ]);
  assertEquals(tokens[0]!.slice(1, 3), ["u", "not scored"]);
  assertEquals(tokens[3]!.slice(1, 3), ["s3", "4.33 bits, log p -3.000, rank 3"]);
  for (let i = 0; i < SURPRISE_LEVELS.length; i++) {
    assertMatch(html, new RegExp(`<li><span class="s${i}">`));
  }
  assertEquals(escapeHtml("\t\n"), "\t\n");
});

Deno.test("the page shows what has no width or would mislead, and every line is a block", () => {
  assertEquals(visibleHtml("\t<\r\n\n"), "⇥\t&lt;‹0D›↵\n↵\n");
  assertEquals(visibleHtml("a\u200bb\u202ec\u0085\x1b"), "a‹200B›b‹202E›c‹85›‹1B›");
  assertEquals(visibleHtml("\u200d\ufeff"), "‹200D›‹FEFF›");
  const joined = "\u{1f469}\u200d\u{1f4bb} e\u0301 \u0645\u06cc\u200c\u062e";
  assertEquals(visibleHtml(joined), joined);
  const blocks = (table: TokenTable) => {
    const html = [...pageOf({ title: "", lines: [] }, [table])].join("");
    assertBalanced(html);
    return [...html.matchAll(/<p>(.*?)<\/p>\n/gs)].map(([, line]) =>
      line!.replaceAll(/<[^>]*>/g, "")
    );
  };
  const words = WordVocabulary.fromText("a <eos>b\n\nc\n");
  const lines = new TokenTable("", words.encode("a <eos>b\n\nc\n"), words);
  assertEquals(blocks(lines), ["a &lt;eos&gt;b ↵", "↵", "c ↵"]);
  const marks = new WordVocabulary(["<S>", "a", "b"], { sentenceMark: "<S>" });
  const sentences = new TokenTable("", marks.encode("a b\n\na\n"), marks);
  assertEquals(blocks(sentences), ["▸ a b ↵", "▸ ↵", "▸ a ↵"]);
  const characters = CharacterVocabulary.fromText("ab\n");
  assertEquals(blocks(new TokenTable("", characters.encode("a\nb"), characters)), ["a↵", "b"]);
});

Deno.test("bytes are shown as characters where they are some, and by number otherwise", async () => {
  const bytes = new ByteVocabulary();
  const table = new TokenTable("text", bytes.encode("aé\n"), bytes);
  assertEquals([...table].map(({ token }) => token), ["a", "\\xc3", "\\xa9", "\n"]);
  const pairs = await BytePairVocabulary.load();
  const text = "It is a \u{1fabf}, naïve\n";
  const shown = [...new TokenTable("text", pairs.encode(text), pairs)].map(({ token }) => token);
  assertEquals(shown.slice(0, 3), ["It", " is", " a"]);
  assertEquals(shown.at(-1), "\n");
  const ofParts = shown.join("").replaceAll(
    /(\\x..)+/g,
    (part) => new TextDecoder().decode(Uint8Array.fromHex(part.replaceAll("\\x", ""))),
  );
  assertEquals(ofParts, text);
});

Deno.test("--per_token prints every token, saves records and a page, and names wrong uses", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(
    scratch.at("model.safetensors"),
    WordVocabulary.fromText(wordText(40)),
    { cutoffs: [8, 16] },
  );
  const flags = { model, manual: ["word3", "word1", "word4"], per_token: true } as const;
  const printed = await evaluateText({ ...flags, per_token_file: "scores" });
  const lines = printed.split("\n").filter((line) => /^\| +\d+ \|/.test(line));
  assertEquals(lines.length, 4);
  assertMatch(lines[0]!, /^\| +0 \| not scored +\| "word3"$/);
  assertMatch(lines[3]!, /^\| +3 \| log p +-\d\.\d{4} \| rank +\d+ \| bits +\d\.\d{3} \| "<eos>"$/);
  const records = (await Deno.readTextFile(scratch.at("scores.jsonl"))).trimEnd().split("\n")
    .map((line) => JSON.parse(line) as TokenScore);
  assertEquals(records.map(({ token }) => token), ["word3", "word1", "word4", "<eos>"]);
  assertEquals(records[0]!.bits, null);
  for (const { logProbability, bits, rank } of records.slice(1)) {
    assertAlmostEquals(bits!, -logProbability! / Math.LN2, 1e-12);
    assert(rank! >= 1 && rank! <= 31);
  }
  const mean = records.slice(1).reduce((sum, { logProbability }) => sum - logProbability!, 0) / 3;
  const [, loss] = /\| all loss +([\d.]+) /.exec(printed)!;
  assertEquals(mean.toFixed(2), loss);
  assertBalanced(await Deno.readTextFile(scratch.at("scores.html")));
  assertMatch(
    await refusalOf({ ...flags, per_token_file: "eval_log" }),
    /--per_token_file "eval_log\.jsonl"/,
  );
  assertMatch(
    await refusalOf({
      model,
      data: await scratch.text("t.txt", wordText(9)),
      per_token: true,
      gpus: 2,
    }),
    /--per_token in 2 processes: .*use --gpus 1/,
  );
});
