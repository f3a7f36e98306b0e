/**
 * The layout of ZIP archives without compression: positions of the members, their headers and the
 * directory, with ZIP64 fields where sizes or positions need more than 32 bits (APPNOTE 6.3.10, 4.3
 * and 4.5.3).
 *
 * @module
 */

const LOCAL = 0x04034b50;
const ENTRY = 0x02014b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const END = 0x06054b50;
const LARGE = 0xffff_ffff;
const MANY = 0xffff;
const VERSION = 20;
const VERSION_64 = 45;
const UTF8 = 0x0800;
const FIRST_DAY = 0x21; // 1 January 1980: equal content gives equal files
const ZIP64_FIELD = 1;
const PADDING_FIELD = 0x4246;

/** Position of the CRC-32 in a local header. */
export const CRC_OFFSET = 14;

/** A member of an archive. */
export interface ZipMember {
  /** Name with folders. */
  readonly name: string;
  /** Length of its content. */
  readonly bytes: number;
}

/** A member with its position. */
export interface PlacedMember extends ZipMember {
  /** Position of its header. */
  readonly offset: number;
  /** Its header; the CRC-32 at {@link CRC_OFFSET} is 0. */
  readonly header: Uint8Array<ArrayBuffer>;
}

/** Integers of 2, 4 and 8 bytes and bytes, one after the other, little-endian. */
class Fields {
  readonly #view: DataView<ArrayBuffer>;
  #length = 0;

  /** No fields; room for `bytes`. */
  constructor(bytes: number) {
    this.#view = new DataView(new ArrayBuffer(bytes));
  }

  /** Appends integers of `width` bytes. */
  add(width: 2 | 4 | 8, ...values: readonly number[]): this {
    for (const value of values) {
      if (width === 2) this.#view.setUint16(this.#length, value, true);
      else if (width === 4) this.#view.setUint32(this.#length, value, true);
      else this.#view.setBigUint64(this.#length, BigInt(value), true);
      this.#length += width;
    }
    return this;
  }

  /** Appends bytes. */
  append(bytes: Uint8Array): this {
    new Uint8Array(this.#view.buffer).set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Everything. */
  take(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#view.buffer, 0, this.#length);
  }
}

/** Room for the fields of a header or of the directory's end, beside its name and extra field. */
const FIXED_BYTES = 128;

/**
 * Places members one after the other, the content of each at a multiple of `alignment`.
 *
 * @param alignment in bytes, at least 4
 */
export function placeMembers(members: Iterable<ZipMember>, alignment: number): PlacedMember[] {
  let offset = 0;
  return Array.from(members, (member) => {
    const header = localHeader(member, offset, alignment);
    const placed = { name: member.name, bytes: member.bytes, offset, header };
    offset += header.length + member.bytes;
    return placed;
  });
}

function localHeader(
  { name, bytes }: ZipMember,
  offset: number,
  alignment: number,
): Uint8Array<ArrayBuffer> {
  const path = new TextEncoder().encode(name);
  const isLarge = bytes >= LARGE;
  const size = isLarge ? LARGE : bytes;
  const extra = new Fields(FIXED_BYTES + alignment);
  if (isLarge) extra.add(2, ZIP64_FIELD, 16).add(8, bytes, bytes);
  const fixed = 30 + path.length + (isLarge ? 20 : 0) + 4;
  const padding = (alignment - (offset + fixed) % alignment) % alignment;
  extra.add(2, PADDING_FIELD, padding).append(new Uint8Array(padding));
  const field = extra.take();
  return new Fields(FIXED_BYTES + path.length + field.length).add(4, LOCAL)
    .add(2, isLarge ? VERSION_64 : VERSION, UTF8, 0, 0, FIRST_DAY)
    .add(4, 0, size, size)
    .add(2, path.length, field.length)
    .append(path).append(field).take();
}

/**
 * The directory at the end of an archive.
 *
 * @param checksums CRC-32 of each member
 */
export function zipDirectory(
  members: readonly PlacedMember[],
  checksums: readonly number[],
): Uint8Array<ArrayBuffer> {
  const entries = members.map((member, n) => directoryEntry(member, checksums[n]!));
  const bytes = entries.reduce((sum, { length }) => sum + length, 0);
  const last = members.at(-1);
  const offset = last === undefined ? 0 : last.offset + last.header.length + last.bytes;
  const end = new Fields(FIXED_BYTES);
  const count = members.length;
  if (count >= MANY || offset >= LARGE || bytes >= LARGE) {
    end.add(4, END_64).add(8, 44).add(2, VERSION_64, VERSION_64).add(4, 0, 0)
      .add(8, count, count, bytes, offset)
      .add(4, LOCATOR_64, 0).add(8, offset + bytes).add(4, 1);
  }
  const shown = Math.min(count, MANY);
  end.add(4, END).add(2, 0, 0, shown, shown)
    .add(4, Math.min(bytes, LARGE), Math.min(offset, LARGE)).add(2, 0);
  return joined([...entries, end.take()]);
}

function directoryEntry(
  { name, bytes, offset }: PlacedMember,
  checksum: number,
): Uint8Array<ArrayBuffer> {
  const path = new TextEncoder().encode(name);
  const large = [...(bytes >= LARGE ? [bytes, bytes] : []), ...(offset >= LARGE ? [offset] : [])];
  const extra = new Fields(FIXED_BYTES);
  if (large.length > 0) extra.add(2, ZIP64_FIELD, 8 * large.length).add(8, ...large);
  const field = extra.take();
  const version = large.length > 0 ? VERSION_64 : VERSION;
  const size = Math.min(bytes, LARGE);
  return new Fields(FIXED_BYTES + path.length + field.length).add(4, ENTRY)
    .add(2, version, version, UTF8, 0, 0, FIRST_DAY)
    .add(4, checksum, size, size)
    .add(2, path.length, field.length, 0, 0, 0)
    .add(4, 0, Math.min(offset, LARGE))
    .append(path).append(field).take();
}

function joined(pieces: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
