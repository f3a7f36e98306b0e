/**
 * Encoded corpora on disk. One file holds the vocabulary and the ids of all parts and is named by a
 * hash of what it was made from, so a changed source or option never meets an old cache. It is written
 * under another name and renamed, and a checksum at its end rejects what a crash or a disk damaged.
 *
 * ```text
 * magic, header bytes (u32) | header (JSON, padded to 4) | ids (u32 each, little endian) | SHA-256
 * ```
 *
 * @module
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { PARTS } from "./corpus_files.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { vocabularyFromJSON } from "./vocabulary_from_json.ts";

/** What a cache file gives back. */
export interface EncodedCorpus {
  /** The symbols behind the ids. */
  readonly vocabulary: Vocabulary;
  /** Ids for training. */
  readonly train: Uint32Array<ArrayBuffer>;
  /** Ids for validation. */
  readonly valid: Uint32Array<ArrayBuffer>;
  /** Ids for the final test. */
  readonly test: Uint32Array<ArrayBuffer>;
}

const MAGIC = new TextEncoder().encode("TXLIDS01");
const PREAMBLE_BYTES = MAGIC.length + 4;
const HASH_BYTES = 32;

const cacheHeader = z.object({
  lengths: z.tuple([z.int().min(0), z.int().min(0), z.int().min(0)]),
  vocabulary: z.unknown(),
});

/** The cache file of `key` in `cacheDir`. */
export function cachePath(cacheDir: string, key: string): string {
  return `${cacheDir}/corpus-${key.slice(0, 24)}.ids`;
}

/** Reads a cache file; `undefined` if there is none or it is damaged. */
export async function readCorpusCache(path: string): Promise<EncodedCorpus | undefined> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const end = bytes.length - HASH_BYTES;
  if (end < PREAMBLE_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) return undefined;
  const checksum = createHash("sha256").update(bytes.subarray(0, end)).digest();
  if (!equalBytes(bytes.subarray(end), checksum)) return undefined;

  const headerEnd = PREAMBLE_BYTES + new DataView(bytes.buffer).getUint32(MAGIC.length, true);
  const json = new TextDecoder().decode(bytes.subarray(PREAMBLE_BYTES, headerEnd));
  const header = cacheHeader.parse(JSON.parse(json));
  let at = headerEnd;
  const [train, valid, test] = header.lengths.map((length) => {
    const ids = new Uint32Array(bytes.buffer, at, length);
    at += ids.byteLength;
    return ids;
  });
  return {
    vocabulary: vocabularyFromJSON(header.vocabulary),
    train: train!,
    valid: valid!,
    test: test!,
  };
}

/** Writes a cache file and makes its folder. */
export async function writeCorpusCache(path: string, corpus: EncodedCorpus): Promise<void> {
  const header = JSON.stringify({
    lengths: PARTS.map((part) => corpus[part].length),
    vocabulary: corpus.vocabulary,
  });
  const json = new TextEncoder().encode(header);
  const headerBytes = Math.ceil(json.length / 4) * 4;
  const preamble = new Uint8Array(PREAMBLE_BYTES + headerBytes).fill(0x20);
  preamble.set(MAGIC);
  new DataView(preamble.buffer).setUint32(MAGIC.length, headerBytes, true);
  preamble.set(json, PREAMBLE_BYTES);

  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await writeHashed(temporary, [preamble, ...PARTS.map((part) => bytesOf(corpus[part]))]);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

async function writeHashed(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const hash = createHash("sha256");
  using file = await Deno.open(path, { write: true, createNew: true });
  for (const piece of pieces) {
    hash.update(piece);
    await writeAll(file, piece);
  }
  await writeAll(file, hash.digest());
  await file.sync();
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

function bytesOf(ids: Uint32Array): Uint8Array {
  return new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
