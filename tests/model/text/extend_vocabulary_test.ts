/**
 * Vocabularies that grow by the symbols of another text.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  ByteVocabulary,
  CharacterVocabulary,
  extendVocabulary,
  openText,
  type TextSettings,
  vocabularyFromJSON,
  WordVocabulary,
} from "@transformer-xl/model";
import { Scratch } from "../../support/small_run.ts";

const OLD = WordVocabulary.fromText("to be or not to be\n", { unknown: "<unk>" });

Deno.test("new symbols lie behind the old ones, which keep ids, case and unknown symbol", async () => {
  const lower = new WordVocabulary(OLD.symbols, { lowerCase: true, unknown: "<unk>" });
  const extended = extendVocabulary(lower, WordVocabulary.fromText("be bold be brave bold\n"));
  assertEquals(extended.symbols, [...OLD.symbols, "bold", "brave"]);
  assertEquals([...extended.encode("TO Bold silence")], [
    extended.lookup("to"),
    OLD.size,
    OLD.lookup("<unk>"),
    0,
  ]);
  assertEquals((await vocabularyFromJSON(extended.toJSON())).fingerprint, extended.fingerprint);
  assert(extendVocabulary(OLD, WordVocabulary.fromText("be to\n")) === OLD);
  const letters = CharacterVocabulary.fromText("abba");
  assertEquals(extendVocabulary(letters, CharacterVocabulary.fromText("xyax")).symbols, [
    ...letters.symbols,
    ..."xy",
  ]);
  const bytes = new ByteVocabulary(new TextEncoder().encode("ab"));
  const completed = extendVocabulary(bytes, new ByteVocabulary());
  assertEquals([completed.size, ...completed.encode("ab\n")], [256, 0, 1, 2 + 0x0a]);
});

Deno.test("a text adds the words that its counts select, and the cache holds them", async () => {
  await using scratch = new Scratch();
  const words = "to be rare\n" + "to be brave or not\n".repeat(8) + "be bold\n".repeat(4);
  const data = await scratch.text("text.txt", words.repeat(2));
  const settings: TextSettings = { dataset: "text", data, vocab: "word", minFreq: 4 };
  const open = (extend: boolean) => openText(settings, scratch.at("cache"), OLD, { extend });
  const extended = await open(true);
  assertEquals(extended.vocabulary.symbols, [...OLD.symbols, "brave", "bold"]);
  assertEquals(extended.train.at(2), OLD.lookup("<unk>"));
  assert(extended.counts.train.unknown > 0);
  const again = await open(true);
  assertEquals([again.source.cached, again.vocabulary], [true, extended.vocabulary]);
  const kept = await open(false);
  assertEquals([kept.source.cached, kept.vocabulary.size], [false, OLD.size]);
});

Deno.test("words that are left out get a symbol where the vocabulary has none", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", "to be rare\n" + "to be or not\n".repeat(20));
  const old = WordVocabulary.fromText("to be\n");
  const settings: TextSettings = { dataset: "text", data, vocab: "word", minFreq: 2 };
  const { vocabulary, train } = await openText(settings, undefined, old, { extend: true });
  assertEquals(vocabulary.symbols, [...old.symbols, "or", "not", "<unk>"]);
  assertEquals(train.at(2), vocabulary.lookup("<unk>"));
});
