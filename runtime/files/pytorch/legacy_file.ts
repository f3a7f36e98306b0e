/**
 * Files of PyTorch before version 1.6: five pickles one after the other (a number, a version,
 * the system, the value, the names of the storages), then every storage with its length. A file that
 * begins with another pickle is that pickle alone.
 *
 * @module
 */
import { quoted } from "../../base/one_line.ts";
import { FileFault } from "../file_fault.ts";
import type { ByteSource } from "../safetensors/byte_source.ts";
import { MAX_TENSORS, SAFETENSORS_ARRAYS } from "../safetensors/header.ts";
import type { PickleHooks } from "./pickle/pickle_machine.ts";
import { MAX_PICKLE_BYTES, MemoryBudget, PickleWindowEnd } from "./pickle/pickle_reader.ts";
import type { PickleValue } from "./pickle/pickle_values.ts";
import { unpickle, type Unpickled } from "./pickle/unpickle.ts";
import { ReadLimit, type StorageData, type StorageFile } from "./storage_data.ts";
import { TORCH_HOOKS } from "./torch_calls.ts";
import { TorchStorage } from "./torch_tensor.ts";

/** The number that such a file begins with. */
const MAGIC = 0x1950a86a20f9469cfc6cn;

/** First window of a pickle; it doubles until the pickle is in it. */
const WINDOW_BYTES = 1 << 20;

/** Bytes of the length in front of a storage. */
const LENGTH_BYTES = 8;

/** Reads the pickles of a file and finds its storages. */
export async function openLegacyFile(source: ByteSource): Promise<StorageFile<PickleValue>> {
  const first = await unpickleAt(source, 0, TORCH_HOOKS);
  const limit = new ReadLimit(source.size);
  if (first.value !== MAGIC) return { value: first.value, limit, data: noStorages };
  let at = first.length;
  const next = async (hooks: PickleHooks) => {
    const { value, length } = await unpickleAt(source, at, hooks);
    at += length;
    return value;
  };
  await next(TORCH_HOOKS); // version
  const system = await next(TORCH_HOOKS);
  if (system instanceof Map && system.get("little_endian") === false) {
    throw new FileFault("its numbers have the high byte first; save it again on another machine");
  }
  const widths = new Map<string, number>();
  const value = await next({
    ...TORCH_HOOKS,
    persistent(id) {
      const result = TORCH_HOOKS.persistent(id);
      if (result instanceof TorchStorage) {
        widths.set(result.key, SAFETENSORS_ARRAYS[result.dtype].BYTES_PER_ELEMENT);
      }
      return result;
    },
  });
  const places = await placesOf(source, await next(TORCH_HOOKS), widths, () => at);
  return {
    value,
    limit,
    data(key) {
      const place = places.get(key);
      if (place === undefined) throw new FileFault(`it has no storage ${quoted(key, 80)}`);
      const { length, begin } = place;
      const read: StorageData["read"] = (offset, bytes) => source.read(begin + offset, bytes);
      return Promise.resolve({ length, read });
    },
  };
}

interface Place {
  readonly begin: number;
  readonly length: number;
}

/** Where the storages lie, in the order of their names. */
async function placesOf(
  source: ByteSource,
  names: PickleValue,
  widths: ReadonlyMap<string, number>,
  start: () => number,
): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  let at = start();
  const list = Array.isArray(names) ? names : [];
  if (list.length > MAX_TENSORS) {
    throw new FileFault(`it has ${list.length} storages, at most ${MAX_TENSORS} are read`);
  }
  for (const name of list) {
    const width = typeof name === "string" ? widths.get(name) : undefined;
    if (width === undefined || places.has(name as string)) {
      throw new FileFault("it has a storage that its pickle does not name, or names twice");
    }
    const elements = at + LENGTH_BYTES <= source.size ? await readLength(source, at) : NaN;
    const begin = at + LENGTH_BYTES;
    at = begin + width * elements;
    if (!(at <= source.size)) {
      throw new FileFault(`it is truncated in its storage ${quoted(name as string, 80)}`);
    }
    places.set(name as string, { begin, length: width * elements });
  }
  return places;
}

async function readLength(source: ByteSource, at: number): Promise<number> {
  const { buffer } = await source.read(at, LENGTH_BYTES);
  return Number(new DataView(buffer).getBigUint64(0, true));
}

/** Reads a pickle whose end is not known. */
async function unpickleAt(source: ByteSource, at: number, hooks: PickleHooks): Promise<Unpickled> {
  const rest = source.size - at;
  for (let length = Math.min(rest, WINDOW_BYTES);;) {
    try {
      const window = await source.read(at, length);
      return unpickle(window, new MemoryBudget(length), hooks);
    } catch (error) {
      if (!(error instanceof PickleWindowEnd)) throw error;
      if (error.needed > rest) throw new FileFault("it is truncated inside of a pickle");
      if (error.needed > MAX_PICKLE_BYTES) {
        throw new FileFault(`its pickle has more than ${MAX_PICKLE_BYTES} bytes`);
      }
      length = Math.min(rest, Math.max(2 * length, error.needed));
    }
  }
}

function noStorages(key: string): Promise<StorageData> {
  throw new FileFault(`it has no storage ${quoted(key, 80)}`);
}
