/**
 * The content of a text folder: files to read, folders, and skipped entries with the reason. Links
 * are followed once each; hidden entries are ignored.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import { shown, specialKind, statPath, unreadable } from "./text_file.ts";

/** Endings of text files in a folder without splits. */
export const TEXT_ENDINGS: readonly string[] = [".txt", ".md", ".ts"];

/** Endings of text files in folders named after splits. */
const SPLIT_ENDINGS: readonly string[] = [
  ...TEXT_ENDINGS,
  ".tokens",
  ".raw",
  ".text",
  ".tsv",
  ".csv",
];

/** Entries of one folder, in the order of code units: equal on every machine. */
export interface FolderEntries {
  /** Files with any ending. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
  /** Folders. */
  readonly folders: readonly { readonly name: string; readonly path: string }[];
  /** Entries that are neither, each with the reason. */
  readonly leftOut: readonly string[];
}

/**
 * Lists a folder.
 *
 * @throws {DataError} if it cannot be entered
 */
export async function listFolder(folder: string): Promise<FolderEntries> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) if (!name.startsWith(".")) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw unreadable(folder, error);
    throw new DataError(
      `Cannot read folder ${shown(folder)}: permission is denied, ` +
        "make it readable for this user or move it away",
      { cause: error },
    );
  }
  const files = [];
  const folders = [];
  const leftOut = [];
  for (const name of names.sort((left, right) => left < right ? -1 : 1)) {
    const path = `${folder.replace(/\/+$/, "")}/${name}`;
    const info = await statOrReason(path);
    if (typeof info === "string") leftOut.push(`${shown(path)} (${info})`);
    else if (info.isFile) files.push({ name, path });
    else if (info.isDirectory) folders.push({ name, path });
    else leftOut.push(`${shown(path)} (${specialKind(info)})`);
  }
  return { files, folders, leftOut };
}

async function statOrReason(path: string): Promise<Deno.FileInfo | string> {
  try {
    return await statPath(path) ?? "a link to nothing";
  } catch (error) {
    // A cycle of links, or a link to an unreadable entry.
    if (error instanceof DataError) return "cannot be followed";
    throw error;
  }
}

/** Text files below a folder, and skipped files. */
export interface FolderTexts {
  /** Paths of the files to read. */
  readonly texts: string[];
  /** Skipped files, each with the reason. */
  readonly leftOut: string[];
}

/**
 * The texts of a folder and of those in it, in name order. Files with other endings, empty files and
 * files that this user may not read are left out.
 *
 * @param kind `split` accepts more endings, for folders named after a split
 * @throws {DataError} if a folder cannot be entered
 */
export async function textsUnder(folder: string, kind: "any" | "split"): Promise<FolderTexts> {
  const endings = kind === "split" ? SPLIT_ENDINGS : TEXT_ENDINGS;
  const found: FolderTexts = { texts: [], leftOut: [] };
  await collect(folder, endings, new Set(), found);
  return found;
}

async function collect(
  folder: string,
  endings: readonly string[],
  seen: Set<string>,
  { texts, leftOut }: FolderTexts,
): Promise<void> {
  const real = await Deno.realPath(folder).catch((error) => {
    throw unreadable(folder, error);
  });
  if (seen.has(real)) {
    leftOut.push(`${shown(folder)} (read already)`);
    return;
  }
  seen.add(real);
  const entries = await listFolder(folder);
  leftOut.push(...entries.leftOut);
  // Files and folders in one order, as their names are.
  const all = [
    ...entries.files.map((entry) => ({ ...entry, isFile: true })),
    ...entries.folders.map((entry) => ({ ...entry, isFile: false })),
  ].sort((left, right) => left.name < right.name ? -1 : 1);
  for (const { name, path, isFile } of all) {
    if (!isFile) {
      await collect(path, endings, seen, { texts, leftOut });
      continue;
    }
    const reason = endings.some((ending) => name.toLowerCase().endsWith(ending))
      ? await reasonToLeaveOut(path)
      : `not ${endings.join(", ")}`;
    if (reason === undefined) texts.push(path);
    else leftOut.push(`${shown(path)} (${reason})`);
  }
}

async function reasonToLeaveOut(path: string): Promise<string | undefined> {
  try {
    using file = await Deno.open(path);
    return (await file.stat()).size === 0 ? "empty" : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return "permission is denied";
    if (error instanceof Deno.errors.NotFound) return "gone";
    throw unreadable(path, error);
  }
}
