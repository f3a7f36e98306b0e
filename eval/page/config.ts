/**
 * The file of a page or picture, which programs take as `--to`: it replaces files of its own kind alone,
 * and as a whole.
 *
 * @module
 */
import {
  AtomicFile,
  ConfigError,
  fileInfo,
  isSystemError,
  quoted,
  systemReason,
} from "@transformer-xl/runtime";
import { dirname } from "node:path";
import { type FileKind, markOf } from "./page.ts";

/** Bytes at the start of a page that hold the mark of its kind. */
const HEAD_BYTES = 1024;

/**
 * Checks that a file can be written without replacing anything but a file of its kind.
 *
 * @throws {ConfigError} naming the file
 */
export async function checkPage(path: string, kind: FileKind): Promise<void> {
  const cannot = (state: string) => new ConfigError(`Cannot write ${quoted(path)}: ${state}`);
  const info = await fileInfo(path);
  if (info?.isDirectory) throw cannot("it is a folder; give --to the name of a file");
  if (info !== undefined && !(await isOfKind(path, kind))) {
    throw cannot(`it is a file, and no ${kind}; give another name with --to`);
  }
  const folder = dirname(path);
  if (!(await fileInfo(folder))?.isDirectory) {
    throw cannot(`there is no folder ${quoted(folder)}; create it, or give another name with --to`);
  }
}

async function isOfKind(path: string, kind: FileKind): Promise<boolean> {
  using file = await Deno.open(path);
  const start = new Uint8Array(HEAD_BYTES);
  const length = await file.read(start) ?? 0;
  return new TextDecoder().decode(start.subarray(0, length)).includes(markOf(kind));
}

/**
 * Begins a page whose content takes long to compute, so that a place that cannot be written is known
 * before. The caller writes and commits it.
 *
 * @throws {ConfigError} naming the file
 */
export async function beginPage(path: string, kind: FileKind): Promise<AtomicFile> {
  await checkPage(path, kind);
  return await writingPages(path, () => AtomicFile.create(path));
}

/**
 * Writes what `write` writes, pages whose places were checked.
 *
 * @throws {ConfigError} when the system does not let it
 */
export async function writingPages<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new ConfigError(
      `Cannot write ${quoted(path)}: ${systemReason(error)}; give a file elsewhere with --to`,
      { cause: error },
    );
  }
}

/**
 * Replaces a file of text as a whole.
 *
 * @throws system errors of a file that cannot be written
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await using file = await AtomicFile.create(path);
  await commitText(file, text);
}

/**
 * Writes a text as the content of a file, which then gets its name.
 *
 * @throws system errors of a file that cannot be written
 */
export async function commitText(file: AtomicFile, text: string): Promise<void> {
  await file.write(new TextEncoder().encode(text));
  await file.commit();
}
