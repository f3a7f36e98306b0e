/**
 * Members of ZIP archives: stored and deflated, with CRC-32.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import {
  DataError,
  FileFault,
  quoted,
  readZipDirectory,
  ZIP_METHODS,
  zipDataOffset,
  type ZipEntry,
} from "@transformer-xl/runtime";
import type { FileBytes } from "./file_bytes.ts";
import { damaged, decompressed, type Member } from "./member.ts";

/**
 * The files of a ZIP archive, in the order of its directory.
 *
 * @throws {DataError} if it is damaged, encrypted, or packed in another way
 */
export async function* zipMembers(path: string, file: FileBytes): AsyncGenerator<Member> {
  for (const entry of await orDamaged(path, () => readZipDirectory(file))) {
    if (entry.name.endsWith("/")) continue;
    yield {
      name: entry.name,
      kind: entry.isLink ? "link" : "file",
      joins: false,
      chunks: () => contentOf(path, file, entry),
    };
  }
}

async function orDamaged<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof FileFault) throw damaged(path, error.message, error);
    throw error;
  }
}

async function* contentOf(
  path: string,
  file: FileBytes,
  entry: ZipEntry,
): AsyncGenerator<Uint8Array> {
  const { name, method, isEncrypted } = entry;
  if (isEncrypted) {
    throw new DataError(
      `Cannot unpack ${quoted(path)}: ${quoted(name)} is encrypted; decrypt it first`,
    );
  }
  if (method !== ZIP_METHODS.stored && method !== ZIP_METHODS.deflated) {
    throw new DataError(
      `Cannot unpack ${quoted(path)}: ${quoted(name)} is packed with method ${method}, ` +
        "deflate is wanted; pack it again",
    );
  }
  const at = await orDamaged(path, () => zipDataOffset(file, entry));
  const packed = file.chunks(at, entry.packedBytes);
  let crc = 0;
  let bytes = 0;
  const isStored = method === ZIP_METHODS.stored;
  for await (const chunk of isStored ? packed : decompressed(path, packed, "deflate-raw")) {
    crc = crc32(chunk, crc);
    bytes += chunk.length;
    if (bytes > entry.bytes) break;
    yield chunk;
  }
  if (bytes !== entry.bytes || crc !== entry.crc) {
    throw damaged(path, `${quoted(name)} differs from its checksum in the archive`);
  }
}
