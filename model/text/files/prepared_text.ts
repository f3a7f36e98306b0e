/**
 * Prepared files of enwik8 and text8, as the reference's scripts write them, turned back into the
 * bytes that they were made of. The bytes of enwik8 are decimal numbers, separated by spaces, but
 * line feeds are themselves; the letters of text8 are separated by spaces, and `_` is a space.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime/core";

/**
 * Form of the files of a data set: `text` as it is; `numbers` and `letters` are raw, or prepared as
 * enwik8 and text8 are.
 */
export type TextForm = "text" | "numbers" | "letters";

/** Turns the chunks of a prepared file back into raw bytes. */
export interface RawBytes {
  /** The raw bytes that are complete with this chunk. */
  push(chunk: Uint8Array): Uint8Array;
  /** The raw bytes at the end of the file. */
  end(): Uint8Array;
}

const [SPACE, LINE_FEED, RETURN, UNDERSCORE, ZERO, NINE] = [0x20, 0x0a, 0x0d, 0x5f, 0x30, 0x39];

/** Bytes of a file that tell its form. */
const HEAD_BYTES = 4096;

/**
 * The reader of a prepared file.
 *
 * @param path for messages
 * @param head first bytes of the file
 * @returns undefined for a raw file
 */
export function preparedText(
  form: TextForm,
  path: string,
  head: Uint8Array,
): RawBytes | undefined {
  const start = new TextDecoder().decode(head.subarray(0, HEAD_BYTES));
  if (form === "numbers" && /^[ \n\r]*\d{1,3}(?:[ \n\r]+\d{1,3})+[ \n\r]*$/.test(start)) {
    return new Numbers(path);
  }
  if (form === "letters" && /^\s*(?:\S )+\S?\s*$/u.test(start)) return new Letters();
  return undefined;
}

class Numbers implements RawBytes {
  readonly #path: string;
  /** Value of the digits since the last separator; -1 if there are none. */
  #value = -1;

  constructor(path: string) {
    this.#path = path;
  }

  push(chunk: Uint8Array): Uint8Array {
    const raw = new Uint8Array(chunk.length + 1); // a number may end that began in another chunk
    let length = 0;
    for (const byte of chunk) {
      if (byte >= ZERO && byte <= NINE) {
        this.#value = Math.max(this.#value, 0) * 10 + byte - ZERO;
        if (this.#value > 255) throw this.#wrong(String(this.#value));
        continue;
      }
      if (this.#value >= 0) raw[length++] = this.#value;
      this.#value = -1;
      if (byte === LINE_FEED) raw[length++] = LINE_FEED;
      else if (byte !== SPACE && byte !== RETURN) throw this.#wrong(String.fromCharCode(byte));
    }
    return raw.subarray(0, length);
  }

  end(): Uint8Array {
    return this.#value < 0 ? new Uint8Array(0) : Uint8Array.of(this.#value);
  }

  #wrong(found: string): DataError {
    return new DataError(
      `Cannot read text ${JSON.stringify(this.#path)}: it begins with numbers of bytes, but has ` +
        `${JSON.stringify(found)} among them, use another copy`,
    );
  }
}

class Letters implements RawBytes {
  push(chunk: Uint8Array): Uint8Array {
    return chunk.filter((byte) => byte !== SPACE && byte !== LINE_FEED && byte !== RETURN)
      .map((byte) => byte === UNDERSCORE ? SPACE : byte);
  }

  end(): Uint8Array {
    return new Uint8Array(0);
  }
}
