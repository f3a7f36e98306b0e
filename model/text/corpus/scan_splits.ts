/**
 * The provisional ids of a text: its files, scanned one after the other, and its splits among them.
 *
 * @module
 */
import { type Split, SPLITS } from "../files/split_names.ts";
import type { TextForm } from "../files/prepared_text.ts";
import { readText, type TextFile } from "../files/text_file.ts";
import type { TokenStore } from "../tokens/token_store.ts";
import type { VocabularyKind } from "../vocabulary/vocabulary.ts";
import { splitWords } from "../vocabulary/whitespace.ts";
import { cutText } from "./cut_text.ts";
import type { TextIdentity } from "./encoded_corpus.ts";
import type { Scanner } from "./scan/scanner.ts";

/** Source of the splits: files of their own, or one stream that is cut or used as a whole. */
export type SplitFiles =
  | {
    readonly split: "files";
    readonly splits: Readonly<Partial<Record<Split, readonly string[]>>>;
  }
  | { readonly split: "lines"; readonly whole: readonly string[]; readonly as: Split | undefined };

/** How files are scanned. */
export interface ScanOptions {
  /** Kind of the symbols. */
  readonly kind: VocabularyKind;
  /** Form of the files. */
  readonly form: TextForm;
  /** Bytes read at a time. */
  readonly chunkBytes: number;
}

/** A file and the first of its ids. */
export interface FileStart {
  readonly path: string;
  readonly firstId: number;
}

/** A split within the ids of a text. */
export interface SplitRange {
  readonly from: number;
  readonly to: number;
  /** Its files, or those of the text that is cut. */
  readonly starts: readonly FileStart[];
}

/** The provisional ids of a text. */
export interface ScannedText {
  readonly store: TokenStore;
  readonly ranges: Record<Split, SplitRange>;
  readonly identity: TextIdentity;
}

/**
 * Scans the files, each read once. The caller owns the ids.
 *
 * @throws {DataError} if a file cannot be read, or the text is too short to be cut
 */
export async function scanSplits(
  files: SplitFiles,
  scanner: Scanner,
  { chunkBytes, kind, form }: ScanOptions,
): Promise<ScannedText> {
  const scan = async (paths: readonly string[] = []) => {
    const from = scanner.ids.length;
    const starts: FileStart[] = [];
    const read: TextFile[] = [];
    for (const path of paths) {
      starts.push({ path, firstId: scanner.ids.length });
      read.push(await readText(path, { chunkBytes, form, anyBytes: kind === "byte" }, scanner));
    }
    return { read, range: { from, to: scanner.ids.length, starts } };
  };
  if (files.split === "files") {
    const { train, valid, test } = files.splits;
    const scans = { train: await scan(train), valid: await scan(valid), test: await scan(test) };
    const store = scanner.ids.take();
    return {
      store,
      ranges: { train: scans.train.range, valid: scans.valid.range, test: scans.test.range },
      identity: {
        split: "files",
        ...{ train: scans.train.read, valid: scans.valid.read, test: scans.test.read },
      },
    };
  }
  const { read, range } = await scan(files.whole);
  using stack = new DisposableStack();
  const store = stack.use(scanner.ids.take());
  const { starts, to: length } = range;
  const identity: TextIdentity = { split: "lines", train: read, valid: [], test: [] };
  const none = { from: 0, to: 0, starts };
  let ranges = { train: none, valid: none, test: none };
  if (files.as !== undefined) {
    ranges = { ...ranges, [files.as]: range };
  } else {
    const { lineEnd } = scanner;
    const [validFrom, testFrom] = cutText(store, { form, lineEnd, files: files.whole, kind });
    ranges.train = { from: 0, to: validFrom, starts };
    ranges.valid = { from: validFrom, to: testFrom, starts };
    ranges.test = { from: testFrom, to: length, starts };
  }
  stack.move();
  return { store, ranges, identity };
}

/** Drops white space at both ends of every split, as the preparation of text8 does. */
export function trimSplits(
  store: TokenStore,
  ranges: Record<Split, SplitRange>,
  symbols: readonly string[],
): void {
  const isSpace = symbols.map((symbol) => splitWords(symbol).length === 0);
  for (const split of SPLITS) {
    const { starts, ...range } = ranges[split];
    let { from, to } = range;
    const stream = store.tokens();
    while (from < to && isSpace[stream.at(from)!]) from++;
    while (to > from && isSpace[stream.at(to - 1)!]) to--;
    ranges[split] = { from, to, starts };
  }
}
