import { openCorpus } from "@transformer-xl/model";
import { DataError, fileInfo } from "@transformer-xl/runtime";
import { prepare, type PrepareOptions, type Source, SOURCES } from "@transformer-xl/train/data";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Scratch } from "../../support/small_run.ts";
import { gzip, tar, zip } from "./archives.ts";
import { FileServer, type ServerHabits } from "./file_server.ts";

const hash = (algorithm: string, content: string | Uint8Array) =>
  createHash(algorithm).update(content).digest("hex");

const TEXTS = {
  "wiki.train.tokens": " = A = \n a b c \n".repeat(50),
  "wiki.valid.tokens": " a b \n",
  "wiki.test.tokens": " c \n",
};
const MEMBERS = Object.entries(TEXTS).map(([name, text]) => ({ name: `wikitext-2/${name}`, text }));
const ARCHIVE = await zip([{ name: "wikitext-2/README", text: "no text" }, ...MEMBERS]);

/** Facts of a small data set in the form of WikiText-2's. */
function smallSource(urls: readonly string[], changes: Partial<Source> = {}): Source {
  return {
    ...SOURCES.wt2,
    variants: [[{
      name: "wikitext-2-v1.zip",
      urls,
      bytes: ARCHIVE.length,
      checksums: { sha256: hash("sha256", ARCHIVE) },
    }]],
    parts: SOURCES.wt2.parts.map(({ path, entry }) => ({
      path,
      entry,
      checksums: { sha1: hash("sha1", TEXTS[path]) },
    })),
    ...changes,
  };
}

/** Texts of the files below a folder, by relative path. */
async function textsBelow(folder: string, prefix = ""): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) Object.assign(texts, await textsBelow(path, `${prefix}${name}/`));
    else texts[prefix + name] = await Deno.readTextFile(path);
  }
  return texts;
}

/** A server of the archive, a folder, and preparation in it. */
class Setting implements AsyncDisposable {
  readonly scratch = new Scratch();
  readonly server: FileServer;
  readonly lines: string[] = [];
  readonly to = this.scratch.at("data/wt2");

  constructor(habits: ServerHabits = {}) {
    this.server = new FileServer(ARCHIVE, habits);
  }

  async prepare(options: Partial<PrepareOptions> = {}, changes: Partial<Source> = {}) {
    const source = smallSource([this.server.url("wikitext-2-v1.zip")], changes);
    return await prepare({
      sources: { wt2: source, text8: SOURCES.text8 },
      dataset: "wt2",
      to: this.to,
      print: (line) => void this.lines.push(line),
      progress: () => {},
      attempts: 1,
      pauseMs: 1,
      ...options,
    });
  }

  /** Imports one file with these bytes. */
  async import(name: string, bytes: Uint8Array, changes: Partial<Source> = {}) {
    await Deno.writeFile(this.scratch.at(name), bytes);
    return await this.prepare({ from: [this.scratch.at(name)] }, changes);
  }

  /** Names below the folder of the data set and its download. */
  async names(): Promise<string[]> {
    return Object.keys(await textsBelow(this.scratch.path)).sort();
  }

  async texts(): Promise<Record<string, string>> {
    const { [".data_set.json"]: _, ...texts } = await textsBelow(this.to);
    return texts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.scratch[Symbol.asyncDispose]();
  }
}

Deno.test("a downloaded data set is a folder that opens as its data set, and nothing else is left", async () => {
  await using setting = new Setting();
  const { files, wasThere } = await setting.prepare();
  assertEquals([files.length, wasThere], [3, false]);
  assertEquals(await setting.texts(), TEXTS);
  assertEquals([...Deno.readDirSync(setting.scratch.at("data"))].map(({ name }) => name), ["wt2"]);
  const corpus = await openCorpus({ dataset: "wt2", path: setting.to, cacheDir: undefined });
  assertEquals(corpus.vocabulary.size, 6); // = A a b c <eos>
  assertStringIncludes(setting.lines.join("\n"), "wiki.test.tokens: 4 bytes, SHA-1 as published");
});

Deno.test("a second run finds the folder complete, and a changed text is named", async () => {
  await using setting = new Setting();
  await setting.prepare();
  assert((await setting.prepare()).wasThere);
  assertEquals(setting.server.asked.length, 1);
  await Deno.writeTextFile(`${setting.to}/wiki.test.tokens`, "other");
  await assertRejects(() => setting.prepare(), DataError, '"wiki.test.tokens" is changed');
});

Deno.test("what a run leaves that ends behind its last move is removed by the next, kept downloads are not", async () => {
  await using setting = new Setting();
  await setting.prepare({ keep: true });
  const kept = await setting.names();
  assert(kept.includes("data/wt2.download/wikitext-2-v1.zip"));
  await setting.prepare();
  assertEquals(await setting.names(), kept);

  await using killed = new Setting();
  await killed.prepare();
  const whole = await killed.names();
  const work = `${killed.to}.download`;
  await Deno.mkdir(`${work}/unpacked`, { recursive: true });
  for (const name of ["wikitext-2-v1.zip", "lock"]) {
    await Deno.writeFile(`${work}/${name}`, ARCHIVE);
  }
  {
    using other = await Deno.open(`${work}/lock`, { write: true });
    await other.lock(true);
    await killed.prepare();
    assertEquals((await killed.names()).length, whole.length + 2);
  }
  assert((await killed.prepare()).wasThere);
  assertEquals(await killed.names(), whole);
  assertEquals(await fileInfo(work), undefined);
});

Deno.test("an interrupted run leaves no folder, and the next one resumes", async () => {
  await using setting = new Setting({
    ranges: true,
    etag: '"1"',
    breaks: [200],
    statuses: [200, 500],
  });
  await assertRejects(() => setting.prepare(), DataError);
  assertEquals(await setting.names(), [
    "data/wt2.download/wikitext-2-v1.zip.part",
    "data/wt2.download/wikitext-2-v1.zip.part.json",
  ]);
  await setting.prepare();
  assertEquals(setting.server.asked, [null, "bytes=200-", "bytes=200-"]);
  assertEquals(await setting.texts(), TEXTS);
  assertEquals((await setting.names()).length, 4);
});

Deno.test("texts of an interrupted unpacking are written anew", async () => {
  await using setting = new Setting();
  const folder = `${setting.to}.download/unpacked`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/wiki.train.tokens`, "half");
  await setting.prepare({ keep: true });
  assertEquals(await setting.texts(), TEXTS);
  const kept = [...Deno.readDirSync(`${setting.to}.download`)].map(({ name }) => name);
  assertEquals(kept, ["wikitext-2-v1.zip"]);
});

Deno.test("without a network the message says what to download by hand and where to put it", async () => {
  await using setting = new Setting();
  const url = setting.server.url("wikitext-2-v1.zip");
  await setting.server[Symbol.asyncDispose]();
  const { message } = await assertRejects(() => setting.prepare(), DataError);
  const place = `${setting.to}.download/wikitext-2-v1.zip`;
  assertEquals(
    message,
    `Cannot download wt2: ${new URL(url).host}: Connection refused; run again to continue, or ` +
      `download by hand ${url} to "${place}", and run again`,
  );
  await Deno.writeFile(place, ARCHIVE);
  await setting.prepare();
  assertEquals(await setting.texts(), TEXTS);
});

Deno.test("a later variant is used where the first cannot be reached", async () => {
  await using setting = new Setting();
  await using other = new FileServer(await gzip(tar(MEMBERS)));
  const variants = [
    [{ name: "gone.zip", urls: [setting.server.url("missing")] }],
    [{ name: "texts.tgz", urls: [other.url("texts.tgz")] }],
  ];
  await setting.prepare({}, { variants });
  assertEquals(await setting.texts(), TEXTS);
});

Deno.test("a downloaded text that differs from the published one is refused", async () => {
  await using setting = new Setting();
  const parts = SOURCES.wt2.parts;
  await assertRejects(
    () => setting.prepare({}, { parts }),
    DataError,
    "is published; import a copy",
  );
  assert(!(await setting.names()).some((name) => name.startsWith("data/wt2/")));
});

Deno.test("a download without a checksum that cannot be used is fetched again by the next run", async () => {
  await using setting = new Setting();
  const url = setting.server.url("texts.zip");
  const variants = [[{ name: "texts.zip", urls: [url] }]];
  setting.server.content = ARCHIVE.slice(0, 300);
  await assertRejects(() => setting.prepare({}, { variants }), DataError, "Cannot unpack");
  setting.server.content = ARCHIVE;
  await setting.prepare({}, { variants });
  assertEquals(await setting.texts(), TEXTS);
});

Deno.test("a folder with other files is left alone", async () => {
  await using setting = new Setting();
  await Deno.mkdir(setting.to, { recursive: true });
  await Deno.writeTextFile(`${setting.to}/mine.txt`, "mine");
  await assertRejects(() => setting.prepare(), DataError, "holds other files; give a new or empty");
  assertEquals(await textsBelow(setting.scratch.path), { "data/wt2/mine.txt": "mine" });
});

Deno.test("two processes do not prepare one folder", async () => {
  await using setting = new Setting();
  await Deno.mkdir(`${setting.to}.download`, { recursive: true });
  using lock = await Deno.open(`${setting.to}.download/lock`, { write: true, create: true });
  await lock.lock(true);
  await assertRejects(() => setting.prepare(), DataError, "another process does");
});

Deno.test("archives, gzip files and folders of the user are imported", async () => {
  const plain = (scratch: Scratch) => {
    Deno.mkdirSync(scratch.at("mine/deep"), { recursive: true });
    for (const [name, text] of Object.entries(TEXTS)) {
      Deno.writeTextFileSync(scratch.at(`mine/deep/${name}`), text);
    }
    Deno.writeTextFileSync(scratch.at("mine/notes.txt"), "left out");
    return [scratch.at("mine")];
  };
  const packed = async (scratch: Scratch) => {
    const paths: string[] = [];
    for (const [name, text] of Object.entries(TEXTS)) {
      paths.push(scratch.at(`${name}.gz`));
      await Deno.writeFile(paths.at(-1)!, await gzip(text));
    }
    return paths;
  };
  const archive = async (scratch: Scratch) => {
    await Deno.writeFile(scratch.at("a.zip"), ARCHIVE);
    return [scratch.at("a.zip")];
  };
  for (const make of [plain, packed, archive]) {
    await using setting = new Setting();
    await setting.prepare({ from: await make(setting.scratch) });
    assertEquals(await setting.texts(), TEXTS, make.name);
    assertEquals(setting.server.asked, []);
    assertStringIncludes(
      setting.lines.join("\n"),
      "wiki.train.tokens: 800 bytes, SHA-1 as published",
      make.name,
    );
  }
});

Deno.test("Parquet shards of one split are joined in the order of their numbers", async () => {
  await using setting = new Setting();
  const rows = await Deno.readFile(
    fileURLToPath(new URL("train-00000-of-00001.parquet", import.meta.url)),
  );
  const names = [
    "train-00000-of-00002",
    "train-00001-of-00002",
    "validation-00000-of-00001",
    "test-00000-of-00001",
  ];
  const from = names.map((name) => setting.scratch.at(`${name}.parquet`));
  for (const path of from) await Deno.writeFile(path, rows);
  await setting.prepare({ from: from.toReversed() });
  const text = " \n = Robert <unk> = \n \n A film . \n in 2000 café \n \n last line\n";
  assertEquals(await setting.texts(), {
    "wiki.train.tokens": text + text,
    "wiki.valid.tokens": text,
    "wiki.test.tokens": text,
  });
  assertStringIncludes(
    setting.lines.join("\n"),
    "wiki.train.tokens: 126 bytes, not the published text",
  );
});

Deno.test("a file of another data set is named, an unknown one is imported and said to be unknown", async () => {
  await using setting = new Setting();
  const text8 = new TextEncoder().encode(" anarchism originated as a term of abuse");
  const [part] = SOURCES.text8.parts;
  const known = { ...SOURCES.text8, parts: [{ ...part, checksums: { md5: hash("md5", text8) } }] };
  await Deno.writeFile(setting.scratch.at("file"), text8);
  const from = [setting.scratch.at("file")];
  const sources = { wt2: smallSource([]), text8: known };
  await assertRejects(
    () => setting.prepare({ from, sources }),
    DataError,
    "as wt2: it is text8 of text8; import it as text8",
  );
  await setting.prepare({ from, sources, dataset: "text8" });
  assertEquals(await setting.texts(), { text8: new TextDecoder().decode(text8) });
  await using other = new Setting();
  await other.import("mine", new TextEncoder().encode("abc"), { ...SOURCES.text8 });
  assertStringIncludes(other.lines.join("\n"), "mine: none of the published files, its SHA-256 is");
});

Deno.test("the benchmark of a billion words gets numbered training files and one held-out file twice", async () => {
  await using setting = new Setting();
  const shard = (i: number) => `${String(i).padStart(5, "0")}-of-00100`;
  const root = "1-billion-word-language-modeling-benchmark-r13output";
  const members = [
    ...Array.from({ length: 99 }, (_, i) => ({
      name: `${root}/training-monolingual.tokenized.shuffled/news.en-${shard(i + 1)}`,
      text: `sentence ${i}\n`,
    })),
    ...["00000", "00001"].map((i) => ({
      name: `${root}/heldout-monolingual.tokenized.shuffled/news.en.heldout-${i}-of-00050`,
      text: `held ${i}\n`,
    })),
  ];
  await setting.import("lm.tar.gz", await gzip(tar(members)), { ...SOURCES.lm1b });
  const texts = await setting.texts();
  assertEquals(Object.keys(texts).length, 101);
  assertEquals(texts["train-00099-of-00100.txt"], "sentence 98\n");
  assertEquals([texts["valid.txt"], texts["test.txt"]], ["held 00000\n", "held 00000\n"]);
  await using other = new Setting();
  await assertRejects(
    async () => await other.import("lm.tar", tar(members.slice(1)), { ...SOURCES.lm1b }),
    DataError,
    'has 98 of 99 files "train-*.txt"',
  );
  const from = [setting.to];
  await other.prepare({ from, sources: { lm1b: SOURCES.lm1b }, dataset: "lm1b" });
  assertEquals(await other.texts(), texts);
});

Deno.test("bombs, links, empty texts and texts that are there twice are refused and leave no folder", async () => {
  const bomb = { name: "wiki.train.tokens", text: "\n".repeat(3_000_000) };
  const cases = [
    ["unpacks to more than", await zip([bomb])],
    ["unpacks to more than", await gzip(bomb.text), "wiki.train.tokens.gz"],
    ["is a link", tar([{ name: "wiki.train.tokens", text: "/etc/passwd", link: true }])],
    ["is a link", await zip([{ name: "wiki.train.tokens", text: "/etc/passwd", link: true }])],
    ["there already", tar([...MEMBERS, { name: "other/wiki.train.tokens", text: "again\n" }])],
    ["outside of the archive", tar([...MEMBERS, { name: "../wiki.train.tokens", text: "x" }])],
    ['has no "wiki.test.tokens"', await zip(MEMBERS.slice(0, 2))],
    [
      '"wiki.train.tokens" would be empty',
      tar(MEMBERS.map((each, i) => i ? each : { ...each, text: "" })),
    ],
  ] as const;
  for (const [sentence, bytes, name = "file"] of cases) {
    await using setting = new Setting();
    await assertRejects(
      () => setting.import(name, bytes, { maxBytes: 1_000_000 }),
      DataError,
      sentence,
    );
    assertEquals(await setting.names(), [name], sentence);
  }
});

Deno.test("every source has addresses, a licence and checksums of the right length", () => {
  const lengths: Record<string, number> = { sha256: 64, sha1: 40, md5: 32 };
  for (const { licence, page, variants, parts } of Object.values<Source>(SOURCES)) {
    assert(licence !== "" && URL.canParse(page));
    for (const { urls, checksums = {} } of variants.flat()) {
      assert(urls.length > 0 && urls.every((url) => URL.canParse(url)));
      for (const [name, hex] of Object.entries(checksums)) assertEquals(hex.length, lengths[name]);
    }
    for (const { checksums = {} } of parts) {
      for (const [name, hex] of Object.entries(checksums)) assertEquals(hex.length, lengths[name]);
    }
  }
});
