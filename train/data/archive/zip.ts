/**
 * Reader of ZIP archives: the central directory, stored and deflated members, CRC-32, ZIP64 sizes.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { DataError, quoted } from "@transformer-xl/runtime";
import type { FileBytes } from "./file_bytes.ts";
import { damaged, decompressed, type Member } from "./member.ts";

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const MAX_COMMENT = 0xffff;
/** Largest central directory that is read; those of text archives are far smaller. */
const MAX_DIRECTORY = 64 << 20;
const LARGE = 0xffff_ffff;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;
const UNIX_TYPE = 0o170000;
const UNIX_FILE = 0o100000;

interface Entry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly offset: number;
  readonly isLink: boolean;
}

/**
 * The files of a ZIP archive, in the order of its directory.
 *
 * @throws {DataError} if it is damaged, encrypted, or packed in another way
 */
export async function* zipMembers(path: string, file: FileBytes): AsyncGenerator<Member> {
  for (const entry of await readDirectory(path, file)) {
    if (entry.name.endsWith("/")) continue;
    yield {
      name: entry.name,
      kind: entry.isLink ? "link" : "file",
      joins: false,
      chunks: () => contentOf(path, file, entry),
    };
  }
}

async function readDirectory(path: string, file: FileBytes): Promise<Entry[]> {
  const tailBytes = Math.min(file.size, END_BYTES + MAX_COMMENT);
  const tailAt = file.size - tailBytes;
  const tail = viewOf(await file.read(tailAt, tailBytes));
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw damaged(path, "it has no end of a ZIP archive");
  let count = tail.getUint16(end + 10, true);
  let bytes = tail.getUint32(end + 12, true);
  let at = tail.getUint32(end + 16, true);
  const locator = end - LOCATOR_BYTES;
  if (locator >= 0 && tail.getUint32(locator, true) === LOCATOR_64) {
    const large = viewOf(await file.read(Number(tail.getBigUint64(locator + 8, true)), 56));
    if (large.byteLength < 56 || large.getUint32(0, true) !== END_64) {
      throw damaged(path, "its ZIP64 directory is missing");
    }
    count = Number(large.getBigUint64(32, true));
    bytes = Number(large.getBigUint64(40, true));
    at = Number(large.getBigUint64(48, true));
  }
  if (bytes > MAX_DIRECTORY || at + bytes > file.size) {
    throw damaged(path, "its directory lies outside of the file");
  }
  const directory = viewOf(await file.read(at, bytes));
  const entries: Entry[] = [];
  let next = 0;
  for (let i = 0; i < count; i++) {
    if (next + 46 > directory.byteLength || directory.getUint32(next, true) !== ENTRY) {
      throw damaged(path, "its directory is cut off");
    }
    const [entry, length] = readEntry(path, directory, next);
    entries.push(entry);
    next += length;
  }
  return entries;
}

function readEntry(path: string, view: DataView<ArrayBuffer>, at: number): [Entry, number] {
  const nameBytes = view.getUint16(at + 28, true);
  const extraBytes = view.getUint16(at + 30, true);
  const length = 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
  if (at + length > view.byteLength) throw damaged(path, "its directory is cut off");
  const name = new Uint8Array(view.buffer, view.byteOffset + at + 46, nameBytes);
  const sizes = [
    view.getUint32(at + 24, true),
    view.getUint32(at + 20, true),
    view.getUint32(at + 42, true),
  ];
  const [bytes, packedBytes, offset] = withLargeSizes(view, at + 46 + nameBytes, extraBytes, sizes);
  const fromUnix = view.getUint8(at + 5) === 3;
  const type = (view.getUint32(at + 38, true) >>> 16) & UNIX_TYPE;
  const entry: Entry = {
    name: new TextDecoder().decode(name),
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    packedBytes: packedBytes!,
    bytes: bytes!,
    offset: offset!,
    isLink: fromUnix && type !== 0 && type !== UNIX_FILE,
  };
  return [entry, length];
}

/** Sizes with those of the ZIP64 field, which holds the ones that do not fit, in their order. */
function withLargeSizes(
  view: DataView,
  from: number,
  length: number,
  sizes: readonly number[],
): number[] {
  for (let at = from; at + 4 <= from + length;) {
    const bytes = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) {
      let next = at + 4;
      return sizes.map((size) => {
        if (size !== LARGE || next + 8 > at + 4 + bytes) return size;
        next += 8;
        return Number(view.getBigUint64(next - 8, true));
      });
    }
    at += 4 + bytes;
  }
  return [...sizes];
}

async function* contentOf(
  path: string,
  file: FileBytes,
  entry: Entry,
): AsyncGenerator<Uint8Array> {
  const { name, method, flags } = entry;
  if ((flags & ENCRYPTED) !== 0) {
    throw new DataError(
      `Cannot unpack ${quoted(path)}: ${quoted(name)} is encrypted; decrypt it first`,
    );
  }
  if (method !== STORED && method !== DEFLATED) {
    throw new DataError(
      `Cannot unpack ${quoted(path)}: ${quoted(name)} is packed with method ${method}, ` +
        "deflate is wanted; pack it again",
    );
  }
  const local = viewOf(await file.read(entry.offset, 30));
  if (local.byteLength < 30 || local.getUint32(0, true) !== LOCAL) {
    throw damaged(path, `the data of ${quoted(name)} is missing`);
  }
  const at = entry.offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (at + entry.packedBytes > file.size) {
    throw damaged(path, `the data of ${quoted(name)} is cut off`);
  }
  const packed = file.chunks(at, entry.packedBytes);
  let crc = 0;
  let bytes = 0;
  for await (
    const chunk of method === STORED ? packed : decompressed(path, packed, "deflate-raw")
  ) {
    crc = crc32(chunk, crc);
    bytes += chunk.length;
    if (bytes > entry.bytes) break;
    yield chunk;
  }
  if (bytes !== entry.bytes || crc !== entry.crc) {
    throw damaged(path, `${quoted(name)} differs from its checksum in the archive`);
  }
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
