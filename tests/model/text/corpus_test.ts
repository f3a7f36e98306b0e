import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Corpus, type CorpusOptions, openCorpus, WordVocabulary } from "@transformer-xl/model";
import {
  DataError,
  SafetensorsFile,
  type SafetensorsTensor,
  writeSafetensors,
} from "@transformer-xl/runtime";
import fc from "fast-check";

/** Runs `body` with a folder that holds `files` and removes it afterwards. */
async function withFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      if (typeof content === "string") await Deno.writeTextFile(path, content);
      else await Deno.writeFile(path, content);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function streamsOf({ train, valid, test }: Corpus): number[][] {
  return [train, valid, test].map((ids) => [...ids]);
}

const WIKITEXT = {
  "wiki.train.tokens": " = A = \n\n b a b <unk> \n",
  "wiki.valid.tokens": " a b \n",
  "wiki.test.tokens": " <unk> A \n",
};

Deno.test("openCorpus() reads Penn Treebank under its file names, with the words of all splits", async () => {
  const files = {
    "ptb.train.txt": " the N <unk> \n the \n",
    "ptb.valid.txt": " valid the \n",
    "ptb.test.txt": " N test \n",
  };
  await withFolder(files, async (path) => {
    const options = { dataset: "ptb", path } as const;
    const { vocabulary } = await openCorpus(options);
    assertEquals(vocabulary.symbols.join(" "), "<eos> the N <unk> valid test");
    const { vocabulary: lower, test } = await openCorpus({ ...options, lowerCase: true });
    assertEquals(lower.decode(test), "n test\n");
  });
});

Deno.test("openCorpus() reads Shakespeare as characters of one file", async () => {
  await withFolder({ "input.txt": "ab\n".repeat(40) }, async (path) => {
    const corpus = await openCorpus({ dataset: "shakespeare", path: `${path}/input.txt` });
    assertEquals([corpus.vocabulary.kind, corpus.vocabulary.size], ["char", 3]);
    assertEquals(corpus.train.length, 108);
  });
});

Deno.test("openCorpus() reads WikiText under either of its file names", async () => {
  const renamed = {
    "train.txt": WIKITEXT["wiki.train.tokens"],
    "valid.txt": WIKITEXT["wiki.valid.tokens"],
    "test.txt": WIKITEXT["wiki.test.tokens"],
  };
  for (const files of [WIKITEXT, renamed]) {
    await withFolder(files, async (path) => {
      for (const dataset of ["wt2", "wt103", "text"] as const) {
        const corpus = await openCorpus({ dataset, path });
        assertEquals(
          streamsOf(corpus),
          [[1, 3, 1, 0, 0, 2, 4, 2, 5, 0], [4, 2, 0], [5, 3, 0]]
            .map((ids) => ids.map((id) => dataset === "text" ? REORDERED[id]! : id)),
        );
      }
    });
  }
});

/** Ids when all parts are counted: `b` (3 times) comes before the pairs `=`, `A`, `a`, `<unk>`. */
const REORDERED = [0, 2, 1, 3, 4, 5];

Deno.test("openCorpus() counts WikiText from train alone by default", async () => {
  await withFolder(WIKITEXT, async (path) => {
    const { vocabulary } = await openCorpus({ dataset: "wt2", path });
    assertEquals(vocabulary.symbols, ["<eos>", "=", "b", "A", "a", "<unk>"]);
    const all = await openCorpus({ dataset: "wt2", path, countFrom: "all" });
    assertEquals(all.vocabulary.symbols, ["<eos>", "b", "=", "A", "a", "<unk>"]);
  });
});

Deno.test("openCorpus() gives the place of a word of valid that train does not have, not the word", async () => {
  const files = { ...WIKITEXT, "wiki.valid.tokens": "a zebra\n" };
  await withFolder(files, async (path) => {
    const { message } = await assertRejects(() => openCorpus({ dataset: "wt2", path }), DataError);
    assertStringIncludes(message, `wiki.valid.tokens": line 1, word 2 is not among the 6 symbols`);
    assert(!message.includes("zebra"), message);
    const { valid } = await openCorpus({ dataset: "wt2", path, unknown: "<unk>" });
    assertEquals([...valid], [4, 5, 0]);
  });
});

Deno.test("openCorpus() cuts one file at line starts near 90 % and 95 %", async () => {
  const lines = Array.from({ length: 40 }, (_, i) => `line ${i}\n`);
  await withFolder({ "a.txt": lines.join("") }, async (folder) => {
    const path = `${folder}/a.txt`;
    const corpus = await openCorpus({ dataset: "text", path });
    const texts = [corpus.train, corpus.valid, corpus.test].map((ids) => {
      return corpus.vocabulary.decode(ids);
    });
    assertEquals(texts, [
      lines.slice(0, 36).join(""),
      lines.slice(36, 38).join(""),
      lines.slice(38).join(""),
    ]);
    const characters = await openCorpus({ dataset: "text", path, vocab: "char" });
    const joined = streamsOf(characters).map((ids) => characters.vocabulary.decode(ids));
    assertEquals(joined.join(""), lines.join(""));
    assert(joined.every((part) => part.endsWith("\n")));
  });
});

Deno.test("openCorpus() cuts a text of one line inside the line", async () => {
  await withFolder({ "a.txt": "ab".repeat(50) }, async (folder) => {
    const corpus = await openCorpus({ dataset: "text", path: `${folder}/a.txt`, vocab: "char" });
    assertEquals(streamsOf(corpus).map((ids) => ids.length), [90, 5, 5]);
  });
});

Deno.test("openCorpus() joins the texts of a folder in name order", async () => {
  const files = {
    "b.md": "2".repeat(10),
    "a.ts": "1".repeat(10),
    "c/d.txt": "3".repeat(10),
    "z.bin": "no",
    ".hidden.txt": "no",
  };
  await withFolder(files, async (path) => {
    const corpus = await openCorpus({ dataset: "text", path, vocab: "char" });
    const text = corpus.vocabulary.decode(streamsOf(corpus).flat());
    assertEquals(text, "1".repeat(10) + "2".repeat(10) + "3".repeat(10));
    assertEquals(corpus.source.files, [`${path}/a.ts`, `${path}/b.md`, `${path}/c/d.txt`]);
  });
});

Deno.test("openCorpus() reads listed files as characters for self", async () => {
  await withFolder({ "b.ts": "x\n".repeat(20), "a.md": "# y\n" }, async (folder) => {
    const files = [`${folder}/b.ts`, `${folder}/a.md`];
    const corpus = await openCorpus({ dataset: "self", files });
    assertEquals(corpus.vocabulary.kind, "char");
    assertEquals(corpus.vocabulary.symbols, ["\n", "x", "#", " ", "y"]);
    assertEquals(corpus.source.files, files);
  });
});

Deno.test("openCorpus() encodes with the vocabulary of a checkpoint", async () => {
  const vocabulary = WordVocabulary.fromText("zz b a A = <unk>\n");
  await withFolder(WIKITEXT, async (path) => {
    const corpus = await openCorpus({ dataset: "wt2", path, vocabulary });
    assertEquals(corpus.vocabulary, vocabulary);
    assertEquals(corpus.valid, vocabulary.encode(WIKITEXT["wiki.valid.tokens"]));
  });
});

Deno.test("openCorpus() gives equal ids however small the chunks are", async () => {
  const piece = "a\u00e9\u20ac\u{1f600}\r\nb\u3000c\r\rd\u0085e\u2028f \r\n\n";
  await withFolder({ "a.txt": piece.repeat(20) + "end\r" }, async (folder) => {
    for (const vocab of ["word", "char"] as const) {
      const options: CorpusOptions = { dataset: "text", path: `${folder}/a.txt`, vocab };
      const whole = await openCorpus(options);
      for (const chunkBytes of [1, 2, 3, 5, 7]) {
        const pieces = await openCorpus({ ...options, chunkBytes });
        assertEquals(pieces.vocabulary.symbols, whole.vocabulary.symbols);
        assertEquals(streamsOf(pieces), streamsOf(whole));
      }
    }
  });
});

Deno.test("openCorpus() reads any text as WordVocabulary does", async () => {
  const character = fc.constantFrom(..."ab\u00e9\u20ac\u{1f600} \t\r\n\x1c\u0085\u2029\ufeff");
  const texts = fc.string({ unit: character, minLength: 30, maxLength: 90 });
  await withFolder({ "a.txt": "" }, async (folder) => {
    const path = `${folder}/a.txt`;
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 40 }), async (text, chunkBytes) => {
        await Deno.writeTextFile(path, text);
        const unmarked = text.replace(/^\ufeff/, ""); // a byte order mark is no part of the text
        const vocabulary = WordVocabulary.fromText(unmarked);
        const expected = vocabulary.encode(unmarked);
        if (expected.length < 20) return;
        const corpus = await openCorpus({ dataset: "text", path, chunkBytes });
        assertEquals(corpus.vocabulary.symbols, vocabulary.symbols);
        assertEquals(streamsOf(corpus).flat(), [...expected]);
      }),
      { numRuns: 60, seed: 1111 },
    );
  });
});

Deno.test("openCorpus() keeps many distinct words apart", async () => {
  // More words than the interner's tables hold at first.
  const words = Array.from({ length: 150_000 }, (_, i) => `w${i}`);
  await withFolder({ "a.txt": words.join(" ") }, async (folder) => {
    const corpus = await openCorpus({ dataset: "text", path: `${folder}/a.txt` });
    assertEquals(corpus.vocabulary.size, words.length + 1);
    assertEquals(corpus.vocabulary.symbols.slice(1), words);
    assertEquals(corpus.train.slice(0, 3), Uint32Array.of(1, 2, 3));
  });
});

Deno.test("openCorpus() takes equal ids from its cache and leaves no other file", async () => {
  await withFolder(WIKITEXT, async (path) => {
    const cacheDir = `${path}/cache`;
    const options: CorpusOptions = { dataset: "wt2", path, cacheDir };
    const first = await openCorpus(options);
    const second = await openCorpus(options);
    assertEquals([first.source.cached, second.source.cached], [false, true]);
    assertEquals(streamsOf(second), streamsOf(first));
    assertEquals(second.vocabulary.toJSON(), first.vocabulary.toJSON());
    assertEquals((await Array.fromAsync(Deno.readDir(cacheDir))).length, 1);
  });
});

Deno.test("openCorpus() misses the cache when a source or an option changed", async () => {
  await withFolder(WIKITEXT, async (path) => {
    const options: CorpusOptions = { dataset: "wt2", path, cacheDir: `${path}/cache` };
    await openCorpus(options);
    const changes: Partial<CorpusOptions>[] = [
      { countFrom: "all" },
      { lowerCase: true },
      { maxSize: 9 },
      { unknown: "<unk>" },
      { vocab: "char" },
      { vocabulary: WordVocabulary.fromText("b a A = <unk>") },
    ];
    for (const change of changes) {
      assertEquals((await openCorpus({ ...options, ...change })).source.cached, false);
    }
    await Deno.writeTextFile(`${path}/wiki.test.tokens`, " a \n");
    assertEquals((await openCorpus(options)).source.cached, false);
  });
});

Deno.test("openCorpus() rebuilds a damaged cache", async () => {
  await withFolder(WIKITEXT, async (path) => {
    const options: CorpusOptions = { dataset: "wt2", path, cacheDir: `${path}/cache` };
    const first = await openCorpus(options);
    const [entry] = await Array.fromAsync(Deno.readDir(`${path}/cache`));
    const cache = `${path}/cache/${entry!.name}`;
    const bytes = await Deno.readFile(cache);
    const flipped = bytes.slice();
    flipped[bytes.length - 40]! ^= 1;
    for (const damaged of [flipped, bytes.slice(0, -5), bytes.slice(0, 6), new Uint8Array()]) {
      await Deno.writeFile(cache, damaged);
      const rebuilt = await openCorpus(options);
      assertEquals(rebuilt.source.cached, false);
      assertEquals(streamsOf(rebuilt), streamsOf(first));
      assertEquals(await Deno.readFile(cache), bytes);
    }
  });
});

Deno.test("openCorpus() rebuilds a cache of another program, with wrong ids, counts, key or version", async () => {
  await withFolder(WIKITEXT, async (path) => {
    const options: CorpusOptions = { dataset: "wt2", path, cacheDir: `${path}/cache` };
    const first = await openCorpus(options);
    const [entry] = await Array.fromAsync(Deno.readDir(`${path}/cache`));
    const cache = `${path}/cache/${entry!.name}`;
    const bytes = await Deno.readFile(cache);
    const { metadata, tensors } = await contentOf(cache);
    const wrongId = tensors.map((tensor) => {
      if (tensor.name !== "train") return tensor;
      return { ...tensor, values: Uint32Array.from(first.train, () => 99) };
    });
    const signed = tensors.map((tensor) => ({ ...tensor, dtype: "I32" as const }))
      .filter(({ name }) => name !== "vocabulary");
    const vocabulary = tensors.filter(({ name }) => name === "vocabulary");
    const words = new TextEncoder().encode('{"kind":"word","symbols":["a","a"]}');
    const others: readonly (readonly [SafetensorsTensor[], Record<string, string>])[] = [
      [wrongId, metadata],
      [[...vocabulary, ...signed], metadata],
      [tensors.filter(({ name }) => name !== "test"), metadata],
      [
        [{ name: "vocabulary", dtype: "U8", shape: [words.length], values: words }, ...signed],
        metadata,
      ],
      [tensors, { ...metadata, version: "1" }],
      [tensors, { ...metadata, key: "0".repeat(64) }],
      [tensors, { ...metadata, counts: "{}" }],
      [tensors, { ...metadata, counts: "not JSON" }],
    ];
    for (const [other, fields] of others) {
      await writeSafetensors(cache, other, fields); // with a checksum that is right
      const rebuilt = await openCorpus(options);
      assertEquals(rebuilt.source.cached, false);
      assertEquals(streamsOf(rebuilt), streamsOf(first));
      assertEquals(await Deno.readFile(cache), bytes);
    }
  });
});

/** Everything in a safetensors file. */
async function contentOf(path: string) {
  using file = await SafetensorsFile.open(path);
  const tensors: SafetensorsTensor[] = [];
  for (const name of file.names) {
    const dtype = file.dtype(name);
    tensors.push({ name, dtype, shape: file.shape(name), values: await file.tensor(name) });
  }
  return { metadata: file.metadata, tensors };
}

Deno.test("a cache that cannot be written costs the cache, not the corpus", async () => {
  await withFolder({ ...WIKITEXT, "cache": "a file" }, async (path) => {
    for (const memoryIds of [undefined, 1]) {
      const options: CorpusOptions = { dataset: "wt2", path, cacheDir: `${path}/cache`, memoryIds };
      using corpus = await openCorpus(options);
      assertEquals([corpus.source.cached, corpus.train.length], [false, 10]);
      assertEquals(corpus.train.at(1), 3);
      assertStringIncludes(corpus.source.notKept!, "Cannot write");
    }
  });
});

Deno.test("openCorpus() says which file or folder is missing and what it looked for", async () => {
  await withFolder({ "train.txt": "a\n", "empty/x.bin": "a" }, async (path) => {
    const refuses = (options: CorpusOptions, message: string): Promise<unknown> => {
      return assertRejects(() => openCorpus(options), DataError, message);
    };
    await refuses({ dataset: "wt2" }, "no path is given");
    await refuses({ dataset: "wt2", path: `${path}/none` }, "wiki.train.tokens");
    await refuses({ dataset: "wt2", path: `${path}/train.txt` }, "not a folder");
    await refuses({ dataset: "wt2", path: `${path}/empty` }, "train.txt, valid.txt, test.txt");
    await refuses({ dataset: "text", path }, "valid.txt");
    await refuses({ dataset: "text", path: `${path}/none.txt` }, "none.txt");
    await refuses({ dataset: "text", path: `${path}/empty` }, ".md");
    await refuses({ dataset: "self" }, "files");
    await refuses({ dataset: "self", files: [`${path}/gone.ts`] }, "gone.ts");
  });
});

Deno.test("openCorpus() refuses text that is empty or too short to be split", async () => {
  await withFolder({ "empty.txt": "", "short.txt": "a b c\n" }, async (folder) => {
    for (const [name, message] of [["empty.txt", "empty"], ["short.txt", "4 tokens"]] as const) {
      const path = `${folder}/${name}`;
      await assertRejects(() => openCorpus({ dataset: "text", path }), DataError, message);
    }
  });
});

Deno.test("openCorpus() gives the byte offset of invalid UTF-8", async () => {
  const invalid: readonly (readonly [name: string, bytes: readonly number[]])[] = [
    ["stray continuation", [0x80]],
    ["overlong two bytes", [0xc0, 0xaf]],
    ["overlong three bytes", [0xe0, 0x9f, 0xbf]],
    ["overlong four bytes", [0xf0, 0x8f, 0xbf, 0xbf]],
    ["surrogate", [0xed, 0xa0, 0x80]],
    ["above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["no lead byte", [0xf5]],
    ["broken off", [0xe2, 0x82, 0x20]],
    ["broken off in four", [0xf0, 0x9f, 0x98, 0x20]],
    ["cut at the end", [0xf0, 0x9f, 0x98]],
  ];
  const before = new TextEncoder().encode("ab \u00e9\n\u20ac");
  for (const [name, bytes] of invalid) {
    await withFolder({ "a.txt": Uint8Array.from([...before, ...bytes]) }, async (folder) => {
      const path = `${folder}/a.txt`;
      for (const vocab of ["word", "char"] as const) {
        for (const chunkBytes of [1, 4, 1 << 16]) {
          const options: CorpusOptions = { dataset: "text", path, vocab, chunkBytes };
          const message = `"${path}": it is not UTF-8 at byte offset ${before.length},`;
          await assertRejects(() => openCorpus(options), DataError, message, name);
        }
      }
    });
  }
});
