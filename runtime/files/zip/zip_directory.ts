/**
 * The central directory of ZIP archives, with ZIP64 sizes, and the place of a member's data.
 *
 * @module
 */
import { quoted } from "../../base/one_line.ts";
import { FileFault } from "../file_fault.ts";

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const END_64_BYTES = 56;
const LOCATOR_BYTES = 20;
const LOCAL_BYTES = 30;
const MAX_COMMENT = 0xffff;
/** Largest central directory that is read. */
const MAX_DIRECTORY = 64 << 20;
const LARGE = 0xffff_ffff;
const ENCRYPTED = 1;
const UNIX_TYPE = 0o170000;
const UNIX_FILE = 0o100000;

/** Methods of packing that members may have. */
export const ZIP_METHODS = { stored: 0, deflated: 8 } as const;

/** A member of an archive, from its directory. */
export interface ZipEntry {
  /** Name with folders. */
  readonly name: string;
  /** One of {@link ZIP_METHODS}, or another number. */
  readonly method: number;
  /** Whether it is encrypted. */
  readonly isEncrypted: boolean;
  /** CRC-32 of its content. */
  readonly crc: number;
  /** Bytes in the archive. */
  readonly packedBytes: number;
  /** Bytes of its content, as stated. */
  readonly bytes: number;
  /** Position of its local header. */
  readonly offset: number;
  /** Whether it is a link or a device. */
  readonly isLink: boolean;
}

/** An archive: `read` may return fewer bytes at its end. */
export interface ZipSource {
  /** Length in bytes. */
  readonly size: number;
  /** Reads `length` bytes from `offset`. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * The members of an archive, in the order of its directory.
 *
 * @throws {FileFault} When it is no archive, or its directory is damaged
 */
export async function readZipDirectory(source: ZipSource): Promise<ZipEntry[]> {
  const tailBytes = Math.min(source.size, END_BYTES + MAX_COMMENT);
  const tail = viewOf(await source.read(source.size - tailBytes, tailBytes));
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw new FileFault("it has no end of a ZIP archive, so it is truncated or damaged");
  let count = tail.getUint16(end + 10, true);
  let bytes = tail.getUint32(end + 12, true);
  let at = tail.getUint32(end + 16, true);
  const locator = end - LOCATOR_BYTES;
  if (locator >= 0 && tail.getUint32(locator, true) === LOCATOR_64) {
    const large = await readLargeEnd(source, Number(tail.getBigUint64(locator + 8, true)));
    count = Number(large.getBigUint64(32, true));
    bytes = Number(large.getBigUint64(40, true));
    at = Number(large.getBigUint64(48, true));
  }
  if (bytes > MAX_DIRECTORY || at + bytes > source.size) {
    throw new FileFault("its directory lies outside of the file");
  }
  const directory = viewOf(await source.read(at, bytes));
  const entries: ZipEntry[] = [];
  let next = 0;
  for (let i = 0; i < count; i++) {
    if (next + 46 > directory.byteLength || directory.getUint32(next, true) !== ENTRY) {
      throw new FileFault("its directory is cut off");
    }
    const [entry, length] = readEntry(directory, next);
    entries.push(entry);
    next += length;
  }
  return entries;
}

/**
 * Position of a member's data, which its local header tells.
 *
 * @throws {FileFault} When the header is missing, or the data is cut off
 */
export async function zipDataOffset(
  source: ZipSource,
  { name, offset, packedBytes }: ZipEntry,
): Promise<number> {
  const isInside = offset + LOCAL_BYTES <= source.size;
  const local = isInside ? viewOf(await source.read(offset, LOCAL_BYTES)) : undefined;
  if (local === undefined || local.byteLength < LOCAL_BYTES || local.getUint32(0, true) !== LOCAL) {
    throw new FileFault(`the data of ${quoted(name)} is missing`);
  }
  const at = offset + LOCAL_BYTES + local.getUint16(26, true) + local.getUint16(28, true);
  if (at + packedBytes > source.size) throw new FileFault(`the data of ${quoted(name)} is cut off`);
  return at;
}

async function readLargeEnd(source: ZipSource, at: number): Promise<DataView<ArrayBuffer>> {
  const isInside = at + END_64_BYTES <= source.size;
  const view = isInside ? viewOf(await source.read(at, END_64_BYTES)) : undefined;
  if (view === undefined || view.byteLength < END_64_BYTES || view.getUint32(0, true) !== END_64) {
    throw new FileFault("its ZIP64 directory is missing");
  }
  return view;
}

function readEntry(view: DataView<ArrayBuffer>, at: number): [ZipEntry, number] {
  const nameBytes = view.getUint16(at + 28, true);
  const extraBytes = view.getUint16(at + 30, true);
  const length = 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
  if (at + length > view.byteLength) throw new FileFault("its directory is cut off");
  const name = new Uint8Array(view.buffer, view.byteOffset + at + 46, nameBytes);
  const sizes = [
    view.getUint32(at + 24, true),
    view.getUint32(at + 20, true),
    view.getUint32(at + 42, true),
  ];
  const [bytes, packedBytes, offset] = withLargeSizes(view, at + 46 + nameBytes, extraBytes, sizes);
  const fromUnix = view.getUint8(at + 5) === 3;
  const type = (view.getUint32(at + 38, true) >>> 16) & UNIX_TYPE;
  const entry: ZipEntry = {
    name: new TextDecoder().decode(name),
    isEncrypted: (view.getUint16(at + 8, true) & ENCRYPTED) !== 0,
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
        if (size !== LARGE || next + 8 > Math.min(at + 4 + bytes, from + length)) return size;
        next += 8;
        return Number(view.getBigUint64(next - 8, true));
      });
    }
    at += 4 + bytes;
  }
  return [...sizes];
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
