/**
 * Vocabularies of `tokenizer.json` files.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { openCorpus, TokenizerVocabulary, vocabularyFromJSON } from "@transformer-xl/model";
import { DataError } from "@transformer-xl/runtime";
import { Scratch } from "../../../support/small_run.ts";
import { BYTE_FALLBACK, BYTE_LEVEL, idsOf, WORD_PIECES } from "./tokenizer_file.ts";

const byteLevel = () => TokenizerVocabulary.parse(JSON.stringify(BYTE_LEVEL));

Deno.test("a tokenizer encodes by its rules and decodes to the same text", async () => {
  const vocabulary = await byteLevel();
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["word12 word3\n", ["word", "12", "Ġword", "3", "Ċ"]],
    ["a<|end|> or", ["a", "<|end|>", "Ġ", "or"]],
    ["", []],
  ];
  for (const [text, symbols] of cases) {
    assertEquals([...vocabulary.encode(text)], idsOf(...symbols), text);
    assertEquals(vocabulary.decode(vocabulary.encode(text)), text);
  }
  assertEquals(vocabulary.lookup("Ġword"), idsOf("Ġword")[0]);
  assertEquals(vocabulary.lookup("é"), 0); // the unknown symbol
  assertThrows(() => vocabulary.decode([vocabulary.size]), RangeError, "Cannot decode id");
});

Deno.test("a tokenizer is restored from its record alone", async () => {
  const vocabulary = await byteLevel();
  const copy = await vocabularyFromJSON(JSON.parse(JSON.stringify(vocabulary)));
  assertEquals([copy.kind, copy.size], ["tokenizer", vocabulary.size]);
  assertEquals(copy.fingerprint, vocabulary.fingerprint);
  assertEquals(copy.encode("word or"), vocabulary.encode("word or"));
});

Deno.test("a corpus of a tokenizer counts lines and unknown symbols, and comes from its cache", async () => {
  await using scratch = new Scratch();
  const vocabulary = await byteLevel();
  const text = "word1 or 12 words\n\u00fc\n\n".repeat(12);
  const path = await scratch.text("a.txt", text);
  const options = { dataset: "text", path, vocabulary, cacheDir: scratch.at("c") } as const;
  for (const [chunkBytes, cached] of [[3, false], [1 << 20, true]] as const) {
    const corpus = await openCorpus({ ...options, chunkBytes });
    const { train, valid, test, counts, source } = corpus;
    assertEquals([...train, ...valid, ...test], [...vocabulary.encode(text)]);
    const sum = (key: "lines" | "unknown") =>
      counts.train[key] + counts.valid[key] + counts.test[key];
    assertEquals([sum("lines"), sum("unknown") > 0, source.cached], [36, true, cached]);
  }
});

Deno.test("every symbol of a text has its part of the text, and bytes of characters their numbers", async () => {
  const parts = async (file: object, text: string) => {
    const vocabulary = await TokenizerVocabulary.parse(JSON.stringify(file));
    const ids = vocabulary.encode(text);
    const texts = Array.from(ids, (id, i) => vocabulary.textOf(id, ids[i - 1]));
    if (!texts.some((part) => part.includes("\\x"))) {
      assertEquals(texts.join("").replace(/^▁/, ""), vocabulary.decode(ids));
    }
    return texts;
  };
  assertEquals(await parts(BYTE_LEVEL, "word word12<|end|>\n"), [
    "word",
    " word",
    "12",
    "<|end|>",
    "\n",
  ]);
  assertEquals(await parts(BYTE_FALLBACK, "the \u00e9\nthe"), [
    ...["the", " ", "\\xc3", "\\xa9", "\n", "t", "he"],
  ]);
  assertEquals(await parts(BYTE_FALLBACK, "a  the"), ["▁", "a", " ", " the"]);
  assertEquals(await parts(WORD_PIECES, "hello, world."), ["he", "llo", " [UNK]", " world", "."]);
  const level = await byteLevel();
  assertEquals(level.textOf(idsOf("Ġ")[0]!), " ");
  assertEquals(level.textOf(level.size), String(level.size));
});

Deno.test("ids without a symbol get a name and decode to nothing", async () => {
  const vocabulary = await TokenizerVocabulary.parse(JSON.stringify({
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "Whitespace" },
    post_processor: null,
    decoder: null,
    model: { type: "WordLevel", vocab: { "[UNK]": 0, to: 1, be: 4 }, unk_token: "[UNK]" },
  }));
  assertEquals(vocabulary.symbols, ["[UNK]", "to", "<unused 2>", "<unused 3>", "be"]);
  assertEquals(vocabulary.decode([2]), "");
  assertEquals([...vocabulary.encode("to be or")], [1, 4, 0]);
});

Deno.test("what is no tokenizer is refused in one sentence", async () => {
  for (
    const json of ["", "{", "[]", "{}", '{"model":{}}', '{"model":{"type":"None","vocab":{}}}']
  ) {
    const { message } = await assertRejects(() => TokenizerVocabulary.parse(json), DataError);
    assertStringIncludes(message, "it is no tokenizer.json of Hugging Face's format");
    assert(!message.includes("\n"), message);
  }
});
