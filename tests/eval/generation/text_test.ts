/**
 * Text of generated tokens: spaces between words, characters of several tokens, stop strings, prompts.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { promptIds, StopText, textStream } from "@transformer-xl/eval";
import {
  BytePairVocabulary,
  ByteVocabulary,
  CharacterVocabulary,
  splitWords,
  type Vocabulary,
  WordVocabulary,
} from "@transformer-xl/model";
import { DataError } from "@transformer-xl/runtime";

/** The text of tokens that arrive one by one. */
function streamed(vocabulary: Vocabulary, ids: Iterable<number>, joined = true): string {
  const stream = textStream(vocabulary, { joined });
  return Array.from(ids, (id) => stream.push(id)).join("") + stream.end();
}

Deno.test("words of a text are separated by spaces, and lines by line feeds", () => {
  const text = 'one two , three\n\n( four ) " five "\n';
  const vocabulary = WordVocabulary.fromText(text);
  assertEquals(streamed(vocabulary, vocabulary.encode(text)), text);
});

Deno.test("WikiText's marks and punctuation are joined to their words, unless that is off", () => {
  const text =
    '= Heading =\nThe " well @-@ known " cat \'s 3 @,@ 500 ( or 3 @.@ 5 ) mice , they said .\n';
  const vocabulary = WordVocabulary.fromText(text);
  const ids = vocabulary.encode(text);
  assertEquals(
    streamed(vocabulary, ids),
    '= Heading =\nThe "well-known" cat\'s 3,500 (or 3.5) mice, they said.\n',
  );
  assertEquals(streamed(vocabulary, ids, false), text);
});

Deno.test("characters are printed as they are", () => {
  const text = "naïve \u{1f600}\n\ufffdx";
  const vocabulary = CharacterVocabulary.fromText(text);
  assertEquals(streamed(vocabulary, vocabulary.encode(text)), text);
});

/** Symbols that are bytes; decoding leaves out a space at the start, as some vocabularies do. */
const BYTES = {
  kind: "char",
  size: 256,
  decode: (ids: Iterable<number>) =>
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(ids)).replace(/^ /, ""),
} as unknown as Vocabulary;

Deno.test("a character of several tokens is printed when it is whole", () => {
  const ids = new TextEncoder().encode("a € \u{1f600} b");
  const stream = textStream(BYTES);
  assertEquals(Array.from(ids, (id) => stream.push(id)), [
    ..."a ".split(""),
    ...["", "", "€", " "],
    ...["", "", "", "\u{1f600}", " ", "b"],
  ]);
});

Deno.test("bytes that are no character are printed as replacement characters", () => {
  assertEquals(streamed(BYTES, [0x61, 0xe2, 0x82]), "a\ufffd");
  const endless = streamed(BYTES, [0xff, 0xff, 0xff, 0xff, 0x61]);
  assertEquals(endless, "\ufffd\ufffd\ufffd\ufffda");
});

Deno.test("a vocabulary of bytes prints whole characters, and takes those of a prompt", () => {
  const vocabulary = new ByteVocabulary();
  const stream = textStream(vocabulary);
  const texts = Array.from(promptIds("ï€\n", vocabulary), (id) => stream.push(id));
  assertEquals(texts, ["", "ï", "", "", "€", "\n"]);
});

Deno.test("byte pairs print whole characters, and begin after the end of a text", async () => {
  const vocabulary = await BytePairVocabulary.load();
  const text = "Hello, naïve \u{1f600} world 中\n  ok";
  const ids = promptIds(text, vocabulary);
  const stream = textStream(vocabulary);
  const texts = Array.from(ids, (id) => stream.push(id));
  assertEquals(texts.join(""), text);
  assertEquals(texts.slice(0, 2), ["Hello", ","]);
  assert(texts.every((piece) => !piece.includes("\ufffd")));
  assertEquals([...promptIds("", vocabulary)], [vocabulary.endOfText]);
});

/** What comes out for pieces that go in, and the end. */
function stopped(
  stops: readonly string[],
  pieces: readonly string[],
): readonly (string | boolean)[] {
  const stop = new StopText(stops);
  const texts = pieces.map((piece) => stop.push(piece));
  return [...texts, stop.isStopped, stop.end()];
}

Deno.test("a text ends before the first stop string, wherever pieces are cut", () => {
  assertEquals(stopped([], ["a", "b"]), ["a", "b", false, ""]);
  assertEquals(stopped(["bc"], ["a", "b", "cd"]), ["a", "", "", true, ""]);
  assertEquals(stopped(["bc"], ["ab", "d", "b"]), ["a", "bd", "", false, "b"]);
  assertEquals(stopped(["aab"], ["a", "a", "a", "b"]), ["", "", "a", "", true, ""]);
  assertEquals(stopped(["xyz", "y"], ["ax", "y", "z"]), ["a", "x", "", true, ""]);
  assertEquals(stopped(["xyz", "y"], ["axyz"]), ["ax", true, ""]);
  assertEquals(stopped(["c", "bc"], ["abc"]), ["a", true, ""]);
});

Deno.test("a prompt of words is continued in its line, unless it ends with a line feed", () => {
  const vocabulary = WordVocabulary.fromText("a b\nc\n\n");
  const [eos, a, b, c] = ["<eos>", "a", "b", "c"].map((word) => vocabulary.lookup(word));
  const tokens = (text: string) => [...promptIds(text, vocabulary)];
  assertEquals(tokens("a b"), [a, b]);
  assertEquals(tokens("a b "), [a, b]);
  assertEquals(tokens("a b\n"), [a, b, eos]);
  assertEquals(tokens("a\n\nc"), [a, eos, eos, c]);
  assertEquals(tokens(""), [eos]);
  assertEquals(tokens("\n"), [eos]);
  assertThrows(() => tokens("a d"), DataError, '"d"');
});

Deno.test("a prompt of a WikiText vocabulary is split by its rules", () => {
  const vocabulary = WordVocabulary.fromText("<unk> well @-@ known 3 @,@ 500 cat .\n");
  const tokens = promptIds("well-known dog, 3,500", vocabulary);
  assertEquals(
    vocabulary.decode(tokens),
    splitWords("well @-@ known <unk> <unk> 3 @,@ 500").join(" "),
  );
});

Deno.test("a prompt of characters is taken as it is, and an empty one is the end of a line", () => {
  const vocabulary = CharacterVocabulary.fromText("ab \n");
  assertEquals(vocabulary.decode(promptIds(" a\n", vocabulary)), " a\n");
  assertEquals(vocabulary.decode(promptIds("", vocabulary)), "\n");
  assertThrows(() => promptIds("c", vocabulary), DataError, '"c"');
  assertThrows(
    () => promptIds("", CharacterVocabulary.fromText("ab")),
    DataError,
    "give a prompt",
  );
  const letters = CharacterVocabulary.fromText("ab ");
  assertEquals(letters.decode(promptIds("A-b!", letters, "text8")), "a b");
  assertThrows(() => promptIds("?!", letters, "text8"), DataError, 'Cannot continue "?!"');
});
