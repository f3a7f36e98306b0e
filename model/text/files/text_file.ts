/**
 * A text file: its readability, its hash, and its bytes in chunks, so that a file may exceed the
 * length of a JavaScript string. A byte order mark is not part of the text.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { conversion, foreignText, guessEncoding, markBytes, packedText } from "./encoding.ts";
import { preparedText, type TextForm } from "./prepared_text.ts";
import { reportReading } from "./reading_progress.ts";
import { hashInThread } from "./hash_thread.ts";
import { InvalidUtf8, type Scanner } from "../corpus/scan/scanner.ts";

/** Identity of a file that was read. */
export interface TextFile {
  /** Path it was read from. */
  readonly path: string;
  /** Its length. */
  readonly bytes: number;
  /** SHA-256 of its bytes in hexadecimal. */
  readonly sha256: string;
}

/** The identity of a file while it is read. */
class FileDigest {
  readonly #path: string;
  readonly #hash = createHash("sha256");
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** @throws {DataError} if it is empty */
  file(): TextFile {
    if (this.#bytes === 0) throw emptyText(this.#path);
    return { path: this.#path, bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }
}

/** Chunks from which a file is hashed in another thread: fewer take less time than its start. */
const THREAD_CHUNKS = 64;

/** Size of the sample for encoding detection. */
const SAMPLE_BYTES = 1 << 16;

/** A path in a message: quoted, on one line. */
export function shown(path: string): string {
  return JSON.stringify(path);
}

/** Information about a path, following links; undefined if it does not exist. */
export async function statPath(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    return noInfo(path, error);
  }
}

/** As {@link statPath}, at once. */
function fileInfo(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    return noInfo(path, error);
  }
}

function noInfo(path: string, error: unknown): undefined {
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return;
  throw unreadable(path, error);
}

/** Kind of an entry that is neither a file nor a folder. */
export function specialKind(info: Deno.FileInfo): string {
  if (info.isFifo === true) return "a named pipe";
  if (info.isSocket === true) return "a socket";
  if (info.isCharDevice === true || info.isBlockDevice === true) return "a device";
  return "neither a file nor a folder";
}

/** The error of the operating system as one sentence that names the path; bugs pass. */
export function unreadable(path: string, error: unknown): unknown {
  if (error instanceof Deno.errors.NotFound) {
    return new DataError(
      `Cannot read text ${shown(path)}: it does not exist, give an existing file`,
      {
        cause: error,
      },
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new DataError(
      `Cannot read text ${shown(path)}: permission is denied, give a file that this user may read`,
      { cause: error },
    );
  }
  if (error instanceof Deno.errors.NotCapable || error instanceof Error && "code" in error) {
    const [reason] = (error as Error).message.split("\n");
    return new DataError(`Cannot read text ${shown(path)}: ${reason}`, { cause: error });
  }
  return error;
}

/** A buffer no larger than needed to read a file and detect its end. */
function bufferFor(fileBytes: number, bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Math.min(bytes, fileBytes + 1));
}

/**
 * Opens a file. Awaiting each call of the system takes most of the time of a short file, so only one
 * is awaited, in which signals are handled.
 */
async function openFile(path: string): Promise<Deno.FsFile> {
  const info = fileInfo(path);
  // Reading a pipe would block, and a device may never end.
  if (info !== undefined && !info.isFile) {
    throw new DataError(
      `Cannot read text ${shown(path)}: it is ${
        info.isDirectory ? "a folder" : specialKind(info)
      }, ` +
        "give a file",
    );
  }
  try {
    return await Deno.open(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Reads until `buffer` is full or the file ends; returns how much was read. A short buffer is read
 * without awaiting, see {@link openFile}.
 */
async function fill(path: string, file: Deno.FsFile, buffer: Uint8Array): Promise<number> {
  let length = 0;
  const isShort = buffer.length <= SAMPLE_BYTES;
  try {
    while (length < buffer.length) {
      const rest = buffer.subarray(length);
      const read = isShort ? file.readSync(rest) : await file.read(rest);
      if (read === null) break;
      length += read;
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  return length;
}

/** How a file is read. */
export interface ReadOptions {
  /** Bytes read at a time. */
  readonly chunkBytes: number;
  /** Form of the file. */
  readonly form: TextForm;
  /** Whether any bytes will do: a byte order mark is then part of the text. */
  readonly anyBytes: boolean;
}

/**
 * Reads a file in chunks into a scanner; the array of a chunk is overwritten by the next one.
 *
 * @returns the identity of exactly the bytes that were read
 * @throws {DataError} if the file is missing, empty, no file, compressed, or not UTF-8 where any
 * bytes will not do
 */
export async function readText(
  path: string,
  { chunkBytes, form, anyBytes }: ReadOptions,
  scanner: Pick<Scanner, "startFile" | "push" | "endFile">,
): Promise<TextFile> {
  const digest = new FileDigest(path);
  using file = await openFile(path);
  const { size: totalBytes } = file.statSync();
  const buffer = bufferFor(totalBytes, Math.max(chunkBytes, SAMPLE_BYTES));
  let length = await fill(path, file, buffer);
  let bytes = length;
  const head = buffer.subarray(0, Math.min(length, SAMPLE_BYTES));
  if (length === 0) throw emptyText(path);
  const foreign = anyBytes ? packedText(path, head) : foreignText(path, head);
  if (foreign !== undefined) {
    throw new DataError(
      `Cannot read text ${shown(path)}: it is ${foreign.name}, not UTF-8, ` +
        `convert it with ${foreign.command}`,
    );
  }
  const firstByte = anyBytes ? 0 : markBytes(head);
  if (length === firstByte) throw emptyText(path);
  const raw = preparedText(form, path, head);
  try {
    scanner.startFile(path, firstByte);
    for (let begin = firstByte; length > 0; begin = 0) {
      digest.update(buffer.subarray(0, length));
      for (; begin < length; begin += chunkBytes) {
        const chunk = buffer.subarray(begin, Math.min(begin + chunkBytes, length));
        scanner.push(raw === undefined ? chunk : raw.push(chunk));
      }
      reportReading({ path, bytes, totalBytes });
      length = await fill(path, file, buffer);
      bytes += length;
    }
    if (raw !== undefined) scanner.push(raw.end());
    scanner.endFile();
    return digest.file();
  } catch (error) {
    throw error instanceof InvalidUtf8 ? await notUtf8(path, error.offset) : error;
  }
}

function emptyText(path: string): DataError {
  return new DataError(`Cannot read text ${shown(path)}: it is empty, give a file with text`);
}

/** The error for bytes that are not UTF-8, with a command that works on the file. */
async function notUtf8(path: string, offset: number): Promise<DataError> {
  using file = await openFile(path);
  await file.seek(offset, Deno.SeekMode.Start);
  const sample = new Uint8Array(SAMPLE_BYTES);
  const guess = guessEncoding(sample.subarray(0, await fill(path, file, sample)));
  return new DataError(
    `Cannot read text ${shown(path)}: it is not UTF-8 at byte offset ${offset}, ` +
      (guess === undefined
        ? "and no common encoding fits; give a file with text, or convert it with " +
          "iconv -f ITS_ENCODING -t UTF-8"
        : `convert it with ${conversion(path, guess)} (it looks like ${guess})`),
  );
}

/**
 * Length and SHA-256 of a file; throws as {@link readText}. A long file is hashed in another thread,
 * so that this one may read something else meanwhile.
 */
export async function hashFile(path: string, chunkBytes: number): Promise<TextFile> {
  using file = await openFile(path);
  const { size } = file.statSync();
  if (size >= THREAD_CHUNKS * chunkBytes) {
    const hashed = await hashInThread({ path, chunkBytes });
    if (hashed !== undefined) return { path, ...hashed };
  }
  const digest = new FileDigest(path);
  const buffer = bufferFor(size, chunkBytes);
  for (let read = await fill(path, file, buffer); read > 0; read = await fill(path, file, buffer)) {
    digest.update(buffer.subarray(0, read));
  }
  return digest.file();
}
