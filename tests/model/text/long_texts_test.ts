/** Texts whose ids are not in memory: on disk while they are encoded, and read by position. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Batches,
  type Corpus,
  corpusLines,
  type CorpusOptions,
  openCorpus,
  WordVocabulary,
} from "@transformer-xl/model";
import { DataError, hashName, SafetensorsFile, writeSafetensors } from "@transformer-xl/runtime";
import fc from "fast-check";
import { Scratch } from "../../support/small_run.ts";

/** Every kind of line end and white space, characters of all widths, a literal mark. */
const AWKWARD =
  "a\u00e9 \u20ac\u{1f600}\r\nB\u3000c\r\rd\u0085e\u2028f <eos> \x1cg\r\n\n\ufeffa b ";

const KINDS: readonly Partial<CorpusOptions>[] = [
  {},
  { minFreq: 7, unknown: "<unk>" },
  { maxSize: 3, unknown: "<unk>", lowerCase: true },
  { countFrom: "train", unknown: "<unk>" },
  { vocabulary: WordVocabulary.fromText("a b <unk>"), unknown: "<unk>" },
  { vocab: "char" },
  { vocab: "byte" },
  { vocab: "bpe" },
  { vocab: "bpe", compat: "head" },
];

/** Everything of a corpus that a run depends on. */
function contentOf(corpus: Corpus) {
  const { train, valid, test, counts, vocabulary, source } = corpus;
  const streams = [train, valid, test].map((ids) => [...ids]);
  return { streams, counts, symbols: vocabulary.symbols, identity: source.identity };
}

Deno.test("ids on disk equal ids in memory for every kind of symbols and any chunks", async () => {
  await using scratch = new Scratch();
  const path = await scratch.text("a.txt", "\ufeff" + AWKWARD.repeat(6) + "end\r");
  for (const [n, kind] of KINDS.entries()) {
    const options: CorpusOptions = { dataset: "text", path, ...kind };
    const want = contentOf(await openCorpus(options));
    const sizes = [[3, 50], [1, 50], [7, 1]] as const;
    for (const [chunkBytes, memoryIds] of kind.vocab === "bpe" ? sizes.slice(0, 1) : sizes) {
      using corpus = await openCorpus({ ...options, chunkBytes, memoryIds });
      assert(!(corpus.train instanceof Uint32Array));
      assertEquals(contentOf(corpus), want, JSON.stringify([kind, chunkBytes]));
    }
    const cacheDir = scratch.at(`cache${n}`);
    for (const cached of [false, true]) {
      using corpus = await openCorpus({ ...options, memoryIds: 1, cacheDir });
      assertEquals(corpus.source.cached, cached);
      assertEquals(contentOf(corpus), want, JSON.stringify(kind));
    }
    assertEquals((await Array.fromAsync(Deno.readDir(cacheDir))).length, 1);
  }
});

Deno.test("raw files of enwik8 and text8 are cut, stripped and renumbered on disk", async () => {
  await using scratch = new Scratch();
  const text = " anarchism\norigin\u00e4ted as  a term ".repeat(9);
  for (const dataset of ["enwik8", "text8"] as const) {
    const path = await scratch.text(dataset, text);
    for (const wholeAs of [undefined, "test"] as const) {
      const want = contentOf(await openCorpus({ dataset, path, wholeAs }));
      using corpus = await openCorpus({ dataset, path, wholeAs, memoryIds: 5, chunkBytes: 2 });
      assertEquals(contentOf(corpus), want);
    }
  }
});

Deno.test("any text has the same ids on disk, with splits of its own", async () => {
  await using scratch = new Scratch();
  const character = fc.constantFrom(..."ab\u00e9\u20ac\u{1f600} \t\r\n\x1c\u0085\u2029\ufeff");
  const texts = fc.array(fc.string({ unit: character, minLength: 2, maxLength: 40 }), {
    ...{ minLength: 3, maxLength: 3 },
  });
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 9 }), async (parts, chunkBytes) => {
      for (const [i, name] of ["train", "valid", "test"].entries()) {
        await scratch.text(`${name}.txt`, `a${parts[i]}`);
      }
      for (const vocab of ["word", "char"] as const) {
        const options: CorpusOptions = { dataset: "text", path: scratch.path, vocab };
        const want = contentOf(await openCorpus(options));
        using corpus = await openCorpus({ ...options, chunkBytes, memoryIds: 2 });
        assertEquals(contentOf(corpus), want);
      }
    }),
    { numRuns: 20, seed: 1111 },
  );
});

Deno.test("the place of a word without an id is the same on disk", async () => {
  await using scratch = new Scratch();
  const vocabulary = WordVocabulary.fromText("a b c");
  const messages = new Set<string>();
  const path = await scratch.text("a.txt", "a b c\n".repeat(30) + "c a zebra b\n");
  for (const memoryIds of [1, 7, undefined]) {
    const options: CorpusOptions = { dataset: "text", path, vocabulary, memoryIds };
    messages.add((await assertRejects(() => openCorpus(options), DataError)).message);
    await assertRejects(() => openCorpus({ ...options, maxSize: 2, vocabulary: undefined }));
  }
  assertEquals(messages.size, 1);
  assert([...messages][0]!.includes("line 2 of its split, word 3"), [...messages][0]);
});

Deno.test("batches of ids on disk are those of ids in memory", async () => {
  await using scratch = new Scratch();
  const path = await scratch.text("a.txt", Array.from({ length: 500 }, (_, i) => i).join(" "));
  const whole = { dataset: "text", path, wholeAs: "train" } as const;
  const { train } = await openCorpus(whole);
  using stored = await openCorpus({ ...whole, memoryIds: 10 });
  const cuts = [
    { batchSize: 7, tgtLen: 10, extLen: 3 },
    { batchSize: 4, tgtLen: 8, warmupLen: 20, rank: 1, ranks: 2 },
    { batchSize: 2, tgtLen: 9, warmupLen: 240 },
  ];
  for (const settings of cuts) {
    const [left, right] = [train, stored.train].map((ids) => new Batches(ids, settings));
    if (settings.warmupLen === undefined) {
      for (const each of [left!, right!]) each.roll(1111, 3);
    }
    assertEquals([...right!.segments()], [...left!.segments()]);
  }
  assertEquals(stored.train.at(-1), train.at(-1));
  assertEquals([stored.train.at(501), stored.train.at(-502)], [undefined, undefined]);
  assertEquals(stored.train.slice(-3, -1), train.slice(-3, -1));
  assertEquals(stored.train.slice(490, 9999), train.slice(490, 9999));
  assertEquals(stored.train.slice(9, 3).length, 0);
});

Deno.test("a cache that is stale, foreign or damaged is replaced, with one line that says so", async () => {
  await using scratch = new Scratch();
  const cacheDir = scratch.at("cache");
  const path = await scratch.text("a.txt", "a b c\n".repeat(20));
  const options: CorpusOptions = { dataset: "text", path, cacheDir, memoryIds: 1 };
  /** Opens the text twice; returns the line about the cache of the first time. */
  const open = async (change: Partial<CorpusOptions> = {}) => {
    using corpus = await openCorpus({ ...options, ...change });
    using again = await openCorpus({ ...options, ...change });
    assertEquals([corpus.source.cached, again.source.cached], [false, true]);
    assertEquals(contentOf(again), contentOf(corpus));
    assertEquals(corpusLines(again).filter((line) => line.includes("anew")), []);
    return corpusLines(corpus).filter((line) => line.includes("anew")).join("|");
  };
  const line = (reason: string) => `The text is encoded anew: the kept tokens ${reason}`;
  assertEquals(await open(), "");
  assertEquals(await open({ lowerCase: true }), line("are of other settings"));
  await Deno.remove(cacheDir, { recursive: true });
  await open();
  const [{ name }] = await Array.fromAsync(Deno.readDir(cacheDir)) as [Deno.DirEntry];
  const cache = `${cacheDir}/${name}`;

  await scratch.text("a.txt", "a b d\n".repeat(20)); // as long as before
  assertEquals(await open(), line("are of another text"));
  const bytes = await Deno.readFile(cache);
  const flipped = bytes.slice();
  flipped[bytes.length - 60]! ^= 1;
  for (const damaged of [flipped, bytes.slice(0, -5), bytes.slice(0, 6), new Uint8Array(0)]) {
    await Deno.writeFile(cache, damaged);
    assertEquals(await open(), line("are damaged"));
  }
  for (
    const [change, reason] of [
      [{ version: "2" }, "are of another version of this program"],
      [{ swapped: true }, "are damaged"],
    ] as const
  ) {
    await rewrite(cache, change);
    assertEquals(await open(), line(reason));
  }
  assertEquals(await Deno.readFile(cache), bytes);
});

/** Writes a cache file again, with a right checksum: of a version, or in the other order of bytes. */
async function rewrite(
  path: string,
  { version, swapped = false }: { readonly version?: string; readonly swapped?: boolean },
): Promise<void> {
  const tensors = [];
  const metadata: Record<string, string> = {};
  {
    using file = await SafetensorsFile.open(path);
    Object.assign(metadata, file.metadata, version && { version });
    for (const name of file.names) {
      const values = await file.tensor(name);
      const bytes = new Uint8Array(values.buffer);
      if (swapped && name !== "vocabulary") {
        for (let i = 0; i < bytes.length; i += 4) bytes.subarray(i, i + 4).reverse();
      }
      tensors.push({ name, dtype: file.dtype(name), shape: file.shape(name), values });
    }
  }
  await writeSafetensors(path, tensors, metadata);
}

Deno.test("a killed build leaves nothing that is used or stays", async () => {
  await using scratch = new Scratch();
  const cacheDir = scratch.at("cache");
  const path = await scratch.text("a.txt", "some words of a line\n".repeat(100_000));
  const options = { dataset: "text", path, cacheDir, memoryIds: 1000, chunkBytes: 1 };
  const model = new URL("../../../model/mod.ts", import.meta.url).href;
  const program = `const { openCorpus } = await import(${JSON.stringify(model)});
    await Deno.mkdir(${JSON.stringify(cacheDir)});
    console.log("encoding");
    await openCorpus(${JSON.stringify(options)});
    await openCorpus(${JSON.stringify({ ...options, vocab: "char" })});`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--ext=ts", "-"],
    ...{ cwd: new URL("../../..", import.meta.url), stdin: "piped", stdout: "piped" },
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(program));
  await input.close();
  const output = child.stdout.getReader();
  await output.read();
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill("SIGKILL");
  await output.cancel();
  assertEquals((await child.status).signal, "SIGKILL");
  // A file that the killed process was writing.
  const left = `${cacheDir}/corpus-0.safetensors.${
    hashName(Deno.hostname()).toString(16)
  }-${child.pid}-0.tmp`;
  await Deno.writeTextFile(left, "part of a file");
  using corpus = await openCorpus({ dataset: "text", path, cacheDir });
  assertEquals([corpus.source.cached, corpus.source.replaced], [false, undefined]);
  const names = (await Array.fromAsync(Deno.readDir(cacheDir))).map(({ name }) => name);
  assertEquals(names.length, 1);
  assert(/^corpus-\w+-\w+\.safetensors$/.test(names[0]!), names[0]);
});

Deno.test("the hash of a long text is the same from another thread, and where that fails", async () => {
  await using scratch = new Scratch();
  const path = await scratch.text("a.txt", AWKWARD.repeat(6));
  const options: CorpusOptions = { dataset: "text", path, cacheDir: scratch.at("cache") };
  const want = contentOf(await openCorpus(options));
  const { Worker } = globalThis;
  let answers = 0;
  /** A thread whose answers are counted. */
  class Counted extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener("message", () => answers++);
    }
  }
  /** A thread that fails. */
  class Failing extends Worker {
    constructor(_: string | URL, options?: WorkerOptions) {
      super("data:text/javascript,throw new Error()", options);
    }
  }
  try {
    for (const Thread of [Counted, Failing]) {
      globalThis.Worker = Thread;
      using corpus = await openCorpus({ ...options, chunkBytes: 2 });
      assert(corpus.source.cached);
      assertEquals(contentOf(corpus), want);
    }
  } finally {
    globalThis.Worker = Worker;
  }
  assertEquals(answers, 1);
});
