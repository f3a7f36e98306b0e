import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import {
  assertSameVocabulary,
  CharacterVocabulary,
  vocabularyFromJSON,
  WordVocabulary,
} from "@transformer-xl/model";
import { DataError } from "@transformer-xl/runtime";

interface VocabularyCase {
  readonly name: string;
  readonly text: string;
  readonly lower_case: boolean;
  readonly options: { readonly min_freq?: number; readonly max_size?: number };
  readonly symbols: readonly string[];
  readonly ids?: readonly number[];
}

const golden: { readonly cases: readonly VocabularyCase[] } = JSON.parse(
  Deno.readTextFileSync(new URL("../../golden/cases/V1/case.json", import.meta.url)),
);

for (const { name, text, lower_case, options, symbols, ids } of golden.cases) {
  const setting = JSON.stringify({ lower_case, ...options });
  Deno.test(`WordVocabulary equals the reference on "${name}" with ${setting}`, () => {
    const vocabulary = WordVocabulary.fromText(text, {
      lowerCase: lower_case,
      minFreq: options.min_freq,
      maxSize: options.max_size,
    });
    assertEquals(vocabulary.symbols, symbols);
    if (ids !== undefined) assertEquals([...vocabulary.encode(text)], ids);
  });
}

Deno.test("WordVocabulary keeps U+FEFF, U+200B and U+180E inside words", () => {
  const { symbols } = WordVocabulary.fromText("\ufeffa b\u200bc d\u180ee");
  assertEquals(symbols, ["<eos>", "\ufeffa", "b\u200bc", "d\u180ee"]);
});

Deno.test("WordVocabulary splits at every white space of Python and at nothing else", () => {
  // str.isspace() in Python 3 over all code points.
  const ranges = [[0x09, 0x0d], [0x1c, 0x20], [0x85, 0x85], [0xa0, 0xa0], [0x1680, 0x1680]];
  ranges.push([0x2000, 0x200a], [0x2028, 0x2029], [0x202f, 0x202f], [0x205f, 0x205f]);
  ranges.push([0x3000, 0x3000]);
  for (let point = 1; point < 0x3100; point++) {
    const isSpace = ranges.some(([low, high]) => point >= low! && point <= high!);
    const { size } = WordVocabulary.fromText(`x${String.fromCodePoint(point)}y`);
    assertEquals(size, isSpace ? 3 : 2, `U+${point.toString(16)}`);
  }
});

Deno.test("WordVocabulary gives a literal <eos> in the text no second id", () => {
  const vocabulary = WordVocabulary.fromText("a <eos> a\n");
  assertEquals(vocabulary.symbols, ["<eos>", "a"]);
  assertEquals([...vocabulary.encode("a <eos>\n")], [1, 0, 0]);
});

Deno.test("WordVocabulary names a word that it does not have", () => {
  const vocabulary = WordVocabulary.fromText("a b\n");
  assertThrows(() => vocabulary.encode("a zebra"), DataError, `the word "zebra"`);
});

Deno.test("WordVocabulary maps unknown words to the unknown symbol when one is given", () => {
  const manual = WordVocabulary.fromText("a <unk>\n").withUnknown("<unk>");
  assertEquals([...manual.encode("a zebra")], [1, 2, 0]);
  // A mistyped end marker is never an unknown word.
  assertThrows(() => manual.encode("a<eos>"), DataError, "a<eos>");
  assertThrows(() => WordVocabulary.fromText("a").withUnknown("<unk>"), DataError, "<unk>");
});

Deno.test("WordVocabulary adds the unknown symbol after the counted words", () => {
  const vocabulary = WordVocabulary.fromText("a b b\n", { minFreq: 2, unknown: "<unk>" });
  assertEquals(vocabulary.symbols, ["<eos>", "b", "<unk>"]);
  assertEquals([...vocabulary.encode("a b")], [2, 1, 0]);
});

Deno.test("WordVocabulary decodes lines of words", () => {
  const vocabulary = WordVocabulary.fromText("a b\nc\n");
  assertEquals(vocabulary.decode(vocabulary.encode(" a  b\n\nc")), "a b\n\nc\n");
  assertThrows(() => vocabulary.decode([4]), RangeError, "id 4");
});

Deno.test("CharacterVocabulary orders code points by count and then by first occurrence", () => {
  const vocabulary = CharacterVocabulary.fromText("b\u{1f600}a\u{1f600}\n\ra");
  assertEquals(vocabulary.symbols, ["\u{1f600}", "a", "b", "\n", "\r"]);
  assertEquals([...vocabulary.encode("a\u{1f600}\r\n")], [1, 0, 4, 3]);
  assertEquals(vocabulary.decode([1, 0, 4, 3]), "a\u{1f600}\r\n");
});

Deno.test("CharacterVocabulary names a character that it does not have", () => {
  const vocabulary = CharacterVocabulary.fromText("ab");
  assertThrows(() => vocabulary.encode("a\u00e9"), DataError, "U+00E9");
});

Deno.test("vocabularyFromJSON() restores both kinds with all their settings", async () => {
  const words = WordVocabulary.fromText("A b b\n", { lowerCase: true, unknown: "<unk>" });
  for (const vocabulary of [words, CharacterVocabulary.fromText("b\na\u{1f600}")]) {
    const copy = await vocabularyFromJSON(JSON.parse(JSON.stringify(vocabulary)));
    assertEquals(copy.toJSON(), vocabulary.toJSON());
    assertEquals(copy.fingerprint, vocabulary.fingerprint);
    assertEquals(copy.encode("b\n"), vocabulary.encode("b\n"));
  }
});

Deno.test("vocabularyFromJSON() refuses records that are no vocabulary", async () => {
  for (
    const record of [
      null,
      { kind: "bytes", symbols: ["a"] },
      { kind: "char", symbols: [] },
      { kind: "char", symbols: ["a", "a"] },
      { kind: "word", symbols: ["a"] },
      { kind: "word", symbols: ["<eos>", "a"], unknown: "<unk>" },
      { kind: "bpe" },
    ]
  ) await assertRejects(() => vocabularyFromJSON(record), DataError);
});

Deno.test("fingerprints differ by kind and by symbol order", () => {
  const prints = [
    new WordVocabulary(["<eos>", "a", "b"]),
    new WordVocabulary(["<eos>", "b", "a"]),
    new CharacterVocabulary(["<eos>", "a", "b"]),
  ].map(({ fingerprint }) => fingerprint);
  assertEquals(new Set(prints).size, 3);
});

Deno.test("assertSameVocabulary() tells how checkpoint and corpus differ", () => {
  const model = WordVocabulary.fromText("a b");
  assertSameVocabulary(model, WordVocabulary.fromText("a b"));
  const corpus = CharacterVocabulary.fromText("a b c");
  assertNotEquals(model.fingerprint, corpus.fingerprint);
  assertThrows(() => assertSameVocabulary(model, corpus), DataError, "3 word symbols");
});
