/**
 * The checksum of a safetensors file, kept in its metadata under "sha256". It covers the content,
 * not the spelling of the header, so it stays valid when a program reads the tensors and writes
 * them unchanged, in any order and spacing.
 *
 * The value is `content:` and the hexadecimal SHA-256 of the UTF-8 JSON text, without spaces,
 *
 *     [[[key, value], ...], [[name, dtype, shape, digest of the tensor's bytes], ...]]
 *
 * with metadata entries (but for "sha256") and tensors in the order of their UTF-16 code units, and each
 * tensor's digest the hexadecimal SHA-256 of its bytes. JSON is that of `JSON.stringify`.
 *
 * A value of 64 hexadecimal digits alone, as earlier versions wrote, is the SHA-256 of the whole file
 * with 64 zeros in the digest's place, and depends on the spelling.
 *
 * @module
 */
import type { Hash } from "../../base/sha256.ts";
import { compare, type SafetensorsHeader, type TensorLayout } from "./header.ts";

const PREFIX = "content:";

/** Placeholder in the header until the tensors are written. */
export const BLANK_DIGEST: string = PREFIX + "0".repeat(64);

const BLANK_WHOLE = "0".repeat(64);

/** The checksum of a file's content, updated tensor by tensor in any order. */
export class ContentDigest {
  readonly #metadata: readonly (readonly [string, string])[];
  readonly #tensors: (readonly [string, string, readonly number[], string])[] = [];
  readonly #newHash: () => Hash;
  #hash: Hash;

  /** A checksum of these metadata and the tensors to come. */
  constructor(metadata: Readonly<Record<string, string>>, newHash: () => Hash) {
    this.#newHash = newHash;
    this.#hash = newHash();
    this.#metadata = Object.entries(metadata)
      .filter(([key]) => key !== "sha256")
      .sort(([a], [b]) => compare(a, b));
  }

  /** The next bytes of the current tensor. */
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Ends the current tensor. */
  endTensor({ name, dtype, shape }: TensorLayout): void {
    this.#tensors.push([name, dtype, shape, this.#hash.hex()]);
    this.#hash = this.#newHash();
  }

  /** The value that the metadata hold. */
  digest(): string {
    const tensors = this.#tensors.toSorted(([a], [b]) => compare(a, b));
    const hash = this.#newHash();
    hash.update(new TextEncoder().encode(JSON.stringify([this.#metadata, tensors])));
    return PREFIX + hash.hex();
  }
}

/** The checksum of earlier versions: of the whole file, with zeros in the digest's place. */
export class WholeFileDigest {
  readonly #hash: Hash;

  /** @param stored The digest as the header spells it */
  constructor(headerBytes: Uint8Array<ArrayBuffer>, stored: string, newHash: () => Hash) {
    const blanked = headerBytes.slice();
    const at = new TextDecoder("latin1").decode(blanked).indexOf(`"sha256":"${stored}"`);
    if (at >= 0) blanked.set(new TextEncoder().encode(BLANK_WHOLE), at + 10);
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(blanked.length), true);
    this.#hash = newHash();
    this.#hash.update(length);
    this.#hash.update(blanked);
  }

  /** The next bytes of the file. */
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** No effect: tensors follow each other without gaps. */
  endTensor(): void {}

  /** The value that the metadata hold. */
  digest(): string {
    return this.#hash.hex();
  }
}

/**
 * The checksum that a file's metadata name.
 *
 * @returns undefined when they name none
 */
export function storedDigest(
  { metadata }: Pick<SafetensorsHeader, "metadata">,
  headerBytes: Uint8Array<ArrayBuffer>,
  newHash: () => Hash,
): ContentDigest | WholeFileDigest | undefined {
  const stored = metadata["sha256"];
  if (stored === undefined) return undefined;
  return stored.startsWith(PREFIX)
    ? new ContentDigest(metadata, newHash)
    : new WholeFileDigest(headerBytes, stored, newHash);
}
