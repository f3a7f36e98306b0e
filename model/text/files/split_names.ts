/**
 * The splits of a data set by the names of their files: `train.txt`, `wiki.valid.tokens`,
 * `ptb-test.TXT`, `dev.tsv`, `train-00000-of-00002.txt`. Files whose names agree but for the split are
 * one text.
 *
 * @module
 */

/** The splits of a corpus, in the order in which symbols are counted. */
export const SPLITS = ["train", "valid", "test"] as const;

/** Name of a split. */
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
/** Endings of sources and pages, whose names are topics, not splits. */
const SOURCE = /\.(?:[cm]?[jt]sx?|py|rs|go|c|h|cc|cpp|java|wgsl|sh)$/;
const PAGE = /\.(?:md|rst|html?)$/;
/** Endings of files that are not text, or compressed. */
const NOT_TEXT =
  /\.(?:bin|npy|npz|pt|pth|idx|ids|safetensors|parquet|arrow|json|ya?ml|log|png|jpe?g)$/;

/** A file name with a split. */
export interface SplitName {
  /** The split. */
  readonly split: Split;
  /** Spelling of the split. */
  readonly word: string;
  /** The name with `*` for the split, without a shard number; equal for all splits of a text. */
  readonly text: string;
  /**
   * Whether the name alone is sufficient. `unit-test.txt` and `test.md` are splits only beside
   * others.
   */
  readonly sure: boolean;
}

/** The split named by a folder or a word. */
export function splitOfWord(word: string): Split | undefined {
  return SPELLINGS.get(word.toLowerCase());
}

/** The split in a file name; undefined if there is none. */
export function splitName(fileName: string): SplitName | undefined {
  const name = fileName.toLowerCase();
  if (SOURCE.test(name) || NOT_TEXT.test(name)) return undefined;
  const dot = name.lastIndexOf(".");
  const ending = dot > 0 ? name.slice(dot) : "";
  const stem = (dot > 0 ? name.slice(0, dot) : name).replace(SHARD, "");
  const isPage = PAGE.test(name);
  // The split is the last word of the stem (`wiki.train`) or the first (`train.de`).
  const [, before = "", last = ""] = /^(.*[._-])?([a-z]+)$/.exec(stem) ?? [];
  const atEnd = SPELLINGS.get(last);
  if (atEnd !== undefined) {
    const sure = !isPage && /^$|\.$/.test(before);
    return { split: atEnd, word: last, text: `${before}*${ending}`, sure };
  }
  const [, first = "", after = ""] = /^([a-z]+)(\..*)$/.exec(stem) ?? [];
  const atStart = SPELLINGS.get(first);
  if (atStart === undefined) return undefined;
  return { split: atStart, word: first, text: `*${after}${ending}`, sure: !isPage };
}
