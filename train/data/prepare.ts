/**
 * Preparation of a data set in a folder: download or import, unpacking, and the move into place. The
 * folder appears complete or not at all; everything before lies in a folder `NAME.download` beside
 * it, from which the next run goes on.
 *
 * @module
 */
import { DataError, fileInfo, isSystemError, quoted, systemReason } from "@transformer-xl/runtime";
import { filesToImport, recogniseFiles } from "./import.ts";
import type { Download, Source, Sources } from "./sources/source.ts";
import { checksumsOf } from "./transfer/checksums.ts";
import { download, type TransferOptions, Unreachable } from "./transfer/download.ts";
import { PartFile, removeFile } from "./transfer/part_file.ts";
import { type Packed, type TextFile, unpack } from "./unpack.ts";

/** Record of the origin, a hidden file that no text loader reads. */
export const RECORD_NAME = ".data_set.json";

/** What to prepare, and how. */
export interface PrepareOptions extends Omit<TransferOptions, "maxBytes"> {
  /** The table. */
  readonly sources: Sources;
  /** Name in the table. */
  readonly dataset: string;
  /** Absolute path of the folder, new or empty. */
  readonly to: string;
  /** Files or folders to import instead of a download. */
  readonly from?: readonly string[] | undefined;
  /** Address to use instead of those in the table, for a data set of one download. */
  readonly url?: string | undefined;
  /** Keep the downloads. */
  readonly keep?: boolean | undefined;
}

/** A prepared data set. */
export interface Prepared {
  /** Files of the folder. */
  readonly files: readonly Omit<TextFile, "verdict">[];
  /** Whether it was there already. */
  readonly wasThere: boolean;
}

interface Record {
  readonly dataset: string;
  readonly title: string;
  readonly licence: string;
  readonly page: string;
  readonly files: readonly Omit<TextFile, "verdict">[];
  /** Whether the downloads stay beside the folder. */
  readonly keepsDownloads?: boolean;
}

/**
 * Prepares a data set.
 *
 * @throws {DataError} when the folder holds other files, nothing can be downloaded, or a file is not
 * the published one
 */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  try {
    return await prepareFolder(options);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new DataError(
      `Cannot prepare ${options.dataset} in ${quoted(options.to)}: ${systemReason(error)}; ` +
        "make room or choose another folder, and run again to continue",
      { cause: error },
    );
  }
}

async function prepareFolder(options: PrepareOptions): Promise<Prepared> {
  const { dataset, sources, to } = options;
  const source = sources[dataset]!;
  const existing = await existingRecord(options);
  const work = `${to}.download`;
  if (existing !== undefined) {
    // A run that was killed after its folder was complete has left them.
    if (existing.keepsDownloads !== true) await removeLeft(source, work);
    return { files: existing.files, wasThere: true };
  }
  const from = options.from && await filesToImport(source, options.from);
  await Deno.mkdir(work, { recursive: true });
  let keepsWork = from === undefined; // the next run, or a download by hand, needs it
  try {
    await using _lock = await lockFolder(work);
    if (from !== undefined) await recogniseFiles(dataset, sources, from, options);
    const packed = from ?? await downloadVariant(options, source, work);
    const files = await writeFolder(options, source, packed, work).catch(async (error) => {
      if (from === undefined) await removeUnverified(source, work);
      throw error;
    });
    if (from === undefined && options.keep !== true) await removeDownloads(source, work);
    keepsWork = false;
    return { files, wasThere: false };
  } finally {
    if (!keepsWork) await removeEmpty(work);
  }
}

/** Removes downloads, whole and partial ones. */
async function removeDownloads(source: Source, work: string): Promise<void> {
  for (const { name } of source.variants.flat()) {
    await new PartFile(`${work}/${name}`).remove();
    await removeFile(`${work}/${name}`);
  }
}

/** Removes what preparation needs, unless another process is at work there. */
async function removeLeft(source: Source, work: string): Promise<void> {
  if (await fileInfo(work) === undefined) return;
  {
    await using lock = await tryLockFolder(work);
    if (lock === undefined) return;
    await removeFolder(`${work}/unpacked`);
    await removeDownloads(source, work);
  }
  await removeEmpty(work);
}

/** Removes downloads without a published checksum, so that a wrong one is not used again. */
async function removeUnverified(source: Source, work: string): Promise<void> {
  for (const { name, checksums } of source.variants.flat()) {
    if (checksums === undefined) await removeFile(`${work}/${name}`);
  }
}

/** Unpacks beside the folder and moves it into place. */
async function writeFolder(
  options: PrepareOptions,
  source: Source,
  packed: readonly Packed[],
  work: string,
): Promise<Prepared["files"]> {
  const { dataset, to, print, progress } = options;
  const folder = `${work}/unpacked`;
  await removeFolder(folder); // of an interrupted run
  await Deno.mkdir(folder);
  try {
    const show = (bytes: number) => progress("unpacking", bytes, undefined);
    const files = await unpack(source, packed, folder, show);
    report(files, print);
    if (options.from === undefined) refuseDifferent(options, files);
    const record: Record = {
      dataset,
      title: source.title,
      licence: source.licence,
      page: source.page,
      files: files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
      ...(options.keep === true && { keepsDownloads: true }),
    };
    await Deno.writeTextFile(`${folder}/${RECORD_NAME}`, JSON.stringify(record, null, 2) + "\n");
    await removeEmpty(to);
    await Deno.rename(folder, to);
    return record.files;
  } finally {
    await removeFolder(folder);
  }
}

/** Record of a complete folder; undefined if it is new or empty. */
async function existingRecord(
  { dataset, to, progress }: PrepareOptions,
): Promise<Record | undefined> {
  const info = await fileInfo(to);
  if (info === undefined) return undefined;
  if (!info.isDirectory) {
    throw new DataError(`Cannot prepare ${dataset} in ${quoted(to)}: it is a file; give a folder`);
  }
  const names = (await Array.fromAsync(Deno.readDir(to))).map(({ name }) => name);
  if (names.length === 0) return undefined;
  const record = await readRecord(`${to}/${RECORD_NAME}`);
  if (record?.dataset !== dataset) {
    const holds = record === undefined ? "other files" : record.dataset;
    throw new DataError(
      `Cannot prepare ${dataset} in ${quoted(to)}: it holds ${holds}; give a new or empty folder`,
    );
  }
  for (const { path, sha256 } of record.files) {
    const file = `${to}/${path}`;
    const computed = await fileInfo(file) &&
      await checksumsOf(file, [], (bytes, total) => progress(`verifying ${path}`, bytes, total));
    if (computed?.sha256 === sha256) continue;
    throw new DataError(
      `Cannot use the data set in ${quoted(to)}: ${quoted(path)} is ` +
        `${computed === undefined ? "missing" : "changed"}; remove the folder and run again`,
    );
  }
  return record;
}

async function readRecord(path: string): Promise<Record | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path)) as Record;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Downloads the first variant of which every file is given by some address. */
async function downloadVariant(
  options: PrepareOptions,
  source: Source,
  work: string,
): Promise<Packed[]> {
  const variants = withAddress(options, source.variants);
  const reasons: string[] = [];
  for (const downloads of variants) {
    try {
      const packed: Packed[] = [];
      for (const what of downloads) {
        options.print(`downloading ${what.name} from ${what.urls[0]}`);
        const { path } = await download(what, work, { ...options, maxBytes: source.maxBytes });
        packed.push({ path, name: what.name });
      }
      return packed;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      reasons.push(...error.reasons);
    }
  }
  const [files] = variants;
  const list = files!.map(({ urls, name }) => `${urls[0]} to ${quoted(`${work}/${name}`)}`);
  throw new DataError(
    `Cannot download ${options.dataset}: ${[...new Set(reasons)].join("; ")}; ` +
      `run again to continue, or download by hand ${list.join(", ")}, and run again`,
  );
}

function withAddress(
  { dataset, url }: PrepareOptions,
  variants: Source["variants"],
): readonly (readonly Download[])[] {
  if (url === undefined) return variants;
  const name = new URL(url).pathname.split("/").at(-1)!;
  const downloads = variants.filter((each) => each.length === 1).flat();
  const chosen = downloads.find((each) => each.name === name) ?? downloads[0];
  if (chosen !== undefined) return [[{ ...chosen, urls: [url] }]];
  throw new DataError(
    `Cannot download ${dataset} from one address: it has ${variants[0]!.length} files; ` +
      "download them by hand and import them",
  );
}

/** Most text files that are listed. */
const MAX_LISTED = 12;

/** One line per text file; of many without published checksums, their number and length. */
function report(files: readonly TextFile[], print: (line: string) => void): void {
  const unknown = files.filter(({ verdict }) => verdict.kind === "unknown");
  const isLong = unknown.length > MAX_LISTED;
  for (const { path, bytes, sha256, verdict } of files) {
    if (isLong && verdict.kind === "unknown") continue;
    const state = verdict.kind === "equal"
      ? `${verdict.by} as published`
      : verdict.kind === "unknown"
      ? `no checksum is published, its SHA-256 is ${sha256}`
      : `not the published text, its SHA-256 is ${sha256}`;
    print(`  ${path}: ${bytes} bytes, ${state}`);
  }
  if (!isLong) return;
  const bytes = unknown.reduce((sum, file) => sum + file.bytes, 0);
  print(`  ${unknown.length} texts: ${bytes} bytes, their SHA-256 are in ${RECORD_NAME}`);
}

function refuseDifferent({ dataset }: PrepareOptions, files: readonly TextFile[]): void {
  for (const { path, verdict } of files) {
    if (verdict.kind !== "different") continue;
    throw new DataError(
      `Cannot use the download of ${dataset}: ${quoted(path)} has ${verdict.is}, ` +
        `${verdict.published} is published; import a copy from elsewhere`,
    );
  }
}

const LOCK_NAME = "lock";

/**
 * A lock that ends with this process.
 *
 * @throws {DataError} while another process holds it
 */
async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const lock = await tryLockFolder(folder);
  if (lock !== undefined) return lock;
  throw new DataError(
    `Cannot download into ${quoted(folder)}: another process does; wait for its end`,
  );
}

/** A lock that ends with this process; undefined while another one holds it. */
async function tryLockFolder(folder: string): Promise<AsyncDisposable | undefined> {
  const path = `${folder}/${LOCK_NAME}`;
  const file = await Deno.open(path, { write: true, create: true });
  if (!await file.tryLock(true)) {
    file.close();
    return undefined;
  }
  return {
    async [Symbol.asyncDispose]() {
      file.close();
      await removeFile(path);
    },
  };
}

async function removeFolder(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Removes an empty folder; another one stays. */
async function removeEmpty(folder: string): Promise<void> {
  const info = await fileInfo(folder);
  if (info === undefined) return;
  for await (const _ of Deno.readDir(folder)) return;
  await Deno.remove(folder);
}
