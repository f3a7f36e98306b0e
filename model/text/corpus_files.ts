/**
 * Which files make up a data set, and how they are read: in chunks, so that a file may be longer than
 * a JavaScript string.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import { createHash } from "node:crypto";

/** The data sets a corpus can be opened from. */
export const DATASETS = ["wt103", "wt2", "text", "self"] as const;

/** A data set by name. */
export type Dataset = typeof DATASETS[number];

/** The parts of a corpus, in the order in which symbols are counted. */
export const PARTS = ["train", "valid", "test"] as const;

/** A part of a corpus by name. */
export type Part = typeof PARTS[number];

/** The files of every part, or the files of a text that is yet to be split. */
export type CorpusFiles =
  | { readonly split: "files"; readonly parts: Readonly<Record<Part, string>> }
  | { readonly split: "lines"; readonly whole: readonly string[] };

const LAYOUTS: readonly ((part: Part) => string)[] = [
  (part) => `${part}.txt`,
  (part) => `wiki.${part}.tokens`,
];

const TEXT_EXTENSIONS: readonly string[] = [".txt", ".md", ".ts"];

/**
 * Finds the files of a data set. WikiText lies in a folder as train.txt, valid.txt and test.txt, or
 * under its own names wiki.{train,valid,test}.tokens. `text` is such a folder, any other folder (its
 * .txt, .md and .ts files in name order, hidden ones left out), or one file. `self` is the list `files`.
 *
 * @throws {DataError} if something is missing; the message lists what was looked for.
 */
export async function locateCorpus(
  dataset: Dataset,
  path: string | undefined,
  files: readonly string[] | undefined,
): Promise<CorpusFiles> {
  if (dataset === "self") {
    if (files !== undefined && files.length > 0) return { split: "lines", whole: files };
    throw new DataError(`Cannot open data set "self": no files are given, list them in "files"`);
  }
  if (path === undefined) {
    throw new DataError(`Cannot open data set "${dataset}": no place is given, add --data`);
  }
  const found = await stat(path);
  const wanted = dataset === "text" ? "a file or folder" : "a folder";
  if (found === undefined) {
    throw new DataError(
      `Cannot open data set "${dataset}": "${path}" does not exist, ${wanted} is wanted, ` +
        `give the right --data${dataset === "text" ? "" : ` with ${layoutNames("or")}`}`,
    );
  }
  if (found.isFile && dataset === "text") return { split: "lines", whole: [path] };
  if (!found.isDirectory) {
    throw new DataError(
      `Cannot open data set "${dataset}": "${path}" is not ${wanted}, give --data the folder ` +
        `with ${layoutNames("or")}`,
    );
  }
  return await locateParts(dataset, path) ?? await locateTexts(dataset, path);
}

async function locateParts(dataset: Dataset, folder: string): Promise<CorpusFiles | undefined> {
  for (const nameOf of LAYOUTS) {
    const paths = PARTS.map((part) => `${folder}/${nameOf(part)}`);
    const found = await Promise.all(paths.map(stat));
    const missing = paths.filter((_, i) => found[i]?.isFile !== true);
    if (missing.length === 0) {
      return { split: "files", parts: { train: paths[0]!, valid: paths[1]!, test: paths[2]! } };
    }
    // A training file alone must not quietly become a text to be split.
    if (found[0]?.isFile === true) {
      throw new DataError(
        `Cannot open data set "${dataset}": "${missing.join('" and "')}" is missing beside ` +
          `"${paths[0]}", add it`,
      );
    }
  }
  if (dataset === "text") return undefined;
  throw new DataError(
    `Cannot open data set "${dataset}": "${folder}" has neither ${layoutNames("nor")}, ` +
      `give --data the folder with these files`,
  );
}

async function locateTexts(dataset: Dataset, folder: string): Promise<CorpusFiles> {
  const whole = await textsUnder(folder);
  if (whole.length > 0) return { split: "lines", whole };
  throw new DataError(
    `Cannot open data set "${dataset}": "${folder}" has neither ${layoutNames("nor")} nor any ` +
      `${TEXT_EXTENSIONS.join(", ")} file, give --data a folder with text`,
  );
}

async function textsUnder(folder: string): Promise<string[]> {
  const texts: string[] = [];
  const entries = await Array.fromAsync(Deno.readDir(folder));
  // Code unit order, not the locale's: the corpus must be the same on every machine.
  for (const entry of entries.sort((left, right) => left.name < right.name ? -1 : 1)) {
    const path = `${folder}/${entry.name}`;
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory) texts.push(...await textsUnder(path));
    else if (TEXT_EXTENSIONS.some((extension) => entry.name.endsWith(extension))) texts.push(path);
  }
  return texts;
}

async function stat(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return;
    throw error;
  }
}

function layoutNames(joint: "or" | "nor"): string {
  return LAYOUTS.map((nameOf) => PARTS.map(nameOf).join(", ")).join(` ${joint} `);
}

/**
 * Reads a file in chunks. The array passed to `take` is overwritten by the next chunk.
 *
 * @throws {DataError} if the file is missing or empty.
 */
export async function readChunks(
  path: string,
  chunkBytes: number,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  using file = await open(path);
  const buffer = new Uint8Array(chunkBytes);
  let total = 0;
  for (let read = await file.read(buffer); read !== null; read = await file.read(buffer)) {
    take(buffer.subarray(0, read));
    total += read;
  }
  if (total === 0) {
    throw new DataError(`Cannot read text "${path}": it is empty, give a file with text`);
  }
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new DataError(`Cannot read text "${path}": it does not exist, give an existing file`, {
      cause: error,
    });
  }
}

/** The SHA-256 of a file in hexadecimal; throws as {@link readChunks}. */
export async function hashFile(path: string, chunkBytes: number): Promise<string> {
  const hash = createHash("sha256");
  await readChunks(path, chunkBytes, (chunk) => hash.update(chunk));
  return hash.digest("hex");
}
