/**
 * Protocol buffer messages, encoded field by field. Large contents, such as weights, are only named
 * with their length while a message is built and are read when it is written, so that a file needs no
 * copy in memory.
 *
 * Every field is a tag, its number and a wire type, followed by its value: a variable-length integer
 * (0), eight bytes (1), four bytes (5), or a length and as many bytes (2).
 *
 * @module
 */
/** Content that is read when it is written, in pieces that together have the length. */
export interface LateBytes {
  /** Length in bytes. */
  readonly byteLength: number;
  /** The bytes, in order. */
  readonly pieces: () => AsyncIterable<Uint8Array<ArrayBuffer>>;
}

const text = new TextEncoder();

/** Wire types of fields. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A message. Its methods append a field each and return the message. */
export class Message {
  readonly #parts: (Uint8Array<ArrayBuffer> | LateBytes)[] = [];
  #byteLength = 0;

  /** Length in bytes so far. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Appends an integer or an enum value; negative ones have ten bytes. */
  integer(field: number, value: number | bigint): this {
    return this.#append(tag(field, WIRE.varint)).#append(varint(value));
  }

  /** Appends a float32. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#append(tag(field, WIRE.fixed32)).#append(bytes);
  }

  /** Appends a float64. */
  double(field: number, value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.#append(tag(field, WIRE.fixed64)).#append(bytes);
  }

  /** Appends a string. */
  string(field: number, value: string): this {
    return this.bytes(field, text.encode(value));
  }

  /** Appends bytes. */
  bytes(field: number, value: Uint8Array<ArrayBuffer> | LateBytes): this {
    return this.#append(tagAndLength(field, value.byteLength)).#append(value);
  }

  /** Appends a message, which must be complete. */
  message(field: number, value: Message): this {
    this.#append(tagAndLength(field, value.byteLength));
    for (const part of value.#parts) this.#append(part);
    return this;
  }

  /**
   * The encoded bytes, in pieces.
   *
   * @throws {RangeError} when late content has another length than it was named with
   */
  async *pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (const part of this.#parts) {
      if (part instanceof Uint8Array) yield part;
      else yield* checkedPieces(part);
    }
  }

  /**
   * The encoded bytes.
   *
   * @throws {TypeError} when it has late content, which is read in pieces only
   */
  encode(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#byteLength);
    let at = 0;
    for (const part of this.#parts) {
      if (!(part instanceof Uint8Array)) throw new TypeError("Cannot encode late content at once");
      bytes.set(part, at);
      at += part.byteLength;
    }
    return bytes;
  }

  #append(part: Uint8Array<ArrayBuffer> | LateBytes): this {
    this.#parts.push(part);
    this.#byteLength += part.byteLength;
    return this;
  }
}

/**
 * The pieces of late content.
 *
 * @throws {RangeError} when they have another length than it was named with
 */
export async function* checkedPieces(
  { byteLength, pieces }: LateBytes,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let length = 0;
  for await (const piece of pieces()) {
    length += piece.length;
    yield piece;
  }
  if (length === byteLength) return;
  throw new RangeError(
    `Cannot write ${length} bytes of content where ${byteLength} were announced`,
  );
}

/** What stands before the bytes of a field. */
export function tagAndLength(field: number, byteLength: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...tag(field, WIRE.bytes), ...varint(byteLength)]);
}

function tag(field: number, wire: number): Uint8Array<ArrayBuffer> {
  return varint(field << 3 | wire);
}

/** Seven bits per byte, lowest first; all but the last byte have their eighth bit set. */
function varint(value: number | bigint): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}
