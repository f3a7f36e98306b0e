/**
 * PyTorch's files since version 1.6: a ZIP archive of a pickle, `data.pkl`, and one member for every
 * storage, stored as it is. Deflated members, which other programs write, are read too.
 *
 * @module
 */
import { crc32, inflateRawSync } from "node:zlib";
import { quoted } from "../../base/one_line.ts";
import { FileFault } from "../file_fault.ts";
import type { ByteSource } from "../safetensors/byte_source.ts";
import {
  readZipDirectory,
  ZIP_METHODS,
  zipDataOffset,
  type ZipEntry,
} from "../zip/zip_directory.ts";
import { MAX_PICKLE_BYTES, MemoryBudget } from "./pickle/pickle_reader.ts";
import type { PickleValue } from "./pickle/pickle_values.ts";
import { unpickle } from "./pickle/unpickle.ts";
import { ReadLimit, type StorageData, type StorageFile } from "./storage_data.ts";
import { TORCH_HOOKS } from "./torch_calls.ts";

/** Bytes that are read at once to compare a member with its checksum. */
const PIECE_BYTES = 4 << 20;

/** Numbers never shrink to less than this part by packing; small members may. */
const MOST_EXPANSION = 20;
const SMALL_BYTES = 16 << 20;

const MAX_BYTE_ORDER = 16;

/** Reads the pickle of an archive and finds its storages. */
export async function openZipFile(source: ByteSource): Promise<StorageFile<PickleValue>> {
  const members = new Members(source, await readZipDirectory(source));
  if (members.has("constants.pkl")) {
    throw new FileFault("it is a TorchScript archive; give a checkpoint of its training");
  }
  if (members.has("byteorder")) await checkByteOrder(members);
  const pickle = await members.data("data.pkl");
  if (pickle.length > MAX_PICKLE_BYTES) {
    throw new FileFault(
      `its pickle has ${pickle.length} bytes, at most ${MAX_PICKLE_BYTES} are read`,
    );
  }
  const bytes = await pickle.read(0, pickle.length);
  const { value } = unpickle(bytes, new MemoryBudget(bytes.length), TORCH_HOOKS);
  return { value, limit: members.limit, data: (key) => members.data(`data/${key}`) };
}

/** Members of an archive without the folder that all of them are in. */
class Members {
  /** What may be read and expanded. */
  readonly limit: ReadLimit;
  readonly #source: ByteSource;
  readonly #entries = new Map<string, ZipEntry>();
  readonly #opened = new Map<string, StorageData>();
  /** The member that was expanded last. */
  #expanded: readonly [name: string, data: StorageData] | undefined;

  constructor(source: ByteSource, entries: readonly ZipEntry[]) {
    this.#source = source;
    this.limit = new ReadLimit(entries.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const entry of entries) {
      const name = entry.name.slice(entry.name.indexOf("/") + 1);
      if (this.#entries.has(name)) throw new FileFault(`it has two members ${quoted(name, 80)}`);
      this.#entries.set(name, entry);
    }
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** A member, compared with its checksum when it is opened first. */
  async data(name: string): Promise<StorageData> {
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    if (this.#expanded?.[0] === name) return this.#expanded[1];
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new FileFault(`it has no member ${quoted(name, 80)}`);
    const data = await this.#open(entry);
    // Expanded members are in memory, where all of them together could be large.
    if (entry.method === ZIP_METHODS.stored) this.#opened.set(name, data);
    else this.#expanded = [name, data];
    return data;
  }

  async #open(entry: ZipEntry): Promise<StorageData> {
    const { name, bytes, packedBytes, method } = entry;
    const at = await zipDataOffset(this.#source, entry);
    let data: StorageData;
    if (method === ZIP_METHODS.stored && !entry.isEncrypted && bytes === packedBytes) {
      data = { length: bytes, read: (offset, length) => this.#source.read(at + offset, length) };
    } else if (method === ZIP_METHODS.deflated && !entry.isEncrypted) {
      this.limit.charge(bytes);
      data = expanded(entry, await this.#packed(entry, at));
    } else {
      throw new FileFault(
        `its member ${
          quoted(name, 80)
        } is encrypted, packed with another method than deflate, or ` +
          "of two lengths",
      );
    }
    // Some writers leave the checksum out.
    if (entry.crc !== 0 && await checksumOf(data) !== entry.crc) {
      throw new FileFault(`its member ${quoted(name, 80)} differs from its checksum`);
    }
    return data;
  }

  async #packed(
    { name, bytes, packedBytes }: ZipEntry,
    at: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (bytes > Math.max(SMALL_BYTES, MOST_EXPANSION * packedBytes)) {
      throw new FileFault(
        `its member ${quoted(name, 80)} has ${bytes} bytes in ${packedBytes}, which no numbers do`,
      );
    }
    return await this.#source.read(at, packedBytes);
  }
}

function expanded({ name, bytes }: ZipEntry, packed: Uint8Array<ArrayBuffer>): StorageData {
  let content: Uint8Array<ArrayBuffer>;
  try {
    content = Uint8Array.from(inflateRawSync(packed, { maxOutputLength: Math.max(bytes, 1) }));
  } catch (cause) {
    throw new FileFault(`its member ${quoted(name, 80)} does not unpack`, { cause });
  }
  if (content.length !== bytes) {
    throw new FileFault(`its member ${quoted(name, 80)} has ${content.length} bytes, not ${bytes}`);
  }
  return {
    length: bytes,
    read: (offset, length) => Promise.resolve(content.slice(offset, offset + length)),
  };
}

async function checksumOf({ length, read }: StorageData): Promise<number> {
  let crc = 0;
  for (let at = 0; at < length; at += PIECE_BYTES) {
    crc = crc32(await read(at, Math.min(PIECE_BYTES, length - at)), crc);
  }
  return crc;
}

async function checkByteOrder(members: Members): Promise<void> {
  const order = await members.data("byteorder");
  const bytes = await order.read(0, Math.min(order.length, MAX_BYTE_ORDER));
  const text = new TextDecoder().decode(bytes);
  if (text !== "little") throw new FileFault(`its byte order is ${quoted(text)}, not "little"`);
}
