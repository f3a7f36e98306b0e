/**
 * Members of archives, and the checks that all formats share.
 *
 * @module
 */
import { DataError, quoted } from "@transformer-xl/runtime";
import { pipeline, Readable } from "node:stream";
import { createGunzip, createInflateRaw } from "node:zlib";

/** One file in an archive, or a file that is none. */
export interface Member {
  /** Name with folders, separated by `/`. */
  readonly name: string;
  /** `link` for links and devices, which are never followed or made. */
  readonly kind: "file" | "link";
  /** Whether several members of a text are joined, as rows of Parquet shards are. */
  readonly joins: boolean;
  /** The content; consumed before the next member is asked for. */
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

/** The error for an archive that cannot be read. */
export function damaged(path: string, reason: string, cause?: unknown): DataError {
  return new DataError(
    `Cannot unpack ${quoted(path)}: ${reason}; download it again`,
    cause === undefined ? {} : { cause },
  );
}

/**
 * Rejects names that point outside of the archive's own folder.
 *
 * @throws {DataError} for absolute names, drive letters, backslashes and `..`
 */
export function checkMemberName(path: string, name: string): void {
  const leaves = name.startsWith("/") || /^[a-z]:/i.test(name) || /[\\\0]/.test(name) ||
    name.split("/").includes("..");
  if (!leaves) return;
  throw new DataError(
    `Cannot unpack ${quoted(path)}: its member ${quoted(name)} points outside of the archive, ` +
      "an archive of plain names is wanted",
  );
}

/** Decompressed bytes; gzip may have several members. Errors are those of a damaged archive. */
export async function* decompressed(
  path: string,
  source: AsyncIterable<Uint8Array>,
  format: "gzip" | "deflate-raw",
): AsyncGenerator<Uint8Array> {
  const unpacked = format === "gzip" ? createGunzip() : createInflateRaw();
  pipeline(Readable.from(source), unpacked, () => {}); // the loop below throws its errors
  try {
    for await (const chunk of unpacked) yield chunk as Uint8Array;
  } catch (error) {
    if (!/^Z_/.test((error as { readonly code?: string }).code ?? "")) throw error;
    throw damaged(path, "its compressed data is truncated or damaged", error);
  }
}
