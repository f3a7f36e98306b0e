/**
 * Reader of PyTorch files. Nothing in a file is executed: classes and functions are names, objects
 * are data, and numbers are read when they are asked for. Every inconsistency is a
 * {@link CheckpointError} that names the file.
 *
 * @module
 */
import { FileFault, readFault } from "../file_fault.ts";
import { fileSource } from "../file_source.ts";
import type { ByteSource } from "../safetensors/byte_source.ts";
import { SAFETENSORS_ARRAYS } from "../safetensors/header.ts";
import { openLegacyFile } from "./legacy_file.ts";
import { PickleWindowEnd } from "./pickle/pickle_reader.ts";
import type { PickleValue } from "./pickle/pickle_values.ts";
import type { StorageFile } from "./storage_data.ts";
import { gather } from "./strided.ts";
import type { TorchTensor } from "./torch_tensor.ts";
import { openZipFile } from "./zip_file.ts";

/** Elements of a tensor that are in memory at once. */
const PIECE_ELEMENTS = 1 << 20;

/** First bytes of a ZIP archive and of a pickle. */
const ZIP_START = 0x50;
const PICKLE_START = 0x80;

/**
 * An open file. It holds a file handle: close it, or declare it with `using`.
 *
 * @example
 * ```ts
 * import { TorchFile } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * // pickle.dumps({"lr": 0.5, "steps": [1, 2]}, protocol=2)
 * const pickle = "\x80\x02}q\x00(X\x02\x00\x00\x00lrq\x01G?\xe0\x00\x00\x00\x00\x00\x00" +
 *   "X\x05\x00\x00\x00stepsq\x02]q\x03(K\x01K\x02eu.";
 * const path = await Deno.makeTempFile({ suffix: ".pt" });
 * await Deno.writeFile(path, Uint8Array.from(pickle, (byte) => byte.charCodeAt(0)));
 *
 * using file = await TorchFile.open(path);
 * assertEquals(file.value, new Map<string, unknown>([["lr", 0.5], ["steps", [1, 2]]]) as never);
 * await Deno.remove(path);
 * ```
 */
export class TorchFile implements Disposable {
  /** Name of its source: the path of a file. */
  readonly path: string;
  /** Length in bytes. */
  readonly size: number;
  /** What was saved. */
  readonly value: PickleValue;
  readonly #source: ByteSource;
  readonly #storages: StorageFile<PickleValue>;

  private constructor(source: ByteSource, storages: StorageFile<PickleValue>) {
    this.path = source.name;
    this.size = source.size;
    this.value = storages.value;
    this.#source = source;
    this.#storages = storages;
  }

  /**
   * Opens a file and reads what was saved, without the numbers of tensors.
   *
   * @throws {CheckpointError} When it is missing, damaged, or no file of PyTorch
   */
  static async open(path: string): Promise<TorchFile> {
    try {
      return await TorchFile.read(await fileSource(path));
    } catch (error) {
      throw readFault(path, error);
    }
  }

  /**
   * As {@link TorchFile.open}, for any source, which is closed where that fails.
   *
   * @throws {CheckpointError} When it is damaged, or no file of PyTorch
   */
  static async read(source: ByteSource): Promise<TorchFile> {
    try {
      return new TorchFile(source, await openStorages(source));
    } catch (error) {
      source.close();
      throw readFault(source.name, error);
    }
  }

  /**
   * The elements of a tensor, row-major, in pieces of whole elements of its type.
   *
   * @throws {CheckpointError} When they are missing or damaged, or after so many reads that the file
   *   was read 16 times
   */
  async *pieces(tensor: TorchTensor): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    try {
      yield* this.#pieces(tensor);
    } catch (error) {
      throw readFault(this.path, error);
    }
  }

  async *#pieces(tensor: TorchTensor): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const { storage, size, extent } = tensor;
    if (size === 0) return;
    const width = SAFETENSORS_ARRAYS[storage.dtype].BYTES_PER_ELEMENT;
    const data = await this.#storages.data(storage.key);
    const begin = (storage.start + tensor.offset) * width;
    if (begin + extent * width > data.length) {
      throw new FileFault(
        `a tensor of the shape [${tensor.shape}] lies outside of its storage of ${data.length} bytes`,
      );
    }
    this.#storages.limit.charge(extent * width);
    // The elements of other views lie anywhere between the first and the last.
    const range = tensor.isContiguous ? undefined : await data.read(begin, extent * width);
    for (let from = 0; from < size; from += PIECE_ELEMENTS) {
      const to = Math.min(from + PIECE_ELEMENTS, size);
      yield range === undefined
        ? await data.read(begin + from * width, (to - from) * width)
        : gather(range, tensor, width, from, to);
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#source.close();
  }
}

async function openStorages(source: ByteSource): Promise<StorageFile<PickleValue>> {
  const [first] = source.size > 0 ? await source.read(0, 1) : [];
  try {
    if (first === ZIP_START) return await openZipFile(source);
    if (first === PICKLE_START) return await openLegacyFile(source);
  } catch (error) {
    if (error instanceof PickleWindowEnd) throw new FileFault("its pickle is truncated");
    throw error;
  }
  throw new FileFault(
    "it is no file of PyTorch, which is a ZIP archive or a pickle; give a file of torch.save",
  );
}
