/**
 * A synthetic text of any size with the shape of WikiText-103: words as frequent as Zipf's law wants,
 * frequent ones short, some with accents, in lines of varying length, between headings and empty
 * lines.
 *
 * @module
 */
import { Mt19937 } from "@transformer-xl/model";

/** Size and seed of a text. */
export interface SyntheticText {
  /** Length in bytes; the text ends at the first line end behind it. */
  readonly bytes: number;
  /** Words to draw from. */
  readonly words: number;
  /** Equal seeds give equal texts. */
  readonly seed: number;
}

/** Bytes written at a time. */
const BUFFER_BYTES = 4 << 20;

/** Words drawn from, each as often as it is frequent: a power of two. */
const URN = 1 << 22;

const LINES_PER_ARTICLE = 12;
const MEAN_WORDS = 110;

/** Draws whole numbers below `2 ** 32`: xorshift, as a text has a hundred million words. */
function draws(seed: number): () => number {
  let state = new Mt19937(seed).next() || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const LETTERS = [..."etaoinshrdlcumwfgypbvkjxqz", "é", "ö", "ł", "—"];

/** One letter of this many is beyond ASCII. */
const RARE = 60;

/** Words, one behind the other, each with a space behind it. */
interface WordList {
  readonly bytes: Uint8Array;
  /** The first byte of every word, and the end of the last. */
  readonly starts: Uint32Array;
}

/** Different words, the frequent ones first and shorter. */
function drawWords(count: number, next: () => number): WordList {
  const seen = new Set<string>();
  const encoder = new TextEncoder();
  const words = Array.from({ length: count }, (_, rank) => {
    for (let extra = 0;; extra++) {
      const length = 1 + Math.floor(Math.log2(rank + 2) / 2.8 + extra / 4) + next() % 2;
      const word = Array.from({ length }, () => {
        const place = next() % RARE === 0 ? 26 + next() % 4 : next() % 26;
        return LETTERS[place]!;
      }).join("");
      if (seen.has(word)) continue;
      seen.add(word);
      return encoder.encode(`${word} `);
    }
  });
  const starts = new Uint32Array(count + 1);
  for (const [rank, { length }] of words.entries()) starts[rank + 1] = starts[rank]! + length;
  const bytes = new Uint8Array(starts[count]!);
  for (const [rank, word] of words.entries()) bytes.set(word, starts[rank]);
  return { bytes, starts };
}

/** Ranks, each as often as `1 / (rank + 1)` wants, the rarest once. */
function fillUrn(words: number): Uint32Array {
  const urn = new Uint32Array(URN);
  const perUnit = (URN - words) / (Math.log(words) + 0.5772);
  let at = 0;
  for (let rank = 0; rank < words; rank++) {
    const end = Math.min(at + 1 + Math.floor(perUnit / (rank + 1)), URN);
    urn.fill(rank, at, end);
    at = end;
  }
  return urn.fill(0, at);
}

/**
 * Writes a text.
 *
 * @returns its length in bytes
 */
export async function writeSyntheticText(
  path: string,
  { bytes, words, seed }: SyntheticText,
): Promise<number> {
  const next = draws(seed);
  const list = drawWords(words, next);
  const { starts } = list;
  const urn = fillUrn(words);
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const buffer = new Uint8Array(BUFFER_BYTES);
  let used = 0;
  let written = 0;
  const put = (from: Uint8Array, start: number, end: number) => {
    if (used + end - start > BUFFER_BYTES) flush();
    // Pieces are short: a loop is faster than a call.
    for (let i = start; i < end; i++) buffer[used++] = from[i]!;
  };
  const flush = () => {
    for (let done = 0; done < used;) done += file.writeSync(buffer.subarray(done, used));
    written += used;
    used = 0;
  };
  const marks = new TextEncoder().encode(" = \n");
  for (let line = 0; written + used < bytes; line++) {
    const isHeading = line % LINES_PER_ARTICLE === 0;
    const length = isHeading ? 3 : line % 2 === 1 ? 0 : next() % (2 * MEAN_WORDS);
    put(marks, 0, isHeading ? 3 : 1);
    for (let word = 0; word < length; word++) {
      const rank = urn[next() & (URN - 1)]!;
      put(list.bytes, starts[rank]!, starts[rank + 1]!);
    }
    put(marks, isHeading ? 1 : 3, 4);
  }
  flush();
  return written;
}
