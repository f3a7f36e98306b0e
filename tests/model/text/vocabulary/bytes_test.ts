/**
 * Bytes as symbols, and the files of enwik8 and text8: raw and prepared, cut and counted as in the
 * reference.
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
import { manualText } from "@transformer-xl/eval";
import {
  ByteVocabulary,
  CharacterVocabulary,
  type Corpus,
  type CorpusOptions,
  openCorpus,
  vocabularyFromJSON,
} from "@transformer-xl/model";
import { DataError } from "@transformer-xl/runtime";
import fc from "fast-check";
import { Scratch } from "../../../support/small_run.ts";

const ENCODER = new TextEncoder();

/** The prepared form of enwik8: numbers and spaces, line feeds as they are. */
function asNumbers(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte === 10 ? "\n" : String(byte)).join(" ");
}

/** The prepared form of text8. */
function asLetters(text: string): string {
  return [...text.trim()].map((letter) => letter === " " ? "_" : letter).join(" ");
}

/** The symbols of prepared files in the order of the reference, and the ids of each file. */
function referenceIds(files: readonly string[]): { symbols: string[]; ids: number[][] } {
  const tokens = files.map((file) => file.split(/\s+/).filter((token) => token !== ""));
  const counts = new Map<string, number>();
  for (const token of tokens.flat()) counts.set(token, (counts.get(token) ?? 0) + 1);
  const symbols = [...counts].sort(([, a], [, b]) => b - a).map(([symbol]) => symbol);
  return { symbols, ids: tokens.map((file) => file.map((token) => symbols.indexOf(token))) };
}

function streamsOf({ train, valid, test }: Corpus): number[][] {
  return [train, valid, test].map((ids) => [...ids]);
}

const RAW = ENCODER.encode("<page>\r\n  Zürich & \u{1f600}\n\n</page>\n".repeat(9) + "tail\tx");

/** Cuts bytes as published: 90, 5 and 5 %. */
function cut<T extends Uint8Array | string>(whole: T): T[] {
  const held = Math.round(whole.length / 20);
  const [valid, test] = [whole.length - 2 * held, whole.length - held];
  return [whole.slice(0, valid), whole.slice(valid, test), whole.slice(test)] as T[];
}

Deno.test("a byte vocabulary has all 256 bytes, and gives text back", async () => {
  const vocabulary = new ByteVocabulary();
  assertEquals([vocabulary.size, vocabulary.dropsLineFeeds], [256, false]);
  const text = "\ufeffa\0é\r\n\u{1f600}";
  assertEquals([...vocabulary.encode(text)], [...ENCODER.encode(text)]);
  assertEquals(vocabulary.decode(vocabulary.encode(text)), text);
  assertEquals(vocabulary.decode([0xc3]), "\ufffd");
  assertThrows(() => vocabulary.decode([256]), RangeError, "V is 256");
  const copy = await vocabularyFromJSON(JSON.parse(JSON.stringify(vocabulary)));
  assertEquals(copy.fingerprint, vocabulary.fingerprint);
  for (const symbol of ["256", "01", "-1", "a", ""]) {
    await assertRejects(() => vocabularyFromJSON({ kind: "byte", symbols: [symbol] }), DataError);
  }
});

Deno.test("--vocab byte reads any bytes, however small the chunks are", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("noise.bin");
  const bytes = Uint8Array.from({ length: 400 }, (_, i) => i < 3 ? [0xff, 0xfe, 0][i]! : 37 * i);
  await Deno.writeFile(path, bytes);
  for (const chunkBytes of [1, 7, 1 << 20]) {
    const corpus = await openCorpus({ dataset: "text", path, vocab: "byte", chunkBytes });
    assertEquals([corpus.vocabulary.kind, corpus.vocabulary.size], ["byte", 256]);
    assertEquals(streamsOf(corpus).flat(), [...bytes]);
  }
  await Deno.writeFile(path, Uint8Array.of(0x1f, 0x8b, 8, 0));
  await assertRejects(
    () => openCorpus({ dataset: "text", path, vocab: "byte" }),
    DataError,
    "compressed (gzip)",
  );
});

Deno.test("a raw enwik8 has the symbols and ids of its prepared files", async () => {
  await using scratch = new Scratch();
  const prepared = cut(RAW).map(asNumbers);
  const { symbols, ids } = referenceIds(prepared);
  await Deno.writeFile(scratch.at("enwik8"), RAW);
  await Deno.mkdir(scratch.at("prepared"));
  await Deno.mkdir(scratch.at("raw"));
  for (const [i, name] of ["train.txt", "valid.txt", "test.txt"].entries()) {
    await Deno.writeTextFile(scratch.at(`prepared/${name}`), prepared[i]!);
    await Deno.writeFile(scratch.at(`raw/${name}`), cut(RAW)[i]!);
  }
  for (const place of ["enwik8", "prepared", "raw"]) {
    for (const chunkBytes of [1, 5, 1 << 20]) {
      const options: CorpusOptions = { dataset: "enwik8", path: scratch.at(place), chunkBytes };
      const corpus = await openCorpus(options);
      assertEquals(corpus.vocabulary.symbols, symbols, place);
      assertEquals(streamsOf(corpus), ids, place);
      const bytes = await openCorpus({ ...options, vocab: "byte" });
      assertEquals(streamsOf(bytes), cut(RAW).map((part) => [...part]), place);
    }
  }
  const corpus = await openCorpus({
    dataset: "enwik8",
    path: scratch.path,
    cacheDir: scratch.at("c"),
  });
  const cached = await openCorpus({
    dataset: "enwik8",
    path: scratch.path,
    cacheDir: scratch.at("c"),
  });
  assertEquals([streamsOf(cached), cached.source.cached], [streamsOf(corpus), true]);
  assert(!corpus.vocabulary.has("10"));
  assertEquals(corpus.vocabulary.decode(corpus.vocabulary.encode("a\np")), "ap");
});

Deno.test("any bytes survive the preparation of enwik8", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("train.txt");
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 2, maxLength: 60 }), async (bytes) => {
      await Deno.writeTextFile(path, asNumbers(bytes));
      if (/^\s*\d*\s*$/.test(asNumbers(bytes))) return; // one number does not tell its form
      const options = { dataset: "enwik8", path: scratch.path, splits: ["train"] } as const;
      const { train } = await openCorpus({ ...options, vocab: "byte", chunkBytes: 3 });
      assertEquals([...train], [...bytes]);
    }),
    { numRuns: 40, seed: 1111 },
  );
});

Deno.test("a raw text8 has the ids of its prepared files, stripped split by split", async () => {
  await using scratch = new Scratch();
  // Both cuts fall on spaces, and the text begins with one.
  const raw = " " + "anarchism originated as a term of abuse ".repeat(5).slice(0, 199);
  const prepared = cut(raw).map(asLetters);
  const { symbols, ids } = referenceIds(prepared);
  await Deno.writeTextFile(scratch.at("text8"), raw);
  await Deno.mkdir(scratch.at("prepared"));
  for (const [i, name] of ["train.txt", "valid.txt", "test.txt"].entries()) {
    await Deno.writeTextFile(scratch.at(`prepared/${name}`), prepared[i]!);
  }
  for (const place of ["text8", "prepared"]) {
    for (const chunkBytes of [1, 1 << 20]) {
      const corpus = await openCorpus({ dataset: "text8", path: scratch.at(place), chunkBytes });
      const written = corpus.vocabulary.symbols.map((symbol) => symbol === " " ? "_" : symbol);
      assertEquals(written, symbols, place);
      assertEquals(streamsOf(corpus), ids, place);
    }
  }
});

Deno.test("a damaged prepared file and a folder without the raw file are refused", async () => {
  await using scratch = new Scratch();
  await Deno.writeTextFile(scratch.at("train.txt"), "97 98 99 ".repeat(600) + "300");
  const open = (path: string) => openCorpus({ dataset: "enwik8", path, splits: ["train"] });
  const { message } = await assertRejects(() => open(scratch.path), DataError);
  assertStringIncludes(message, 'begins with numbers of bytes, but has "300"');
  await Deno.remove(scratch.at("train.txt"));
  await Deno.writeTextFile(scratch.at("enwik9"), "a");
  const { message: none } = await assertRejects(() => open(scratch.path), DataError);
  assertStringIncludes(none, 'nor a file "enwik8"');
});

Deno.test("typed text is bytes, or the letters of text8", () => {
  const bytes = ByteVocabulary.fromCounts([["97", 3], ["98", 2], ["10", 1]]);
  assertEquals([...manualText(["ab\nb"], bytes, "enwik8").ids], [0, 1, 1]);
  assertThrows(() => manualText(["abc"], bytes, "enwik8"), DataError, "the byte 99");
  const letters = CharacterVocabulary.fromText("abcdefghijklmnopqrstuvwxyz ");
  const { ids } = manualText(["In 1969,", "Go!"], letters, "text8");
  assertEquals(letters.decode(ids), "in one nine six nine go");
});
