/**
 * Pickles made by hand, opcode by opcode.
 *
 * @module
 */

/** A pickle of protocol 2 under construction. */
export class PickleBytes {
  #bytes = "\x80\x02";

  /** Opcodes as they are; every character is a byte. */
  raw(bytes: string): this {
    this.#bytes += bytes;
    return this;
  }

  /** A text of ASCII. */
  text(text: string): this {
    return this.raw(`X${littleEndian(text.length, 4)}${text}`);
  }

  /** A whole number. */
  int(value: number): this {
    const isShort = Math.abs(value) < 2 ** 31;
    return this.raw(isShort ? `J${littleEndian(value, 4)}` : `\x8a\x08${littleEndian(value, 8)}`);
  }

  /** A class or function. */
  class(module: string, name: string): this {
    return this.raw(`c${module}\n${name}\n`);
  }

  /** A tuple of the last `count` values, at most three. */
  tuple(count: number): this {
    return this.raw([")", "\x85", "\x86", "\x87"][count]!);
  }

  /** A tuple of whole numbers. */
  ints(values: readonly number[]): this {
    this.raw("(");
    for (const value of values) this.int(value);
    return this.raw("t");
  }

  /** A storage of float32. */
  storage(key: string, elements: number): this {
    this.raw("(").text("storage").class("torch", "FloatStorage").text(key).text("cpu");
    return this.int(elements).raw("tQ");
  }

  /** A tensor of a storage of its own; `elements` are those that the storage is said to have. */
  tensor(
    key: string,
    shape: readonly number[],
    elements = shape.reduce((size, n) => size * n, 1),
  ): this {
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((size, n) => size * n, 1));
    this.class("torch._utils", "_rebuild_tensor_v2").raw("(").storage(key, elements).int(0);
    return this.ints(shape).ints(strides).raw("\x89Nt").call();
  }

  /** Calls the class below the arguments on top. */
  call(): this {
    return this.raw("R");
  }

  /** The finished pickle. */
  done(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(`${this.#bytes}.`, (byte) => byte.charCodeAt(0));
  }
}

/** The pickle that `build` makes. */
export function pickle(build: (bytes: PickleBytes) => PickleBytes): Uint8Array<ArrayBuffer> {
  return build(new PickleBytes()).done();
}

function littleEndian(value: number, bytes: number): string {
  const whole = BigInt(value);
  return Array.from(
    { length: bytes },
    (_, i) => String.fromCharCode(Number((whole >> BigInt(8 * i)) & 0xffn)),
  ).join("");
}
