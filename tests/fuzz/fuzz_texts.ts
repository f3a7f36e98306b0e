/**
 * Random texts, folders and caches against the corpus: text of many scripts, line ends, encodings
 * and damage, opened in random ways. The corpus is rejected in one sentence, or it is consistent:
 * ids with symbols, the text itself again, the same ids from chunks of any size and from the cache,
 * a damaged cache rebuilt.
 *
 * @module
 */
import {
  type Corpus,
  type CorpusOptions,
  openCorpus,
  SPLITS,
  splitWords,
  WordVocabulary,
} from "@transformer-xl/model";
import { isUserError } from "@transformer-xl/runtime";
import { PeakMemory } from "./peak_memory.ts";

/** How many inputs, and which. */
export interface FuzzOptions {
  /** Inputs to try. */
  readonly count: number;
  /** Start of the random numbers; equal seeds give equal inputs. */
  readonly seed: number;
}

/** Longest time for one input. */
const MAX_MS = 5000;

/** Largest growth of the memory by one text. */
const MAX_BYTES = 256e6;

/** Longest message; a path of the temporary folder may stand in it twice. */
const MAX_MESSAGE = 400;

/** Pieces that texts are made of. */
const PIECES: readonly string[] = [
  ...["the", "cat", "<unk>", "<eos>", "@-@", "x1", "été", "слово", "今天天气", "คำ", "שלום", "क्या"],
  ...[
    "\u{1f600}",
    "👩‍👩‍👧",
    "\u200b",
    "\ufeff",
    "e\u0301",
    "\0",
    "\u001b[31m",
    "\ud7ff",
    "\uffff",
    "\u{10ffff}",
  ],
  ...[" ", " ", " ", "\t", "\u00a0", "\u3000", "\u2028", "\u0085", "\x1c", "\v"],
  ...["\n", "\n", "\n", "\r", "\r\n", "\n\n", "\r\r\n"],
];

const NAMES: readonly string[] = [
  ...["train.txt", "valid.txt", "test.txt", "dev.txt", "wiki.train.tokens", "wiki.valid.tokens"],
  ...["wiki.test.tokens", "ptb.train.txt", "ptb.test.txt", "a.txt", "B.TXT", "c d.md", "e.ts"],
  ...[
    "train/x.txt",
    "test/y.txt",
    "sub/z.txt",
    ".hidden.txt",
    "image.png",
    "é.txt",
    "train-00000.txt",
  ],
];

type Random = (below: number) => number;

function randomOf(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) % below;
  };
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random(values.length)]!;
}

function textOf(random: Random): string {
  const pieces = Array.from({ length: 1 + random(12) }, () => pick(random, PIECES));
  const length = pick(random, [0, 1, 5, 40, 200]);
  return Array.from({ length }, () => pick(random, pieces)).join("");
}

/** The bytes of a text, damaged or in another encoding now and then. */
function bytesOf(random: Random, text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  switch (random(10)) {
    case 0:
      return bytes.subarray(0, random(bytes.length + 1)); // cut, often inside a character
    case 1: {
      for (let i = random(4); i >= 0 && bytes.length > 0; i--) {
        bytes[random(bytes.length)] = random(256);
      }
      return bytes;
    }
    case 2: {
      const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
      const marked = random(2) === 0 ? [0xfeff, ...units] : units;
      return new Uint8Array(Uint16Array.from(marked).buffer);
    }
    case 3:
      return Uint8Array.from([0xef, 0xbb, 0xbf, ...bytes]);
    case 4:
      return Uint8Array.from({ length: random(300) }, () => random(256));
    default:
      return bytes;
  }
}

function optionsOf(random: Random): Partial<CorpusOptions> {
  const maybe = <T>(value: T): T | undefined => random(4) === 0 ? value : undefined;
  return {
    vocab: pick(random, ["word", "char", undefined]),
    minFreq: maybe(random(4)),
    maxSize: maybe(1 + random(6)),
    lowerCase: maybe(true),
    unknown: maybe("<unk>"),
    vocabulary: maybe(WordVocabulary.fromText("the cat <unk> x1")),
    splits: maybe(SPLITS.filter(() => random(2) === 0)),
    wholeAs: maybe(pick(random, SPLITS)),
    countFrom: maybe(pick(random, ["train", "all"] as const)),
  };
}

/**
 * Tries random texts.
 *
 * @throws {Error} at the first input that is not refused in one sentence and not read consistently
 */
export async function fuzzTexts({ count, seed }: FuzzOptions): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "fuzz-texts-" });
  try {
    for (let i = 0; i < count; i++) {
      const folder = `${root}/${i}`;
      await Deno.mkdir(folder);
      const memory = new PeakMemory();
      const startMs = performance.now();
      try {
        await tryInput(randomOf(seed + i), folder);
        const elapsedMs = performance.now() - startMs;
        if (elapsedMs > MAX_MS) throw new Error(`it took ${elapsedMs.toFixed(0)} ms`);
        const { grownBytes } = memory;
        if (grownBytes > MAX_BYTES) throw new Error(`memory grew by ${grownBytes} bytes`);
      } catch (error) {
        throw new Error(`text ${i} of seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
      await Deno.remove(folder, { recursive: true });
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function tryInput(random: Random, folder: string): Promise<void> {
  const isFile = random(2) === 0;
  const names = isFile ? ["text.txt"] : NAMES.filter(() => random(4) === 0);
  const texts: Uint8Array<ArrayBuffer>[] = [];
  for (const name of names) {
    const bytes = bytesOf(random, textOf(random));
    texts.push(bytes);
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(path, bytes);
  }
  const options: CorpusOptions = {
    dataset: isFile ? "text" : pick(random, ["text", "text", "wt2", "wt103"]),
    path: isFile ? `${folder}/text.txt` : folder,
    ...optionsOf(random),
  };
  const corpus = await openOrRefuse(options, folder);
  if (corpus === undefined) return;
  checkConsistent(corpus);
  if (isFile) checkText(corpus, texts[0]!, options);
  const chunkBytes = 1 + random(9);
  checkEqual(corpus, await openCorpus({ ...options, chunkBytes }), `chunks of ${chunkBytes} bytes`);
  if (random(4) === 0) await checkCache(random, corpus, options, `${folder}-cache`);
}

async function openOrRefuse(options: CorpusOptions, folder: string): Promise<Corpus | undefined> {
  try {
    return await openCorpus(options);
  } catch (error) {
    if (!isUserError(error)) throw error;
    const message = error.message.replaceAll(folder, "");
    if (message.length > MAX_MESSAGE || /\p{Cc}/u.test(message)) {
      throw new Error(`the message is no short line: ${JSON.stringify(message)}`, { cause: error });
    }
    return undefined;
  }
}

function checkConsistent({ vocabulary, counts, ...streams }: Corpus): void {
  for (const split of SPLITS) {
    const ids = streams[split];
    const { tokens, lines, unknown } = counts[split];
    if (ids.length !== tokens || lines > tokens || unknown > tokens) {
      throw new Error(`the counts of ${split} are wrong: ${JSON.stringify(counts[split])}`);
    }
    const wrong = ids.slice().find((id) => id >= vocabulary.size);
    if (wrong !== undefined) throw new Error(`${split} has id ${wrong}, V is ${vocabulary.size}`);
  }
}

/** Where no word is left out, the ids are the text. */
function checkText(corpus: Corpus, bytes: Uint8Array, { vocabulary, splits }: CorpusOptions): void {
  const { lowerCase } = corpus.vocabulary.toJSON();
  const leavesOut = SPLITS.some((split) => corpus.counts[split].unknown > 0);
  if (leavesOut || vocabulary !== undefined || splits !== undefined) return;
  const isWords = corpus.vocabulary.kind === "word"; // a split may end inside a line
  const decoded = SPLITS.map((split) => corpus.vocabulary.decode(corpus[split]))
    .join(isWords ? " " : "");
  const text = new TextDecoder().decode(bytes); // drops a byte order mark
  // The word "<eos>" is the end of a line; both are white space when decoded.
  const words = splitWords(lowerCase ? text.toLowerCase() : text)
    .filter((word) => word !== "<eos>");
  const same = isWords ? splitWords(decoded).join(" ") === words.join(" ") : decoded === text;
  if (!same) throw new Error(`the ids are not the text: ${JSON.stringify([text, decoded])}`);
}

function checkEqual(left: Corpus, right: Corpus, how: string): void {
  const same = left.vocabulary.fingerprint === right.vocabulary.fingerprint &&
    JSON.stringify(left.counts) === JSON.stringify(right.counts) &&
    SPLITS.every((split) => left[split].slice().join() === right[split].slice().join());
  if (!same) throw new Error(`${how} give another corpus`);
}

async function checkCache(
  random: Random,
  corpus: Corpus,
  options: CorpusOptions,
  cacheDir: string,
): Promise<void> {
  const cached = { ...options, cacheDir };
  try {
    checkEqual(corpus, await openCorpus(cached), "writing the cache");
    const again = await openCorpus(cached);
    if (!again.source.cached) throw new Error("the cache was not used");
    checkEqual(corpus, again, "the cache");
    const [entry] = await Array.fromAsync(Deno.readDir(cacheDir));
    const path = `${cacheDir}/${entry!.name}`;
    const bytes = await Deno.readFile(path);
    const damaged = random(2) === 0 ? bytes.slice(0, random(bytes.length)) : bytes.slice();
    if (damaged.length === bytes.length) damaged[random(bytes.length)]! ^= 1 << random(8);
    await Deno.writeFile(path, damaged);
    const rebuilt = await openCorpus(cached);
    if (rebuilt.source.cached) throw new Error("a damaged cache was used");
    checkEqual(corpus, rebuilt, "a damaged cache");
  } finally {
    await Deno.remove(cacheDir, { recursive: true }).catch(() => {});
  }
}
