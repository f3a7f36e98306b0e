/**
 * Byte pairs of GPT-2: ids of tiktoken, rules of whole files, cutoffs.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { manualText } from "@transformer-xl/eval";
import {
  BytePairVocabulary,
  type Corpus,
  type CorpusOptions,
  cutoffsFor,
  openCorpus,
  vocabularyFromJSON,
} from "@transformer-xl/model";
import { ConfigError, DataError } from "@transformer-xl/runtime";
import { publishedModel, trainSchema } from "@transformer-xl/train";
import { encode } from "gpt-tokenizer/encoding/r50k_base";
import { createHash } from "node:crypto";
import { Scratch } from "../../../support/small_run.ts";
import { AWKWARD, mixedText } from "./mixed_text.ts";

const END = 50_256;

function streamsOf({ train, valid, test }: Corpus): number[][] {
  return [train, valid, test].map((ids) => [...ids]);
}

Deno.test("byte pairs have the symbols of GPT-2, its end of a text, and seven more", async () => {
  const vocabulary = await BytePairVocabulary.load();
  assertEquals([vocabulary.size, vocabulary.size % 8, vocabulary.endOfText], [50_264, 0, END]);
  const { symbols } = vocabulary;
  assertEquals([symbols[0], symbols[198], symbols[262]], ["!", "Ċ", "Ġthe"]);
  assertEquals(symbols.slice(END - 1), [
    "Ġgazed",
    "<|endoftext|>",
    ...Array.from({ length: 7 }, (_, i) => `madeupword00000000${i}`),
  ]);
  assertEquals(new Set(symbols).size, 50_264);
  assertEquals([vocabulary.lookup("Ġthe"), vocabulary.has(" the")], [262, false]);
  assertThrows(() => vocabulary.lookup(" the"), DataError, "the space is Ġ");
  assertThrows(() => vocabulary.decode([50_264]), RangeError, "V is 50264");
});

Deno.test("byte pairs of awkward strings are those of tiktoken, and give the text back", async () => {
  const vocabulary = await BytePairVocabulary.load();
  for (const [text, ids] of AWKWARD) {
    assertEquals([...vocabulary.encode(text)], [...ids], JSON.stringify(text));
    assertEquals(vocabulary.decode(ids), text);
  }
});

Deno.test("byte pairs of a mebibyte of mixed text are those of tiktoken", async () => {
  const vocabulary = await BytePairVocabulary.load();
  const ids = vocabulary.encode(mixedText());
  assertEquals(ids.length, 462_154);
  assertEquals(
    createHash("sha256").update(new Uint8Array(ids.buffer)).digest("hex"),
    "ab507e5555f632ce4124b62075dd31893b42bafe228cee3c3ae0dbae6548c047",
  );
});

Deno.test("byte pairs of sources and pages are those of another implementation", async () => {
  const vocabulary = await BytePairVocabulary.load();
  const root = new URL("../../../../", import.meta.url);
  for (const path of ["README.md", "model/text/vocabulary/whitespace.ts", "train/README.md"]) {
    const text = await Deno.readTextFile(
      new URL(path, root),
    );
    assertEquals([...vocabulary.encode(text)], encode(text), path);
  }
});

Deno.test("a word of many bytes takes no quadratic time", async () => {
  const vocabulary = await BytePairVocabulary.load();
  const ids = vocabulary.encode("a".repeat(40_000));
  assertEquals(ids, new Uint32Array(10_000).fill(24_794));
});

Deno.test("a file ends with the mark of its end, however small the chunks are", async () => {
  await using scratch = new Scratch();
  const vocabulary = await BytePairVocabulary.load();
  const text = "  a\u00e9 \u20ac\r\n\n b<|endoftext|> c\u3000d \u{1f600}\n\n";
  const path = await scratch.text("a.txt", text);
  for (const chunkBytes of [1, 2, 3, 7, 1 << 20]) {
    const corpus = await openCorpus({
      dataset: "text",
      path,
      vocab: "bpe",
      wholeAs: "test",
      chunkBytes,
    });
    assertEquals([...corpus.test], [...vocabulary.encode(text), END]);
    assertEquals(corpus.counts.test, { tokens: corpus.test.length, lines: 4, unknown: 0 });
    assertEquals(corpus.vocabulary.decode(corpus.test), `${text}<|endoftext|>`);
  }
});

Deno.test("--compat head strips a file and what is between its special symbols", async () => {
  await using scratch = new Scratch();
  const plain = await BytePairVocabulary.load();
  const text = "\u00a0\n a b \r\n c \x1c<|endoftext|> \r d  madeupword000000003 e \n\n";
  const path = await scratch.text("a.txt", text);
  const want = [
    ...plain.encode("a b \n c"),
    END,
    ...plain.encode("d"),
    END + 4,
    ...plain.encode("e"),
    END,
  ];
  for (const compat of ["head", "2019"] as const) {
    for (const chunkBytes of [1, 5, 1 << 20]) {
      const options = { dataset: "text", path, vocab: "bpe", wholeAs: "test", compat } as const;
      const corpus = await openCorpus({ ...options, chunkBytes });
      assertEquals([...corpus.test], want);
    }
  }
  const stripping = await BytePairVocabulary.load({ strips: true });
  assertEquals([...stripping.encode(text), END], want);
  assert(stripping.fingerprint !== plain.fingerprint);
});

Deno.test("byte pairs are restored from a record and from the cache of a text", async () => {
  await using scratch = new Scratch();
  for (const strips of [false, true]) {
    const vocabulary = await BytePairVocabulary.load({ strips });
    const copy = await vocabularyFromJSON(JSON.parse(JSON.stringify(vocabulary)));
    assertEquals(copy.fingerprint, vocabulary.fingerprint);
    assertEquals(copy.encode(" a "), vocabulary.encode(" a "));
  }
  const path = await scratch.text("a.txt", "some words of a line\n".repeat(40));
  const options: CorpusOptions = { dataset: "text", path, vocab: "bpe", cacheDir: scratch.at("c") };
  const first = await openCorpus(options);
  const second = await openCorpus(options);
  assertEquals([first.source.cached, second.source.cached], [false, true]);
  assertEquals(streamsOf(second), streamsOf(first));
  assertEquals((await openCorpus({ ...options, compat: "head" })).source.cached, false);
  // Cut at the starts of lines.
  const texts = streamsOf(first).map((ids) => first.vocabulary.decode(ids));
  assert(texts.slice(0, 2).every((text) => text.endsWith("line\n")), texts.join("|"));
});

Deno.test("invalid UTF-8 is reported with its place", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("a.txt");
  await Deno.writeFile(path, Uint8Array.of(97, 32, 0xc3, 0xa9, 0xff, 98));
  for (const chunkBytes of [1, 3, 100]) {
    const open = () => openCorpus({ dataset: "text", path, vocab: "bpe", chunkBytes });
    await assertRejects(open, DataError, "not UTF-8 at byte offset 4");
  }
});

Deno.test("typed text is tokenised as words first where the reference or WikiText does", async () => {
  const plain = await BytePairVocabulary.load();
  const stripping = await BytePairVocabulary.load({ strips: true });
  const typed = ["It's", "3,500 km."];
  const moses = "It 's 3 @,@ 500 km .";
  assertEquals(manualText(typed, plain, "text").ids, plain.encode("It's 3,500 km."));
  assertEquals(manualText(typed, plain, "wt103").ids, plain.encode(moses));
  assertEquals(manualText(typed, stripping, "text").ids, plain.encode(moses));
});

Deno.test("byte pairs have cutoffs of their own, and in --compat head those of words", () => {
  const size = 50_264;
  for (const dataset of ["wt103", "text", "lm1b"]) {
    assertEquals(cutoffsFor(dataset, size, { kind: "bpe" }), [4997, 14_997, 29_997]);
    const words = cutoffsFor(dataset, size, { kind: "bpe", compat: "head" });
    assertEquals(words, [19_997, 39_997, size]);
  }
  const settings = { adaptive: true, vocab: "bpe", compat: "head" } as const;
  const model = publishedModel(trainSchema.parse(settings));
  assertEquals([model?.cutoffs, model?.nToken], [[19_997, 39_997, size], size]);
  const divided = trainSchema.parse({ ...settings, divVal: 2 });
  const error = assertThrows(() => publishedModel(divided), ConfigError);
  assertEquals(error.need, "given cut-offs, or those of byte pairs");
});
