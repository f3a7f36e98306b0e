/**
 * The files of a data set: its splits by name, or the files of a folder to be split.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import { type Dataset, dataSet } from "../data_sets.ts";
import {
  type Split,
  type SplitName,
  splitName,
  splitOfWord,
  SPLITS,
} from "../files/split_names.ts";
import { locateSentences } from "../sentences/files/sentence_files.ts";
import { shown, specialKind, statPath } from "../files/text_file.ts";
import { type FolderEntries, listFolder, TEXT_ENDINGS, textsUnder } from "../files/text_folder.ts";

/** The files of existing splits, or of a text without splits. */
export type CorpusFiles =
  & {
    /** Skipped files, each with the reason. */
    readonly leftOut: readonly string[];
  }
  & (
    | {
      readonly split: "files";
      readonly splits: Readonly<Partial<Record<Split, readonly string[]>>>;
    }
    | { readonly split: "lines"; readonly whole: readonly string[] }
  );

/** Names of splits that take precedence in a folder. */
const FAVOURITES: readonly string[] = ["*.txt", "wiki.*.tokens"];

/**
 * Finds the files of a data set. The splits of a text are in one folder, as files whose names only
 * differ in the split (`train.txt`, `wiki.valid.tokens`, `ptb-test.raw`, `dev.tsv`; also several
 * numbered ones) or as folders `train`, `valid`, `test`. `text` is such a folder, any other folder
 * (its .txt, .md and .ts files in name order, hidden ones left out), or one file. `enwik8` and
 * `text8` are a folder of splits, a file, or a folder with a file of that name. `self` is the list
 * `files`. `lm1b` is the folder of the unpacked archive, see `sentence_files.ts`, or one file if no
 * split is required.
 *
 * @param wanted required splits, if there are splits
 * @throws {DataError} if something is missing; the message lists the expected names.
 */
export async function locateCorpus(
  dataset: Dataset,
  path: string | undefined,
  files: readonly string[] | undefined,
  wanted: readonly Split[] = SPLITS,
): Promise<CorpusFiles> {
  const { files: kind } = dataSet(dataset);
  if (kind === "listed") {
    if (files !== undefined && files.length > 0) {
      return { split: "lines", whole: files, leftOut: [] };
    }
    throw new DataError(
      `Cannot open data set "${dataset}": no files are given, list them in "files"`,
    );
  }
  if (path === undefined) {
    throw new DataError(`Cannot open data set "${dataset}": no path is given`, {
      need: "a text",
    });
  }
  const any = kind === "any" || kind === "raw";
  const found = await statPath(path);
  const expected = any ? "a file or folder" : "a folder";
  if (found === undefined) {
    throw new DataError(
      `Cannot open data set "${dataset}": ${shown(path)} does not exist, ${expected} ` +
        `${any || kind === "sentences" ? "" : `with ${layoutNames("or")} `}is wanted`,
      { need: "another path of the text" },
    );
  }
  const isAlone = any || kind === "sentences" && wanted.length === 0;
  if (found.isFile && isAlone) return { split: "lines", whole: [path], leftOut: [] };
  if (!found.isDirectory) {
    const is = found.isFile ? "" : ` but ${specialKind(found)}`;
    throw new DataError(
      `Cannot open data set "${dataset}": ${shown(path)} is not ${expected}${is}, ` +
        `${any ? "a text file or " : ""}the folder ${
          kind === "sentences" ? "of the benchmark" : `with ${layoutNames("or")}`
        } is wanted`,
      { need: "another path of the text" },
    );
  }
  if (kind === "sentences") {
    return { split: "files", splits: await locateSentences(path, wanted), leftOut: [] };
  }
  return await inFolder(dataset, path, wanted);
}

async function inFolder(
  dataset: Dataset,
  folder: string,
  wanted: readonly Split[],
): Promise<CorpusFiles> {
  const entries = await listFolder(folder);
  const splits = splitFiles(folder, entries) ?? await splitFolders(entries);
  if (splits !== undefined) {
    checkWanted(dataset, folder, splits, wanted);
    return splits;
  }
  // A folder that only contains another one, as in unpacked archives.
  const [only, ...others] = entries.folders;
  if (only !== undefined && others.length === 0 && entries.files.length === 0) {
    return await inFolder(dataset, only.path, wanted);
  }
  const { files } = dataSet(dataset);
  if (files === "raw") {
    const raw = entries.files.find(({ name }) => name === dataset || name === `${dataset}.txt`);
    if (raw !== undefined) return { split: "lines", whole: [raw.path], leftOut: entries.leftOut };
  }
  if (files === "splits" || files === "raw") {
    const rawName = files === "raw" ? ` nor a file "${dataset}"` : "";
    throw new DataError(
      `Cannot open data set "${dataset}": ${shown(folder)} has neither ${layoutNames("nor")}` +
        rawName,
      { need: "the folder of the splits" },
    );
  }
  const { texts, leftOut } = await textsUnder(folder, "any");
  if (texts.length === 0) {
    throw new DataError(
      `Cannot open data set "${dataset}": ${shown(folder)} has neither ${layoutNames("nor")} nor ` +
        `any ${TEXT_ENDINGS.join(", ")} file with text` +
        (leftOut.length > 0 ? ` (left out: ${leftOut[0]}` : "") +
        (leftOut.length > 1 ? ` and ${leftOut.length - 1} more` : "") +
        (leftOut.length > 0 ? ")" : ""),
      { need: "a folder with text" },
    );
  }
  refuseNestedSplits(dataset, folder, texts);
  return { split: "lines", whole: texts, leftOut };
}

type Located = Extract<CorpusFiles, { split: "files" }> & {
  /** Expected names of a missing split. */
  readonly nameOf: (split: Split) => string;
};

interface Named extends SplitName {
  readonly path: string;
}

type Group = Map<Split, Named[]>;

function groupsOf(files: readonly { readonly name: string; readonly path: string }[]) {
  const groups = new Map<string, Group>();
  for (const { name, path } of files) {
    const named = splitName(name);
    if (named === undefined) continue;
    const group = groups.get(named.text) ?? new Map<Split, Named[]>();
    groups.set(named.text, group);
    group.set(named.split, [...group.get(named.split) ?? [], { ...named, path }]);
  }
  return groups;
}

/** Whether a group is a text in splits, and not files with similar names. */
function isText(group: Group): boolean {
  return group.size > 1 || [...group.values()].flat().some(({ sure }) => sure);
}

/** Splits as files of one folder. */
function splitFiles(folder: string, { files, leftOut }: FolderEntries): Located | undefined {
  const groups = [...groupsOf(files)].filter(([, group]) => isText(group));
  const whole = groups.filter(([, group]) => group.has("train") && group.size > 1);
  const candidates = whole.length > 0 ? whole : groups;
  const favourite = FAVOURITES.map((text) => candidates.find(([name]) => name === text))
    .find((candidate) => candidate !== undefined);
  const chosen = favourite ?? candidates[0];
  if (chosen === undefined) return undefined;
  if (favourite === undefined && candidates.length > 1) {
    throw new DataError(
      `Cannot choose a text in ${shown(folder)}: it holds splits of ${candidates.length} texts ` +
        `(${candidates.map(([text]) => shown(text)).slice(0, 4).join(", ")}), ` +
        "move one of them to a folder of its own",
    );
  }
  const [text, group] = chosen;
  const splits: Partial<Record<Split, string[]>> = {};
  for (const [split, named] of group) {
    const other = named.find(({ word }) => word !== named[0]!.word);
    if (other !== undefined) {
      throw new DataError(
        `Cannot choose the split "${split}" in ${shown(folder)}: both ${
          shown(named[0]!.path)
        } and ` +
          `${shown(other.path)} have its name, move one of them away`,
      );
    }
    splits[split] = named.map(({ path }) => path);
  }
  const read = new Set(Object.values(splits).flat());
  const others = files.filter(({ path }) => !read.has(path))
    .map(({ path }) => `${shown(path)} (not a split)`);
  return {
    split: "files",
    splits,
    leftOut: [...leftOut, ...others],
    nameOf: (split) => `${folder}/${text.replace("*", split)}`,
  };
}

/** Splits as folders, if there is no other text. */
async function splitFolders(
  { files, folders, leftOut }: FolderEntries,
): Promise<Located | undefined> {
  const named = folders.map((entry) => ({ ...entry, split: splitOfWord(entry.name) }));
  if (named.length === 0 || named.some(({ split }) => split === undefined)) return undefined;
  const isLoose = (name: string) => /\.txt$/i.test(name);
  if (files.some(({ name }) => isLoose(name))) return undefined;
  const splits: Partial<Record<Split, string[]>> = {};
  const passed = [...leftOut, ...files.map(({ path }) => `${shown(path)} (not a split)`)];
  for (const { split, path } of named) {
    if (splits[split!] !== undefined) return undefined;
    const found = await textsUnder(path, "split");
    if (found.texts.length > 0) splits[split!] = found.texts;
    passed.push(...found.leftOut);
  }
  // A single folder `train` is a text to be split, like any other folder.
  const present = Object.keys(splits);
  if (present.length === 0 || present.length === 1 && present[0] === "train") return undefined;
  const root = named[0]!.path.slice(0, -named[0]!.name.length - 1);
  return { split: "files", splits, leftOut: passed, nameOf: (split) => `${root}/${split}` };
}

function checkWanted(
  dataset: Dataset,
  folder: string,
  { splits, nameOf }: Located,
  wanted: readonly Split[],
): void {
  const missing = wanted.filter((split) => splits[split] === undefined);
  if (missing.length === 0) return;
  const present = SPLITS.filter((split) => splits[split] !== undefined);
  throw new DataError(
    `Cannot open data set "${dataset}": ${shown(folder)} has the split ` +
      `${
        present.map((split) => `"${split}" (${shown(splits[split]![0]!)})`).join(" and ")
      } but no ` +
      `${missing.map((split) => `"${split}"`).join(" and ")}, add ` +
      `${missing.map((split) => shown(nameOf(split))).join(" and ")}`,
    {
      need: !wanted.includes("train")
        ? undefined
        : missing.includes("train")
        ? "one file of text"
        : missing.includes("valid")
        ? "no evaluation"
        : "no test",
    },
  );
}

/** Joining them would train on test splits. */
function refuseNestedSplits(dataset: Dataset, folder: string, texts: readonly string[]): void {
  const byFolder = Map.groupBy(texts, (path) => path.slice(0, path.lastIndexOf("/")));
  for (const [place, paths] of byFolder) {
    const files = paths.map((path) => ({ name: path.slice(place.length + 1), path }));
    for (const group of groupsOf(files).values()) {
      if (group.size < 2 || !group.has("train")) continue;
      throw new DataError(
        `Cannot open data set "${dataset}": ${shown(folder)} holds the splits of a text in ` +
          `${shown(place)} beside other text`,
        { need: "the innermost folder of the splits" },
      );
    }
  }
}

function layoutNames(joint: "or" | "nor"): string {
  return FAVOURITES.map((text) => SPLITS.map((split) => text.replace("*", split)).join(", "))
    .join(` ${joint} `);
}
