/**
 * The files of a data set of sentences: opening, words of a list and counted ones, what is kept of
 * them, and their reading by a thread.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Batches,
  corpusLines,
  openCorpus,
  WordVocabulary,
  WorkerReader,
} from "@transformer-xl/model";
import { DataError } from "@transformer-xl/runtime";
import { sentencesOf, writeSentences } from "../../support/text/sentences.ts";

const ARCHIVE = "1-billion-word-language-modeling-benchmark-r13output";
const TRAINING = `${ARCHIVE}/training-monolingual.tokenized.shuffled`;
const HELD_OUT = `${ARCHIVE}/heldout-monolingual.tokenized.shuffled`;

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await writeSentences(folder);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("openCorpus() opens the One Billion Word benchmark with its own vocabulary", async () => {
  await inFolder(async (path) => {
    const corpus = await openCorpus({ dataset: "lm1b", path });
    const { vocabulary, sentences, counts, source } = corpus;
    assertEquals(vocabulary.symbols.slice(0, 3), ["<S>", "the", "of"]);
    assertEquals(vocabulary.size, 15); // "the" occurs twice in the file
    assertEquals(vocabulary.lookup("nowhere"), vocabulary.symbols.indexOf("<UNK>"));
    assertEquals(sentences!.train.map((file) => file.sentences), [40, 30, 50]);
    assertEquals(corpus.train.length, 0);
    const words = [40, 30, 50].map((count, file) => sentencesOf(file, count).join(" ").split(" "));
    assertEquals(
      sentences!.train.map(({ tokens }) => tokens),
      words.map(({ length }, file) => length + 2 * [40, 30, 50][file]!),
    );
    assertEquals(counts.train.lines, 120);
    const heldOut = sentencesOf(9, 30);
    assertEquals(
      vocabulary.decode(corpus.valid),
      heldOut.join("\n").replace(/rare\d+/g, "<UNK>") + "\n",
    );
    assertEquals([...corpus.test], [...corpus.valid]); // the same file
    assertEquals([...corpus.valid], [...vocabulary.encode(heldOut.join("\n"))]);
    assertEquals(counts.valid.unknown, 2);
    assertEquals(source.identity.train.length, 3);

    const copy = await openCorpus({ dataset: "lm1b", path, vocabulary, splits: ["test"] });
    assertEquals([copy.valid.length, copy.sentences!.train.length], [0, 0]);
    await Deno.writeTextFile(`${path}/valid.txt`, "of a\r\n\r\nthe");
    const { valid } = await openCorpus({ dataset: "lm1b", path });
    assertEquals([...valid], [0, 2, 3, 0, 0, 0, 0, 1, 0]);
  });
});

Deno.test("openCorpus() takes the numbered training files of a downloaded benchmark", async () => {
  await inFolder(async (path) => {
    const archive = `${path}/${ARCHIVE}`;
    const { train, valid } = await openCorpus({ dataset: "lm1b", path })
      .then(({ sentences, valid }) => ({ train: sentences!.train, valid }));
    for (const [i, file] of train.entries()) {
      await Deno.rename(file.path, `${path}/train-0000${i + 1}-of-00100.txt`);
    }
    const heldOut = "heldout-monolingual.tokenized.shuffled/news.en.heldout-00000-of-00050";
    for (const split of ["valid", "test"]) {
      await Deno.copyFile(`${archive}/${heldOut}`, `${path}/${split}.txt`);
    }
    await Deno.remove(archive, { recursive: true });
    const downloaded = await openCorpus({ dataset: "lm1b", path });
    assertEquals(
      downloaded.sentences!.train.map(({ sentences }) => sentences),
      train.map(({ sentences }) => sentences),
    );
    assertEquals(downloaded.valid, valid);
  });
});

Deno.test("openCorpus() says which file of the benchmark or which mark is missing", async () => {
  await inFolder(async (path) => {
    const words = new WordVocabulary(["<eos>", "the"]);
    const other = () => openCorpus({ dataset: "lm1b", path, vocabulary: words });
    await assertRejects(other, DataError, "none of them marks");
    await Deno.writeTextFile(`${path}/1b_word_vocab.txt`, "<S>\nthe\n");
    const open = () => openCorpus({ dataset: "lm1b", path });
    await assertRejects(open, DataError, "none of its 2 symbols is <UNK>");
    const archive = `${path}/${ARCHIVE}`;
    await Deno.remove(`${archive}/heldout-monolingual.tokenized.shuffled`, { recursive: true });
    await assertRejects(open, DataError, 'valid.txt" nor');
    await Deno.remove(`${archive}/training-monolingual.tokenized.shuffled`, { recursive: true });
    await assertRejects(open, DataError, `neither "${path}/train-*-of-*.txt" nor "${archive}`);
    await Deno.remove(`${path}/1b_word_vocab.txt`);
    await Deno.writeTextFile(`${path}/valid.txt`, "the of\n");
    const valid = () => openCorpus({ dataset: "lm1b", path, splits: ["valid"] });
    await assertRejects(valid, DataError, "there is neither");
  });
});

Deno.test("A text of lines is scored with the sentence mark at the end of every line", async () => {
  await inFolder(async (path) => {
    const { vocabulary } = await openCorpus({ dataset: "lm1b", path });
    await Deno.writeTextFile(`${path}/lines.txt`, "the of\na\n");
    const text = { dataset: "text", path: `${path}/lines.txt`, vocabulary } as const;
    const { test } = await openCorpus({ ...text, wholeAs: "test" });
    assertEquals([...test], [1, 2, 0, 3, 0]);
    assertEquals(new Batches(test, { batchSize: 1, tgtLen: 4 }).segmentCount, 1);
  });
});

Deno.test("WorkerReader reads the files that it is asked for, and reports one that is gone", async () => {
  await inFolder(async (path) => {
    const { sentences, vocabulary } = await openCorpus({ dataset: "lm1b", path });
    using reader = new WorkerReader(sentences!.train, vocabulary as WordVocabulary);
    const [second, first] = await Promise.all([reader.read(1), reader.read(0)]);
    const encoded = (file: number, count: number) => [
      ...vocabulary.encode(sentencesOf(file, count).join("\n")),
    ];
    assertEquals([...second.ids], encoded(1, 30));
    assertEquals([...first.ids], encoded(0, 40));
    assertEquals(first.starts.length, 41);
    await Deno.remove(sentences!.train[2]!.path);
    await assertRejects(() => reader.read(2), DataError, "does not exist");
    assertEquals((await reader.read(1)).ids.length, second.ids.length);
  });
});

/** The words of the training files that occur at least three times, most frequent first. */
function frequentWords(): string[] {
  const counts = new Map<string, number>();
  const sentences = [40, 30, 50].flatMap((count, file) => sentencesOf(file, count));
  for (const word of sentences.join(" ").split(" ")) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].filter(([, count]) => count >= 3).sort((a, b) => b[1] - a[1])
    .map(([word]) => word);
}

Deno.test("without a list, the words are those that occur three times in the training files", async () => {
  await inFolder(async (path) => {
    await Deno.remove(`${path}/1b_word_vocab.txt`);
    const corpus = await openCorpus({ dataset: "lm1b", path });
    assertEquals(corpus.vocabulary.symbols, ["<S>", "<UNK>", ...frequentWords()]);
    assert(corpus.vocabulary.has("rare10") && !corpus.vocabulary.has("rare43"));
    assertEquals(
      corpusLines(corpus).filter((line) => line.startsWith("The words")),
      [
        "The words are those that occur 3 times or more in the training files: there is no " +
        `"${path}/1b_word_vocab.txt"`,
      ],
    );
    const { sentences, vocabulary } = await openCorpus({ dataset: "lm1b", path, splits: ["test"] });
    assertEquals(vocabulary.symbols, corpus.vocabulary.symbols); // counted in files of another split
    assertEquals(sentences!.train, []);
    const kept = await openCorpus({ dataset: "lm1b", path, vocabulary });
    assertEquals(kept.sentences!.missingList, undefined);
  });
});

Deno.test("counts are kept, and counted again for a file that changes or a damaged cache", async () => {
  for (const isListed of [true, false]) {
    await inFolder(async (path) => {
      if (!isListed) await Deno.remove(`${path}/1b_word_vocab.txt`);
      const cacheDir = `${path}/cache`;
      const open = async () => {
        const { source, sentences, vocabulary } = await openCorpus({
          dataset: "lm1b",
          path,
          cacheDir,
        });
        const { cached, key, identity } = source;
        const files = sentences!.train.map(({ sentences, tokens }) => [sentences, tokens]);
        return { cached, same: { key, identity, files, symbols: vocabulary.symbols } };
      };
      const first = await open();
      assertEquals(first.cached, false);
      const cache = [...Deno.readDirSync(cacheDir)].map(({ name }) => `${cacheDir}/${name}`);
      assertEquals(cache.length, 1);
      const again = await open();
      assertEquals(again, { cached: true, same: first.same });

      // Read again, file by file: what is kept of the others is not looked at.
      const text = await Deno.readTextFile(cache[0]!);
      await Deno.writeTextFile(cache[0]!, text.replace('"sentences":40', '"sentences":41'));
      assertEquals(await open(), first);
      await Deno.writeTextFile(cache[0]!, "");
      assertEquals(await open(), first);

      const changed = `${path}/${TRAINING}/news.en-00002-of-00100`;
      await Deno.writeTextFile(changed, "the the rare99 rare99 rare99\n");
      const other = await open();
      assertEquals(other.cached, false);
      assertEquals(other.same.files[1], [1, 7]);
      assertEquals([other.same.files[0], other.same.files[2]], [
        first.same.files[0],
        first.same.files[2],
      ]);
      assertEquals(other.same.symbols.includes("rare99"), !isListed);
      assertEquals(await open(), { ...other, cached: true });

      // The same length, another time.
      await Deno.writeTextFile(changed, "the of rare98 rare98 rare98 \n");
      await Deno.utime(changed, new Date(1e12), new Date(1e12));
      const third = await open();
      assertEquals([third.cached, third.same.symbols.includes("rare98")], [false, !isListed]);
    });
  }
});

Deno.test("a cache that cannot be written is told, and changes nothing", async () => {
  await inFolder(async (path) => {
    await Deno.writeTextFile(`${path}/file`, "");
    const open = (cacheDir?: string) => openCorpus({ dataset: "lm1b", path, cacheDir });
    const { source, ...corpus } = await open(`${path}/file/cache`);
    assert(source.notKept!.startsWith("Cannot write"), source.notKept);
    const { source: without, ...plain } = await open();
    assertEquals([source.key, without.notKept], [without.key, undefined]);
    assertEquals(corpus.sentences, plain.sentences);
  });
});

Deno.test("one file is all of its sentences; a folder is not one text", async () => {
  await inFolder(async (path) => {
    const { vocabulary, valid, sentences } = await openCorpus({ dataset: "lm1b", path });
    const whole = { dataset: "lm1b", wholeAs: "test", vocabulary } as const;
    const file = `${path}/${HELD_OUT}/news.en.heldout-00000-of-00050`;
    const alone = await openCorpus({ ...whole, path: file });
    assertEquals([alone.test, alone.valid.length], [valid, 0]);
    assertEquals(alone.sentences!.test, sentences!.valid);
    await assertRejects(
      () => openCorpus({ ...whole, path }),
      DataError,
      "it has the splits of a data set of sentences",
    );
    const asFolder = () => openCorpus({ dataset: "lm1b", path: file, vocabulary });
    await assertRejects(asFolder, DataError, "not a folder, the folder of the benchmark is wanted");
  });
});
