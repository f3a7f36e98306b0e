/**
 * GPT-2's byte-pair encoding: text is split into words by a pattern, and the bytes of a word are
 * merged pair by pair, the pair of the lowest rank first. Ranks are ids.
 *
 * @module
 */

/** A token by its text, or by its bytes where they are not UTF-8. */
export type TokenBytes = string | readonly number[];

/** Words of GPT-2: contractions, then letters, digits or others after a space, then white space. */
const WORD = new RegExp(
  String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+` +
    String.raw`|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+`,
  "gu",
);

// deno-lint-ignore no-control-regex -- the range of ASCII
const ASCII = /^[\x00-\x7f]*$/;

/** Longest word that is cached, and most of them: words repeat, other pieces hardly do. */
const MAX_CACHED_LENGTH = 32;
const MAX_CACHED = 1 << 17;

const MAX_POSITIONS = 2 ** 32;

const UTF8 = new TextEncoder();

/** Bytes as a string of one character each. */
function byteString(token: string | ArrayLike<number>): string {
  if (typeof token === "string") {
    return ASCII.test(token) ? token : byteString(UTF8.encode(token));
  }
  let text = "";
  for (let i = 0; i < token.length; i++) text += String.fromCharCode(token[i]!);
  return text;
}

/** An encoder of words into ids. */
export class BytePairEncoder {
  /** Ids of tokens by their bytes. */
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #cache = new Map<string, readonly number[]>();

  /** An encoder of tokens in id order; every byte is among them. */
  constructor(tokens: readonly TokenBytes[]) {
    this.#ranks = new Map(tokens.map((token, id) => [byteString(token), id]));
  }

  /** Calls `emit` with the ids of a text, in order. */
  encode(text: string, emit: (id: number) => void): void {
    for (const [word] of text.matchAll(WORD)) {
      for (const id of this.#idsOf(word)) emit(id);
    }
  }

  #idsOf(word: string): readonly number[] {
    const cached = this.#cache.get(word);
    if (cached !== undefined) return cached;
    const bytes = byteString(word);
    const whole = this.#ranks.get(bytes);
    const ids = whole === undefined ? this.#merge(bytes) : [whole];
    if (word.length <= MAX_CACHED_LENGTH) {
      if (this.#cache.size === MAX_CACHED) this.#cache.clear();
      this.#cache.set(word, ids);
    }
    return ids;
  }

  /** Merges pairs in the order of rank, then position, with a heap: a word may be a whole file. */
  #merge(bytes: string): number[] {
    const { length } = bytes;
    const next = Uint32Array.from({ length }, (_, at) => at + 1);
    const previous = Int32Array.from({ length }, (_, at) => at - 1);
    /** Rank of the pair that starts at a part; -1 if there is none, or the part is merged. */
    const rankAt = new Int32Array(length).fill(-1);
    const heap = new MinHeap();
    const rank = (at: number): void => {
      const second = next[at]!;
      const found = second < length ? this.#ranks.get(bytes.slice(at, next[second]!)) : undefined;
      rankAt[at] = found ?? -1;
      if (found !== undefined) heap.push(found * MAX_POSITIONS + at);
    };
    for (let at = 0; at + 1 < length; at++) rank(at);
    for (let key = heap.pop(); key !== undefined; key = heap.pop()) {
      const at = key % MAX_POSITIONS;
      if (rankAt[at] !== Math.floor(key / MAX_POSITIONS)) continue; // a pair that is no more
      const merged = next[at]!;
      rankAt[merged] = -1;
      next[at] = next[merged]!;
      if (next[at]! < length) previous[next[at]!] = at;
      rank(at);
      if (previous[at]! >= 0) rank(previous[at]!);
    }
    const ids: number[] = [];
    for (let at = 0; at < length; at = next[at]!) {
      ids.push(this.#ranks.get(bytes.slice(at, next[at]))!);
    }
    return ids;
  }
}

/** A heap of numbers, smallest first. */
class MinHeap {
  readonly #keys: number[] = [];

  push(key: number): void {
    const keys = this.#keys;
    let at = keys.push(key) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[at] = keys[parent]!;
      at = parent;
    }
    keys[at] = key;
  }

  pop(): number | undefined {
    const keys = this.#keys;
    const smallest = keys[0];
    const key = keys.pop();
    if (key === undefined || keys.length === 0) return smallest;
    let at = 0;
    for (let child = 1; child < keys.length; child = 2 * at + 1) {
      if (child + 1 < keys.length && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= key) break;
      keys[at] = keys[child]!;
      at = child;
    }
    keys[at] = key;
    return smallest;
  }
}
