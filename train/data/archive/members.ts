/**
 * Members of a file in any known format, which its first bytes tell.
 *
 * @module
 */
import { DataError, quoted } from "@transformer-xl/runtime";
import { FileBytes } from "./file_bytes.ts";
import { checkMemberName, decompressed, type Member } from "./member.ts";
import { parquetText } from "./parquet.ts";
import { isTarHeader, TAR_BLOCK, tarMembers } from "./tar.ts";
import { zipMembers } from "./zip.ts";

/** Formats by their first bytes; those without a reader have the command that unpacks them. */
const MAGIC: readonly (readonly [format: string, start: readonly number[], command?: string])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
  ["zip", [0x50, 0x4b, 0x05, 0x06]],
  ["parquet", [0x50, 0x41, 0x52, 0x31]],
  ["bzip2", [0x42, 0x5a, 0x68], "bunzip2 -k"],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "unxz -k"],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd], "unzstd"],
];

/**
 * The members of an archive, or a plain file as the only one.
 *
 * @param name name of the file, with folders where it was found in some
 * @param emptyRow see {@link parquetText}
 * @throws {DataError} for damaged files, unknown formats and names that leave the archive
 */
export async function* membersOf(
  path: string,
  name: string,
  emptyRow: string,
): AsyncGenerator<Member> {
  using file = await FileBytes.open(path);
  for await (const member of await open(path, name, file, emptyRow)) {
    checkMemberName(path, member.name);
    yield member;
  }
}

async function open(
  path: string,
  name: string,
  file: FileBytes,
  emptyRow: string,
): Promise<AsyncIterable<Member>> {
  const head = await file.read(0, TAR_BLOCK);
  const [format, , command] =
    MAGIC.find(([, start]) => start.every((byte, i) => head[i] === byte)) ??
      [];
  if (command !== undefined) {
    throw new DataError(
      `Cannot unpack ${quoted(path)}: it is packed with ${format}, unpack it with ${command} first`,
    );
  }
  if (/^\s*<(?:!doctype html|html)/i.test(new TextDecoder().decode(head))) {
    throw new DataError(
      `Cannot unpack ${quoted(path)}: it is a web page, no data; download it again`,
    );
  }
  if (format === "zip") return zipMembers(path, file);
  if (format === "parquet") {
    const shard = name.replace(/\.parquet$/i, "");
    return single(shard, true, () => parquetText(path, file, emptyRow));
  }
  if (format === "gzip") {
    const unpacked = () => decompressed(path, file.chunks(), "gzip");
    if (await startsTar(unpacked())) return tarMembers(path, unpacked());
    return single(name.replace(/\.gz$/i, ""), false, unpacked);
  }
  return isTarHeader(head)
    ? tarMembers(path, file.chunks())
    : single(name, false, () => file.chunks());
}

async function* single(
  name: string,
  joins: boolean,
  chunks: Member["chunks"],
): AsyncGenerator<Member> {
  yield { name, kind: "file", joins, chunks };
}

async function startsTar(chunks: AsyncIterable<Uint8Array>): Promise<boolean> {
  const block = new Uint8Array(TAR_BLOCK);
  let filled = 0;
  for await (const chunk of chunks) {
    const part = chunk.subarray(0, TAR_BLOCK - filled);
    block.set(part, filled);
    filled += part.length;
    if (filled === TAR_BLOCK) return isTarHeader(block);
  }
  return false;
}
