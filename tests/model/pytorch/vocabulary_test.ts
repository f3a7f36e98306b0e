/**
 * Vocabularies of other programs, pickled or as a list of words.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readVocabulary, type Vocabulary, vocabularyOf } from "@transformer-xl/model";
import { CheckpointError, PickleObject, type PickleValue } from "@transformer-xl/runtime";
import { torchFixture, torchGolden } from "../../support/pytorch/torch_fixtures.ts";
import { Scratch } from "../../support/small_run.ts";

/** An object of the reference's class. */
function vocabularyObject(
  symbols: PickleValue,
  more: Record<string, PickleValue> = {},
): PickleValue {
  const object = new PickleObject("utils.vocabulary.Vocab", []);
  object.state = new Map(Object.entries({ idx2sym: symbols, lower_case: false, ...more }));
  return object;
}

async function recordOf(value: PickleValue): Promise<ReturnType<Vocabulary["toJSON"]>> {
  return (await vocabularyOf("a.pt", value)).toJSON();
}

Deno.test("symbols tell their kind: words, sentences, bytes of enwik8, letters of text8, characters", async () => {
  const words = ["<eos>", "the", "<unk>"];
  assertEquals(await recordOf(vocabularyObject(words, { lower_case: true })), {
    ...{ kind: "word", symbols: words, lowerCase: true },
  });
  assertEquals((await recordOf(vocabularyObject(words, { unk_idx: 2 }))).unknown, "<unk>");
  const sentences = ["<S>", "<UNK>", "the"];
  assertEquals(await recordOf(vocabularyObject(sentences)), {
    ...{ kind: "word", symbols: sentences, lowerCase: false },
    ...{ unknown: "<UNK>", sentenceMark: "<S>" },
  });
  const bytes = ["32", "101", "9", "255"];
  assertEquals(await recordOf(vocabularyObject(bytes)), { kind: "byte", symbols: bytes });
  assertEquals(await recordOf(vocabularyObject(["e", "_", "t"])), {
    ...{ kind: "char", symbols: ["e", " ", "t"] },
  });
  assertEquals(await recordOf(vocabularyObject(["e", "_", "é"])), {
    ...{ kind: "char", symbols: ["e", "_", "é"] },
  });
  const bytePairs = await recordOf(new PickleObject("utils.vocabulary.OpenAIVocab", []));
  assertEquals(bytePairs, { kind: "bpe", strips: true });
});

Deno.test("what is no vocabulary is refused in a sentence that says why", async () => {
  const cases: readonly (readonly [value: PickleValue, says: RegExp])[] = [
    [null, /has no list of symbols \(idx2sym\)/],
    [vocabularyObject(7), /are no list of texts/],
    [vocabularyObject(["<eos>", 7]), /are no list of texts/],
    [vocabularyObject(["the", "cat"]), /has neither "<eos>" nor "<S>" and "<UNK>"/],
    [vocabularyObject(["<eos>", "a", "a"]), /has the symbol "a" twice/],
    [vocabularyObject(["<eos>", ""]), /its vocabulary is wrong/],
    [new Map([["kind", "word"]]), /its vocabulary is wrong/],
  ];
  for (const [value, says] of cases) {
    const { message } = await assertRejects(() => vocabularyOf("a.pt", value), CheckpointError);
    assertMatch(message, says);
  }
  const loop = vocabularyObject([]) as PickleObject;
  loop.state = new Map([["vocab", loop]]);
  await assertRejects(() => vocabularyOf("a.pt", loop), CheckpointError, "no list of symbols");
});

Deno.test("a file of a vocabulary is a pickle, a checkpoint, or a list of words", async () => {
  await using scratch = new Scratch();
  const { vocabulary } = torchGolden();
  const list = await scratch.text("words.txt", vocabulary.map((word) => `${word} 12\n`).join(""));
  for (const path of [torchFixture("cache.pt"), torchFixture("nvidia.pt"), list]) {
    assertEquals((await readVocabulary(path, false)).symbols, vocabulary);
  }
  assertEquals((await readVocabulary(list, true)).toJSON().lowerCase, true);
  await assertRejects(
    () => readVocabulary(scratch.path, false),
    CheckpointError,
    "it is not a file",
  );
});
