/**
 * Typed text and losses per character and byte.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import {
  manualText,
  rawLoss,
  type RawSize,
  sizeOfCharacters,
  sizeOfSplit,
  sizeOfText,
} from "@transformer-xl/eval";
import { CharacterVocabulary, openCorpus, WordVocabulary } from "@transformer-xl/model";
import {
  evalRecords,
  evaluateText,
  refusalOf,
  saveRandomModel,
} from "../../support/evaluation/scored_model.ts";
import { Scratch, wordText } from "../../support/small_run.ts";

Deno.test("a typed text of several lines gets the ids of these lines in training", () => {
  const text = "a b , c\nb @-@ c @,@ a\n\n<unk> a";
  const vocabulary = WordVocabulary.fromText(text);
  const { ids, unknown, raw } = manualText([text], vocabulary, "wt2");
  assertEquals([...ids], [...vocabulary.encode(text)]);
  assertEquals([unknown, raw], [0, sizeOfText(text)]);
  // A line that is not of the corpus is tokenised alone.
  const mixed = manualText(["b @-@ c\na,b"], vocabulary, "wt2").ids;
  assertEquals([...mixed], [...vocabulary.encode("b @-@ c\na , b")]);
});

Deno.test("the raw size of a split is that of its files, its lines or its characters", async () => {
  await using scratch = new Scratch();
  const lines = Array.from({ length: 60 }, (_, i) => `wörd${i % 7}   and  🙂 ${i}`);
  const path = await scratch.text("text.txt", "\ufeff" + lines.join("\r\n"));
  const cut = await openCorpus({ dataset: "text", path });
  const sizes: RawSize[] = [];
  for (const split of ["train", "valid", "test"] as const) {
    const from = split === "train" ? 0 : cut.counts.train.lines +
      (split === "test" ? cut.counts.valid.lines : 0);
    const own = lines.slice(from, from + cut.counts[split].lines).map((line) => `${line}\r\n`);
    const size = (await sizeOfSplit(cut, split))!;
    assertEquals(size, sizeOfText(split === "test" ? own.join("").slice(0, -2) : own.join("")));
    sizes.push(size);
  }
  const whole = await openCorpus({ dataset: "text", path, wholeAs: "test" });
  const total = (await sizeOfSplit(whole, "test"))!;
  assertEquals(total.bytes, sizes.reduce((sum, { bytes }) => sum + bytes, 0));
  assertEquals(total.bytes, (await Deno.stat(path)).size - 3);
  const characters = await openCorpus({ dataset: "text", path, vocab: "char", wholeAs: "test" });
  const { characters: points } = (await sizeOfSplit(characters, "test"))!;
  assertEquals(points, characters.test.length);
  const vocabulary = CharacterVocabulary.fromText("añ🙂");
  assertEquals(sizeOfCharacters(vocabulary.encode("aañ🙂"), vocabulary), {
    characters: 4,
    bytes: 8,
  });
});

Deno.test("words, standard input and a file of the same text have the same loss", async () => {
  await using scratch = new Scratch();
  const text = "word3 word1 word4 word1 word5 word9 word2 word6";
  const model = await saveRandomModel(
    scratch.at("model.safetensors"),
    WordVocabulary.fromText(wordText(40)),
  );
  const file = await scratch.text("typed.txt", `${text}\n`);
  type Result = { lossNats: number; tokens: number; raw: RawSize; bitsPerByte: number };
  const results: Result[] = [];
  const score = async (flags: Record<string, string | string[]>, input?: string) => {
    const printed = await evaluateText({ model, tgt_len: 4, mem_len: 4, ...flags }, input);
    results.push((await evalRecords<Result>(scratch.path, "result"))[0]!);
    return printed;
  };
  const printed = await score({ manual: text.split(" ") });
  assertMatch(
    printed,
    /all: \d\.\d{5} bits per character, \d\.\d{5} bits per byte, 9 tokens in 47 /,
  );
  await score({ manual: "-" }, `${text}\n`);
  assertMatch(await score({ manual_file: file }), /text : --manual_file ".*typed\.txt", 9 tokens/);
  const [words, input, read] = results;
  assertEquals([words!.lossNats, words!.tokens], [input!.lossNats, 8]);
  assertEquals(words!.lossNats, read!.lossNats);
  const { bitsPerByte } = rawLoss(words!.lossNats, 9, { characters: 47, bytes: 47 });
  assertAlmostEquals(words!.bitsPerByte, bitsPerByte, 1e-12);
  assert(read!.raw.bytes === 47);
});

Deno.test("a typed text that cannot be scored is refused in one sentence", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(
    scratch.at("model.safetensors"),
    WordVocabulary.fromText("a b c"),
  );
  assertMatch(
    await refusalOf({ model, manual: "a", manual_file: scratch.at("x") }),
    /^error: Cannot score --manual and --manual_file ".*x" at once; leave one of them out\n$/,
  );
  assertMatch(
    await refusalOf({ model, manual_file: scratch.at("none.txt") }),
    /^error: Cannot read ".*none\.txt": .*; give a file with text\n$/,
  );
  assertMatch(
    await refusalOf({ model, manual: "-" }, ""),
    /^error: Cannot score "" of --manual: the first token/,
  );
  await Deno.writeTextFile(scratch.at("empty.txt"), "");
  assertMatch(
    await refusalOf({ model, manual_file: scratch.at("empty.txt") }),
    /^error: Cannot score "" of --manual_file ".*empty\.txt": the first token/,
  );
  await Deno.writeFile(scratch.at("latin.txt"), Uint8Array.of(0x61, 0xe9, 0x20));
  assertMatch(
    await refusalOf({ model, manual_file: scratch.at("latin.txt") }),
    /latin\.txt": it is not UTF-8, as typed text is for symbols of every kind; convert it/,
  );
});
