/**
 * The header of a safetensors file: u64 little-endian length, JSON object, then the tensors' bytes
 * without gaps. Layout and validation live here; `reader.ts` and `writer.ts` move
 * the bytes.
 *
 * @module
 */
import { JsonFault, parseGuardedJson } from "../../base/guarded_json.ts";
import { quoted } from "../../base/one_line.ts";
import { CheckpointError } from "../../base/errors.ts";
import { FileFault } from "../file_fault.ts";

/** The typed array that holds each dtype; BF16 and BOOL have none and appear as raw integers. */
export type SafetensorsArrays = {
  F64: Float64Array<ArrayBuffer>;
  F32: Float32Array<ArrayBuffer>;
  F16: Float16Array<ArrayBuffer>;
  BF16: Uint16Array<ArrayBuffer>;
  I64: BigInt64Array<ArrayBuffer>;
  I32: Int32Array<ArrayBuffer>;
  I16: Int16Array<ArrayBuffer>;
  I8: Int8Array<ArrayBuffer>;
  U64: BigUint64Array<ArrayBuffer>;
  U32: Uint32Array<ArrayBuffer>;
  U16: Uint16Array<ArrayBuffer>;
  U8: Uint8Array<ArrayBuffer>;
  BOOL: Uint8Array<ArrayBuffer>;
};

/** Element types a file may hold. */
export type SafetensorsDtype = keyof SafetensorsArrays;

type ArrayConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): ArrayBufferView<ArrayBuffer>;
};

/** Constructor of each dtype's array; its `BYTES_PER_ELEMENT` is the dtype's width. */
export const SAFETENSORS_ARRAYS: Readonly<Record<SafetensorsDtype, ArrayConstructor>> = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Float16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

/** Location of a tensor; offsets start at the end of the header. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly beginByte: number;
  readonly endByte: number;
}

/** A validated header. */
export interface SafetensorsHeader {
  /** In the order of their bytes. */
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Length of all tensors together. */
  readonly tensorBytes: number;
}

/** Longest header read or written. A third of the format's limit, since it is held in memory. */
export const MAX_HEADER_BYTES: number = 32 << 20;

/** Maximum number of tensors in a file: a thousand layers with both moments have 40,000. */
export const MAX_TENSORS = 50_000;

/** Values of a header: per tensor an object, three members, two lists, axes; then the metadata. */
const HEADER_LIMITS = { depth: 3, values: 12 * MAX_TENSORS };

/** Bytes of a tensor, or NaN when the product leaves the exact integers. */
export function tensorByteLength(dtype: SafetensorsDtype, shape: readonly number[]): number {
  const bytes = shape.reduce((product, n) => product * n, 1) *
    SAFETENSORS_ARRAYS[dtype].BYTES_PER_ELEMENT;
  return Number.isSafeInteger(bytes) ? bytes : NaN;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkEntry(name: string, raw: unknown): SafetensorsEntry {
  const tensor = `tensor ${quoted(name, 80)}`;
  if (!isObject(raw)) throw new FileFault(`${tensor} is described by ${quoted(raw, 80)}`);
  const { dtype, shape, data_offsets: offsets } = raw;
  if (typeof dtype !== "string" || !Object.hasOwn(SAFETENSORS_ARRAYS, dtype)) {
    const known = Object.keys(SAFETENSORS_ARRAYS).join(", ");
    throw new FileFault(
      `${tensor} has the unknown dtype ${quoted(dtype, 80)}, not one of ${known}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw new FileFault(
      `${tensor} has the shape ${quoted(shape, 80)}, not a list of sizes`,
    );
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw new FileFault(
      `${tensor} has the data_offsets ${quoted(offsets, 80)}, not two byte positions`,
    );
  }
  const [beginByte, endByte] = offsets as [number, number];
  const wanted = tensorByteLength(dtype as SafetensorsDtype, shape);
  if (endByte - beginByte !== wanted) {
    throw new FileFault(
      `${tensor} has ${endByte - beginByte} bytes, ${dtype} ${quoted(shape, 80)} wants ${wanted}`,
    );
  }
  return { name, dtype: dtype as SafetensorsDtype, shape, beginByte, endByte };
}

/**
 * Parses and checks the JSON part.
 *
 * @param bytes The header without its length word
 * @param availableBytes Bytes that follow the header in the file
 * @throws {FileFault} On anything but a complete, gapless description of those bytes
 */
export function parseHeader(bytes: Uint8Array, availableBytes: number): SafetensorsHeader {
  let json: unknown;
  try {
    json = parseGuardedJson(bytes, HEADER_LIMITS);
  } catch (error) {
    if (error instanceof JsonFault) throw new FileFault(`its header ${error.message}`);
    throw error;
  }
  if (!isObject(json)) throw new FileFault("its header is not a JSON object");
  const { __metadata__: metadata = {}, ...tensors } = json;
  if (!isObject(metadata) || !Object.values(metadata).every((v) => typeof v === "string")) {
    throw new FileFault(`its "__metadata__" is not a map of strings`);
  }
  const count = Object.keys(tensors).length;
  if (count > MAX_TENSORS) {
    throw new FileFault(`it has ${count} tensors, at most ${MAX_TENSORS} are possible`);
  }
  const entries = Object.entries(tensors)
    .map(([name, raw]) => checkEntry(name, raw))
    .sort((a, b) => a.beginByte - b.beginByte || a.endByte - b.endByte);
  let end = 0;
  let previous = "";
  for (const { name, beginByte, endByte } of entries) {
    if (beginByte < end) {
      throw new FileFault(
        `tensor ${quoted(name, 80)} overlaps tensor ${quoted(previous, 80)}`,
      );
    }
    if (beginByte > end) {
      throw new FileFault(
        `${beginByte - end} bytes before tensor ${quoted(name, 80)} belong to no tensor`,
      );
    }
    end = endByte;
    previous = name;
  }
  if (end > availableBytes) {
    throw new FileFault(
      `it is truncated, ${availableBytes} of ${end} tensor bytes are there`,
    );
  }
  if (end < availableBytes) {
    throw new FileFault(`its last ${availableBytes - end} bytes belong to no tensor`);
  }
  return { entries, metadata: metadata as Record<string, string>, tensorBytes: end };
}

/** Orders strings by UTF-16 code unit, the same on every machine. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Name, type and shape of a tensor to be written. */
export interface TensorLayout {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
}

/**
 * Lays tensors out: widest dtype first, so that every tensor is aligned to its elements, then by
 * name. Equal tensors give equal bytes in any order.
 *
 * @returns The tensors in file order and the header with its length word, digest still blank
 * @throws {CheckpointError} When a name is taken twice or reserved, or a shape is impossible
 */
export function layOut<T extends TensorLayout>(
  tensors: Iterable<T>,
  metadata: Readonly<Record<string, string>>,
  blankDigest: string,
): { ordered: T[]; header: Uint8Array<ArrayBuffer> } {
  const width = (t: TensorLayout) => SAFETENSORS_ARRAYS[t.dtype].BYTES_PER_ELEMENT;
  const ordered = [...tensors].sort((a, b) => width(b) - width(a) || compare(a.name, b.name));
  const stamped = Object.entries({ ...metadata, sha256: blankDigest })
    .sort(([a], [b]) => compare(a, b));
  // Written by hand: an object would move integer-like names to the front and swallow "__proto__".
  const pair = ([key, value]: readonly [string, string]) =>
    `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  const parts = [`"__metadata__":{${stamped.map(pair).join(",")}}`];
  const seen = new Set(["__metadata__"]);
  let beginByte = 0;
  for (const { name, dtype, shape } of ordered) {
    if (seen.has(name)) {
      throw new CheckpointError(
        `Cannot lay out tensor ${JSON.stringify(name)}: its name is taken or reserved`,
      );
    }
    seen.add(name);
    const endByte = beginByte + tensorByteLength(dtype, shape);
    if (!shape.every(isCount) || !Number.isSafeInteger(endByte)) {
      throw new CheckpointError(
        `Cannot lay out tensor ${JSON.stringify(name)}: its shape is [${shape}]`,
      );
    }
    const entry = { dtype, shape, data_offsets: [beginByte, endByte] };
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    beginByte = endByte;
  }
  const json = new TextEncoder().encode(`{${parts.join(",")}}`);
  if (json.length > MAX_HEADER_BYTES - 8 || ordered.length > MAX_TENSORS) {
    throw new CheckpointError(
      `Cannot lay out ${ordered.length} tensors: their header has ${json.length} bytes, ` +
        `at most ${MAX_TENSORS} tensors and ${MAX_HEADER_BYTES} bytes are readable`,
    );
  }
  // Spaces fill the header up, so that the tensors begin on a multiple of eight.
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  header.set(json, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  return { ordered, header };
}

/** Position of the digest in a header of {@link layOut}. */
export function digestOffset(header: Uint8Array, blankDigest: string): number {
  // The key with both quotes cannot occur inside another JSON string, where a quote is escaped.
  return new TextDecoder("latin1").decode(header).indexOf(`"sha256":"${blankDigest}"`) + 10;
}
