/**
 * The parts of a data set by the names of their files: `train.txt`, `wiki.valid.tokens`,
 * `ptb-test.TXT`, `dev.tsv`, `train-00000-of-00002.txt`. Files whose names agree but for the part are
 * one text.
 *
 * @module
 */

/** The parts of a corpus, in the order in which symbols are counted. */
export const SPLITS = ["train", "valid", "test"] as const;

/** A part of a corpus by name. */
export type Split = typeof SPLITS[number];

const SPELLINGS: ReadonlyMap<string, Split> = new Map<string, Split>([
  ["train", "train"],
  ["training", "train"],
  ["valid", "valid"],
  ["validation", "valid"],
  ["val", "valid"],
  ["dev", "valid"],
  ["test", "test"],
  ["eval", "test"],
]);

const SHARD = /[._-]\d+(?:[._-]of[._-]\d+)?$/;
/** Sources and pages are named after what they are about, not after a part of a corpus. */
const SOURCE = /\.(?:[cm]?[jt]sx?|py|rs|go|c|h|cc|cpp|java|wgsl|sh)$/;
const PAGE = /\.(?:md|rst|html?)$/;
/** Endings of files that are no text, or not yet. */
const NOT_TEXT =
  /\.(?:bin|npy|npz|pt|pth|idx|ids|safetensors|parquet|arrow|json|ya?ml|log|png|jpe?g)$/;

/** A file name that says which part it is. */
export interface SplitName {
  /** The part. */
  readonly part: Split;
  /** How the part is spelled. */
  readonly word: string;
  /** The name with `*` for the part, without a shard number: equal for the parts of one text. */
  readonly text: string;
  /**
   * Whether the name alone says so. `unit-test.txt` and `test.md` may be about something else; they are
   * parts only beside others.
   */
  readonly sure: boolean;
}

/** The part that a folder or a word stands for. */
export function partOfWord(word: string): Split | undefined {
  return SPELLINGS.get(word.toLowerCase());
}

/** What a file's name says of its part; undefined when it names none. */
export function splitName(fileName: string): SplitName | undefined {
  const name = fileName.toLowerCase();
  if (SOURCE.test(name) || NOT_TEXT.test(name)) return undefined;
  const dot = name.lastIndexOf(".");
  const ending = dot > 0 ? name.slice(dot) : "";
  const stem = (dot > 0 ? name.slice(0, dot) : name).replace(SHARD, "");
  const isPage = PAGE.test(name);
  // The part is the last word of the stem (`wiki.train`) or the first (`train.de`).
  const [, before = "", last = ""] = /^(.*[._-])?([a-z]+)$/.exec(stem) ?? [];
  const atEnd = SPELLINGS.get(last);
  if (atEnd !== undefined) {
    const sure = !isPage && /^$|\.$/.test(before);
    return { part: atEnd, word: last, text: `${before}*${ending}`, sure };
  }
  const [, first = "", after = ""] = /^([a-z]+)(\..*)$/.exec(stem) ?? [];
  const atStart = SPELLINGS.get(first);
  if (atStart === undefined) return undefined;
  return { part: atStart, word: first, text: `*${after}${ending}`, sure: !isPage };
}
