/**
 * Reader of the properties of ONNX models: metadata and checksum. The graph is not interpreted; it is
 * handed to a runtime as it is.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { CheckpointError } from "../../base/errors.ts";
import { oneLine, quoted } from "../../base/one_line.ts";
import { FileFault } from "../file_fault.ts";
import { fileSource } from "../file_source.ts";
import { nativeSha256 } from "../native_sha256.ts";
import type { ByteSource } from "../safetensors/byte_source.ts";
import { isSystemError, systemReason } from "../system_reason.ts";
import { WIRE } from "../protobuf/message.ts";
import { MODEL_FIELDS } from "./write_onnx.ts";

/** Most fields of a model; one of this program has about twenty. */
const MAX_FIELDS = 1000;

/** Most bytes of a tag and a length or an integer. */
const MAX_PREFIX_BYTES = 20;

/** Piece of a checksum. */
const PIECE_BYTES = 16 << 20;

interface Range {
  readonly begin: number;
  readonly end: number;
}

/** Content of an ONNX file, for a runtime. */
export interface OnnxContent {
  /** The model. */
  readonly model: Uint8Array<ArrayBuffer>;
  /** Weights that lie in a file of their own, under the name in the model. */
  readonly external: { readonly path: string; readonly data: Uint8Array<ArrayBuffer> } | undefined;
}

/** An open ONNX file. It holds file handles: close it, or declare it with `using`. */
export class OnnxFile implements Disposable {
  /** Its path. */
  readonly path: string;
  /** Its metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #model: ByteSource;
  readonly #data: ByteSource | undefined;
  readonly #graph: Range;

  private constructor(
    model: ByteSource,
    { graph, metadata }: Properties,
    data: ByteSource | undefined,
  ) {
    this.path = model.name;
    this.metadata = metadata;
    this.#model = model;
    this.#data = data;
    this.#graph = graph;
  }

  /**
   * Opens a model, and the file of its weights if it has one.
   *
   * @throws {CheckpointError} when a file is missing, truncated or no ONNX model
   */
  static async open(path: string): Promise<OnnxFile> {
    using stack = new DisposableStack();
    const open = async (path: string) => stack.adopt(await fileSource(path), (it) => it.close());
    try {
      const model = await open(path);
      const properties = await readProperties(model);
      const { external_data: name } = properties.metadata;
      if (name !== undefined && (name !== basename(name) || name === "..")) {
        throw new FileFault(`its weights are in ${quoted(name, 80)}, which is no file beside it`);
      }
      const data = name === undefined
        ? undefined
        : await open(join(dirname(path), name)).catch((error) => {
          throw new FileFault(
            `its weights are in ${quoted(name, 80)} beside it, which cannot be opened; put both ` +
              "files into one folder, under their names",
            { cause: error },
          );
        });
      stack.move();
      return new OnnxFile(model, properties, data);
    } catch (error) {
      throw readFault(path, error);
    }
  }

  /** Reads the model and its weights. */
  async content(): Promise<OnnxContent> {
    try {
      const whole = (source: ByteSource) => source.read(0, source.size);
      return {
        model: await whole(this.#model),
        external: this.#data && { path: basename(this.#data.name), data: await whole(this.#data) },
      };
    } catch (error) {
      throw readFault(this.path, error);
    }
  }

  /** Whether its content is that of its checksum; false without one. */
  async isUnchanged(): Promise<boolean> {
    const { sha256 } = this.metadata;
    if (sha256 === undefined) return false;
    const digest = nativeSha256();
    const add = async (source: ByteSource, { begin, end }: Range) => {
      for (let at = begin; at < end; at += PIECE_BYTES) {
        digest.update(await source.read(at, Math.min(PIECE_BYTES, end - at)));
      }
    };
    try {
      await add(this.#model, this.#graph);
      if (this.#data !== undefined) await add(this.#data, { begin: 0, end: this.#data.size });
    } catch (error) {
      throw readFault(this.path, error);
    }
    return digest.hex() === sha256;
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    this.#model.close();
    this.#data?.close();
  }
}

interface Properties {
  readonly graph: Range;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Walks over the fields of a model. */
async function readProperties(source: ByteSource): Promise<Properties> {
  const metadata: Record<string, string> = {};
  let graph: Range | undefined;
  let fields = 0;
  for (let at = 0; at < source.size; fields++) {
    if (fields === MAX_FIELDS) throw noModel(`it has more than ${MAX_FIELDS} fields`);
    const head = await source.read(at, Math.min(MAX_PREFIX_BYTES, source.size - at));
    const { field, begin, end } = fieldAt(head, at);
    if (end > source.size) throw noModel("a field ends beyond it");
    if (field === MODEL_FIELDS.graph) graph = { begin, end };
    if (field === MODEL_FIELDS.metadata) {
      const [key, value] = entryOf(await source.read(begin, end - begin));
      Object.defineProperty(metadata, key, { value, enumerable: true, configurable: true });
    }
    at = end;
  }
  if (graph === undefined) throw noModel("it has no graph");
  return { graph, metadata };
}

/** A key and its value, both strings. */
function entryOf(bytes: Uint8Array): readonly [string, string] {
  const strings = ["", ""];
  for (let at = 0; at < bytes.length;) {
    const { field, begin, end } = fieldAt(bytes.subarray(at, at + MAX_PREFIX_BYTES), at);
    if (end > bytes.length || field !== 1 && field !== 2) throw noModel("its metadata are damaged");
    strings[field - 1] = new TextDecoder().decode(bytes.subarray(begin, end));
    at = end;
  }
  return strings as [string, string];
}

/** The number of a field and the range of its value, from its first bytes. */
function fieldAt(head: Uint8Array, at: number): Range & { readonly field: number } {
  let used = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = head[used++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw noModel("it does not consist of fields");
  };
  const tag = varint();
  const wire = tag % 8;
  const field = Math.floor(tag / 8);
  if (wire === WIRE.varint) varint();
  const length = wire === WIRE.bytes ? varint() : FIXED_BYTES[wire];
  if (field === 0 || length === undefined) throw noModel("it does not consist of fields");
  const begin = at + used;
  return { field, begin, end: begin + length };
}

/** Bytes after the tag of fields whose length is not written; integers have been read. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  [WIRE.varint]: 0,
  [WIRE.fixed64]: 8,
  [WIRE.fixed32]: 4,
};

function noModel(problem: string): FileFault {
  return new FileFault(`${problem}, so it is damaged or not an ONNX model; use another copy`);
}

/** Names the file in what went wrong; programming errors pass. */
function readFault(path: string, error: unknown): unknown {
  const action = `Cannot read ONNX file ${quoted(path)}`;
  if (error instanceof FileFault) {
    return new CheckpointError(`${action}: ${oneLine(error.message, 240)}`, { cause: error.cause });
  }
  if (!isSystemError(error)) return error;
  return new CheckpointError(`${action}: ${systemReason(error)}`, { cause: error });
}
