/**
 * Files of a text, the split that each is, and files that are no UTF-8 text.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  corpusLines,
  cutoffsFor,
  type Dataset,
  DATASETS,
  openCorpus,
  REMEDIES,
  spacesAdvice,
  SPLITS,
  WordVocabulary,
} from "@transformer-xl/model";
import { ConfigError, DataError, remedySentence } from "@transformer-xl/runtime";
import { Scratch } from "../../support/small_run.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

/** A folder with these files, in a folder that is removed. */
async function write(scratch: Scratch, folder: string, files: Files): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    const path = scratch.at(`${folder}/${name}`);
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else await Deno.writeFile(path, content);
  }
  return scratch.at(folder);
}

const [TRAIN, VALID, TEST] = ["a b a b\n", "a a\n", "b b\n"] as const;

Deno.test("splits are found in every usual spelling", async () => {
  await using scratch = new Scratch();
  const spellings: readonly (readonly [string, string, string])[] = [
    ["train.txt", "valid.txt", "test.txt"],
    ["wiki.train.raw", "wiki.valid.raw", "wiki.test.raw"],
    ["ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"],
    ["train.tsv", "dev.tsv", "test.tsv"],
    ["Train.TXT", "Validation.TXT", "Test.TXT"],
    ["my-train.txt", "my-val.txt", "my-eval.txt"],
    ["my_training.csv", "my_valid.csv", "my_test.csv"],
    ["train.de.txt", "dev.de.txt", "test.de.txt"],
    ["train", "valid", "test"],
    ["train/a.txt", "validation/b.tokens", "test/c.TXT"],
    ["corpus/train.txt", "corpus/valid.txt", "corpus/test.txt"],
    ["train.md", "valid.md", "test.md"],
  ];
  for (const [i, [train, valid, test]] of spellings.entries()) {
    const path = await write(scratch, `f${i}`, { [train]: TRAIN, [valid]: VALID, [test]: TEST });
    const { source, vocabulary, ...streams } = await openCorpus({ dataset: "text", path });
    const texts = SPLITS.map((split) => vocabulary.decode(streams[split]));
    assertEquals(texts, [TRAIN, VALID, TEST], train);
    assertEquals(source.files, [train, valid, test].map((name) => `${path}/${name}`));
  }
});

Deno.test("numbered files of a split are joined in the order of their names", async () => {
  await using scratch = new Scratch();
  const path = await write(scratch, "f", {
    "train-00001-of-00002.txt": "b\n",
    "train-00000-of-00002.txt": "a\n",
    "valid-00000-of-00001.txt": VALID,
    "test.txt": TEST,
    "notes.doc": "x",
  });
  const { vocabulary, train, source } = await openCorpus({ dataset: "text", path });
  assertEquals(vocabulary.decode(train), "a\nb\n");
  assertEquals(source.leftOut, [`"${path}/notes.doc" (not a split)`]);
});

Deno.test("valid and test without train are refused for training and enough for evaluation", async () => {
  await using scratch = new Scratch();
  const vocabulary = WordVocabulary.fromText("a b");
  for (const names of [["valid.txt", "test.txt"], ["wiki.valid.tokens", "wiki.test.tokens"]]) {
    const path = await write(scratch, names[0]!, { [names[0]!]: VALID, [names[1]!]: TEST });
    const dataset: Dataset = names[0] === "valid.txt" ? "text" : "wt2";
    const { message } = await assertRejects(() => openCorpus({ dataset, path }), DataError);
    assertMatch(message, /has the split "valid" .* and "test" .* but no "train", add ".*train/);
    const corpus = await openCorpus({ dataset, path, vocabulary, splits: ["valid", "test"] });
    assertEquals([corpus.train.length, corpus.valid.length, corpus.test.length], [0, 3, 3]);
    await Deno.remove(`${path}/${names[1]}`);
    const valid = await openCorpus({ dataset, path, vocabulary, splits: ["valid"] });
    assertEquals(valid.source.files, [`${path}/${names[0]}`]);
  }
});

Deno.test("evaluation opens the splits it scores and no other", async () => {
  await using scratch = new Scratch();
  const path = await write(scratch, "f", {
    "train.txt": Uint8Array.of(0xff), // not even UTF-8
    "valid.txt": VALID,
    "test.txt": TEST,
  });
  const options = {
    dataset: "text",
    path,
    vocabulary: WordVocabulary.fromText("a b"),
    splits: ["test"],
    cacheDir: scratch.at("cache"),
  } as const;
  assertEquals((await openCorpus(options)).source.files, [`${path}/test.txt`]);
  assertEquals((await openCorpus(options)).source.cached, true);
  assertEquals((await openCorpus({ ...options, splits: ["valid"] })).source.cached, false);
});

Deno.test("several texts in one folder, or two files for one split, are refused", async () => {
  await using scratch = new Scratch();
  const splits = (prefix: string) => ({
    [`${prefix}.train.txt`]: TRAIN,
    [`${prefix}.valid.txt`]: VALID,
    [`${prefix}.test.txt`]: TEST,
  });
  const refuses = async (files: Files, message: RegExp) => {
    const path = await write(scratch, crypto.randomUUID(), files);
    const error = await assertRejects(() => openCorpus({ dataset: "text", path }), DataError);
    assertMatch(remedySentence(error, REMEDIES), message);
  };
  await refuses({ ...splits("a"), ...splits("b") }, /holds splits of 2 texts/);
  await refuses(
    { "train.txt": TRAIN, "valid.txt": VALID, "dev.txt": VALID, "test.txt": TEST },
    /"valid" in .*: both .*dev\.txt" and .*valid\.txt" have its name/,
  );
  await refuses(
    { "readme.txt": "a\n", "ptb/train.txt": TRAIN, "ptb/valid.txt": VALID, "ptb/test.txt": TEST },
    /holds the splits of a text in .*ptb" beside other text; give --data that folder/,
  );
});

Deno.test("files that are about training and tests are texts like others", async () => {
  await using scratch = new Scratch();
  const path = await write(scratch, "f", {
    "how-to-train.md": "a b\n".repeat(9),
    "unit-test.txt": "a b\n".repeat(9),
    "cli_test.ts": "a b\n",
    "test.md": "a b\n",
    "train/x.ts": "a b\n",
    "src/y.ts": "a b\n",
  });
  assertEquals((await openCorpus({ dataset: "text", path })).source.files.length, 6);
});

Deno.test("what a folder holds besides text is left out and said", async () => {
  await using scratch = new Scratch();
  const path = await write(scratch, "f", {
    "a.TXT": "a b\n".repeat(20),
    "b.Md": "b a\n",
    "empty.txt": "",
    "image.png": "x",
    "with space é.txt": "a\n",
  });
  await Deno.symlink(`${path}/gone`, `${path}/dangling.txt`);
  await Deno.symlink(path, `${path}/circle`);
  await Deno.symlink(`${path}/a.TXT`, `${path}/zz.txt`);
  const corpus = await openCorpus({ dataset: "text", path });
  assertEquals(
    corpus.source.files,
    ["a.TXT", "b.Md", "with space é.txt", "zz.txt"].map((name) => `${path}/${name}`),
  );
  assertEquals([...corpus.source.leftOut].sort(), [
    `"${path}/circle" (read already)`,
    `"${path}/dangling.txt" (a link to nothing)`,
    `"${path}/empty.txt" (empty)`,
    `"${path}/image.png" (not .txt, .md, .ts)`,
  ]);
  assertStringIncludes(corpusLines(corpus).join("\n"), `left out : "${path}/dangling.txt"`);
});

Deno.test({
  name: "a named pipe and a device are not files, and are not waited for",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using scratch = new Scratch();
    const pipe = scratch.at("pipe.txt");
    const { success } = await new Deno.Command("mkfifo", { args: [pipe] }).output();
    assert(success);
    for (const [path, kind] of [[pipe, "a named pipe"], ["/dev/zero", "a device"]] as const) {
      const { message } = await assertRejects(
        () => openCorpus({ dataset: "text", path }),
        DataError,
      );
      assertStringIncludes(message, `is not a file or folder but ${kind}`);
      await assertRejects(() => openCorpus({ dataset: "self", files: [path] }), DataError, kind);
    }
    await Deno.writeTextFile(scratch.at("a.txt"), "a b\n".repeat(20));
    const { source } = await openCorpus({ dataset: "text", path: scratch.path });
    assertEquals(source.leftOut, [`"${pipe}" (a named pipe)`]);
  },
});

Deno.test("a byte order mark is no part of the first word", async () => {
  await using scratch = new Scratch();
  const text = "a b\n".repeat(20);
  for (const vocab of ["word", "char"] as const) {
    const plain = await openCorpus({ dataset: "text", path: await scratch.text("a", text), vocab });
    const path = await scratch.text("b", `\ufeff${text}`);
    for (const chunkBytes of [1, 2, 1 << 20]) {
      const marked = await openCorpus({ dataset: "text", path, vocab, chunkBytes });
      assertEquals(marked.vocabulary.symbols, plain.vocabulary.symbols);
      assertEquals(marked.train, plain.train);
    }
  }
});

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), littleEndian);
  return bytes;
}

const FRENCH = "l'été dernier, la rivière était déjà gelée\n";
const RUSSIAN = Uint8Array.from([
  ...[0xf1, 0xea, 0xe0, 0xe7, 0xea, 0xe0, 0x20, 0xee, 0x20, 0xf0, 0xfb, 0xe1, 0xe0, 0xea, 0xe5],
  ...[0x20, 0xe8, 0x20, 0xf0, 0xfb, 0xe1, 0xea, 0xe5, 0x0a], // "сказка о рыбаке и рыбке"
]);

Deno.test("other encodings are named with a command that converts the file", async () => {
  await using scratch = new Scratch();
  const cases: readonly (readonly [name: string, bytes: Uint8Array, text: string])[] = [
    ["UTF-16", utf16(`\ufeff${FRENCH}`, true), FRENCH],
    ["UTF-16", utf16(`\ufeff${FRENCH}`, false), FRENCH],
    ["UTF-16LE", utf16(FRENCH, true), FRENCH],
    ["UTF-16BE", utf16(FRENCH, false), FRENCH],
    ["WINDOWS-1252", Uint8Array.from(FRENCH, (c) => c.charCodeAt(0)), FRENCH],
    ["WINDOWS-1251", RUSSIAN, "сказка о рыбаке и рыбке\n"],
  ];
  for (const [i, [encoding, bytes, text]] of cases.entries()) {
    const path = scratch.at(`it's ${i}.txt`);
    await Deno.writeFile(path, bytes);
    const { message } = await assertRejects(() => openCorpus({ dataset: "text", path }), DataError);
    const [, command] = /convert it with (iconv -f .*? > '.*\.utf8\.txt')/.exec(message) ?? [];
    assertStringIncludes(command ?? message, `iconv -f ${encoding} -t UTF-8`);
    if (Deno.build.os === "windows") continue;
    const { success } = await new Deno.Command("sh", { args: ["-c", command!] }).output();
    if (success) assertEquals(await Deno.readTextFile(`${path}.utf8.txt`), text);
  }
  const packed = scratch.at("t.txt.gz");
  await Deno.writeFile(packed, Uint8Array.of(0x1f, 0x8b, 8, 0));
  await assertRejects(
    () => openCorpus({ dataset: "text", path: packed }),
    DataError,
    `it is compressed (gzip), not UTF-8, convert it with gunzip -k '${packed}'`,
  );
});

Deno.test("text without spaces is noticed, with characters as the remedy", async () => {
  await using scratch = new Scratch();
  const line = (i: number) => `今天天气${String.fromCodePoint(0x4e00 + i)}很好我们去公园吧`;
  const lines = Array.from({ length: 200 }, (_, i) => line(i));
  const path = await scratch.text("lines.txt", lines.join("\n"));
  const corpus = await openCorpus({ dataset: "text", path });
  assertMatch(
    spacesAdvice(corpus)!,
    /200 different words among 200, 1\.0 on a line.*not be separated by spaces$/,
  );
  const oneLine = await scratch.text("line.txt", lines.join(""));
  const error = await assertRejects(
    () => openCorpus({ dataset: "text", path: oneLine }),
    DataError,
    "it has 2 tokens, at least 20 are needed, give more text",
  );
  assertMatch(remedySentence(error, REMEDIES), /give more text; or use --vocab char/);
  const english = await scratch.text("english.txt", "to be or not to be\n".repeat(30));
  assertEquals(spacesAdvice(await openCorpus({ dataset: "text", path: english })), undefined);
});

Deno.test("a corpus says its files, tokens and lines per split, vocabulary and unknown words", async () => {
  await using scratch = new Scratch();
  const path = await write(scratch, "f", {
    "train.txt": "a b a b\nc\n",
    "valid.txt": "a z\n",
    "test.txt": "b b\n\n",
  });
  const corpus = await openCorpus({ dataset: "text", path, minFreq: 2, unknown: "<unk>" });
  assertEquals(corpusLines(corpus), [
    "text : 3 files, 14 tokens, 4 symbols of kind word, 2 unknown words (14.29 %)",
    `    - train : 7 tokens, 2 lines, 1 unknown words (14.29 %): "${path}/train.txt"`,
    `    - valid : 3 tokens, 1 lines, 1 unknown words (33.33 %): "${path}/valid.txt"`,
    `    - test : 4 tokens, 2 lines: "${path}/test.txt"`,
  ]);
});

Deno.test("an unknown data set is never taken for another one", async () => {
  const names = ["self", "text", "wt2", "wt103", "ptb", "shakespeare", "enwik8", "text8", "lm1b"];
  assertEquals<string[]>(DATASETS, names);
  const dataset = "enwik9" as Dataset;
  const says = /there is none of that name, use one of self, text, wt2, wt103, ptb, /;
  const opened = await assertRejects(() => openCorpus({ dataset, path: "/" }), ConfigError);
  assertMatch(opened.message, says);
  try {
    cutoffsFor(dataset, 100_000);
    assert(false, "cut-offs of no data set");
  } catch (error) {
    assertMatch((error as Error).message, says);
  }
});

Deno.test({
  name: "a subfolder that the user may not enter is named",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const path = await Deno.makeTempDir();
    await Deno.mkdir(`${path}/sub`);
    await Deno.writeTextFile(`${path}/a.txt`, "a b c\n".repeat(100));
    await Deno.chmod(`${path}/sub`, 0o000);
    try {
      const { message } = await refusing(
        `${path}/sub`,
        () => assertRejects(() => openCorpus({ dataset: "text", path }), DataError),
      );
      assertStringIncludes(message, `Cannot read folder "${path}/sub": permission is denied`);
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  },
});

/**
 * Does `work` while one folder refuses to be listed, as the system refuses a user without the right.
 * Root may list every folder, so for root the refusal is made here.
 */
async function refusing<T>(folder: string, work: () => Promise<T>): Promise<T> {
  if (Deno.uid() !== 0) return await work();
  const { readDir } = Deno;
  Deno.readDir = (path) => {
    if (path !== folder) return readDir(path);
    throw new Deno.errors.PermissionDenied(`Permission denied (os error 13): readdir '${folder}'`);
  };
  try {
    return await work();
  } finally {
    Deno.readDir = readDir;
  }
}
