/**
 * A streaming writer of PyTorch's files (`torch.save` since 1.6): a ZIP archive with a pickle, in
 * which tensors refer to members with their elements.
 *
 * @module
 */
import { replaceFile } from "../replace_file.ts";
import { type SafetensorsDtype, tensorByteLength } from "../safetensors/header.ts";
import { sourcePieces } from "../safetensors/source_pieces.ts";
import type { SafetensorsSource } from "../safetensors/tensor_source.ts";
import { writeZip, type ZipContent } from "../zip/zip_writer.ts";
import {
  encodePickle,
  orderedDict,
  PersistentId,
  PythonCall,
  PythonName,
  PythonTuple,
  type PythonValue,
} from "./pickle_writer.ts";

/** Classes of storages that can be written. */
const STORAGES: Partial<Record<SafetensorsDtype, string>> = {
  F64: "DoubleStorage",
  F32: "FloatStorage",
  F16: "HalfStorage",
  I64: "LongStorage",
  I32: "IntStorage",
  U8: "ByteStorage",
};

const REBUILD_TENSOR = new PythonName("torch._utils", "_rebuild_tensor_v2");

/** PyTorch writes at such positions, so that files can be mapped into memory. */
const ALIGNMENT = 64;

const FORMAT_VERSION = "3\n";

/** The tensors of a file to write, which give each source a storage. */
export class TorchTensors {
  readonly #keys = new Map<SafetensorsSource, string>();

  /**
   * A tensor of the elements of `source`, for the value of {@link writeTorchFile}. Tensors of one
   * source share its elements, as tied parameters do.
   *
   * @throws {TypeError} when PyTorch has no storage of its element type
   */
  add(source: SafetensorsSource): PythonCall {
    const storage = STORAGES[source.dtype];
    if (storage === undefined) throw new TypeError(`Cannot write a tensor of ${source.dtype}`);
    const key = this.#keys.get(source) ?? `${this.#keys.size}`;
    this.#keys.set(source, key);
    const { shape } = source;
    const elements = shape.reduce((product, n) => product * n, 1);
    const strides = shape.map((_, axis) =>
      shape.slice(axis + 1).reduce((product, n) => product * Math.max(n, 1), 1)
    );
    return new PythonCall(REBUILD_TENSOR, [
      new PersistentId(
        new PythonTuple(["storage", new PythonName("torch", storage), key, "cpu", elements]),
      ),
      0,
      new PythonTuple(shape),
      new PythonTuple(strides),
      false, // requires_grad
      orderedDict(new Map()), // hooks
    ]);
  }

  /** Members of the archive with the elements of the sources. */
  members(folder: string): ZipContent[] {
    return Array.from(this.#keys, ([source, key]) => ({
      name: `${folder}/data/${key}`,
      bytes: tensorByteLength(source.dtype, source.shape),
      pieces: () => sourcePieces(source),
    }));
  }
}

/** The folder of all members. */
const FOLDER = "archive";

/**
 * Writes a file that `torch.load` reads, whole or not at all, one piece of a tensor in memory at a
 * time.
 *
 * @param value what `torch.load` returns
 * @param tensors those in `value`
 * @throws {CheckpointError} when a tensor has another length than its shape, or the system refuses
 *
 * @example
 * ```ts
 * import { TorchTensors, writeTorchFile } from "@transformer-xl/runtime";
 *
 * const folder = await Deno.makeTempDir();
 * const tensors = new TorchTensors();
 * const values = Float32Array.of(1, 2);
 * const w = tensors.add({ name: "w", dtype: "F32", shape: [2], values });
 * await writeTorchFile(`${folder}/w.pt`, new Map([["w", w]]), tensors);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeTorchFile(
  path: string,
  value: PythonValue,
  tensors: TorchTensors,
): Promise<void> {
  await replaceFile(path, (file) =>
    writeZip(file, [
      content("data.pkl", encodePickle(value)),
      content("byteorder", new TextEncoder().encode("little")),
      ...tensors.members(FOLDER),
      content("version", new TextEncoder().encode(FORMAT_VERSION)),
    ], ALIGNMENT));
}

function content(name: string, bytes: Uint8Array): ZipContent {
  return { name: `${FOLDER}/${name}`, bytes: bytes.length, pieces: () => [bytes] };
}
