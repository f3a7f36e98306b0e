/**
 * Protocol buffers without their definitions: fields by number, values by wire type. It shares
 * nothing with the writer that it checks.
 *
 * @module
 */

/** The values of each field, in order; what lies in a field with a length is bytes. */
export type Fields = Readonly<Record<number, readonly (number | bigint | Uint8Array)[]>>;

/**
 * Reads a message. Integers are bigints; eight and four bytes are floats.
 *
 * @throws {RangeError} when bytes are left that are no field
 */
export function decode(bytes: Uint8Array): Fields {
  const fields: Record<number, (number | bigint | Uint8Array)[]> = {};
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n;; shift += 7n) {
      const byte = view.getUint8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (count: number): Uint8Array => {
    if (at + count > bytes.length) {
      throw new RangeError(`a field ends beyond ${bytes.length} bytes`);
    }
    at += count;
    return bytes.subarray(at - count, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const value = () => {
      switch (tag & 7) {
        case 0:
          return varint();
        case 1:
          return view.getFloat64((at += 8) - 8, true);
        case 2:
          return take(Number(varint()));
        case 5:
          return view.getFloat32((at += 4) - 4, true);
        default:
          throw new RangeError(`wire type ${tag & 7} at byte ${at}`);
      }
    };
    (fields[tag >> 3] ??= []).push(value());
  }
  return fields;
}

/** The message in the only value of a field. */
export function inside(fields: Fields, ...path: readonly number[]): Fields {
  return path.reduce((message, field) => decode(message[field]![0] as Uint8Array), fields);
}

/** The text in the only value of a field; undefined without the field. */
export function textIn(fields: Fields, field: number): string | undefined {
  const bytes = fields[field]?.[0];
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes as Uint8Array);
}
