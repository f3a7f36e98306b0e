/**
 * Safetensors files on disk.
 *
 * @module
 */
import { nativeSha256 } from "../native_sha256.ts";
import type { ByteSource } from "./byte_source.ts";
import { HeaderFault } from "./header.ts";
import { readFault, readHeader, SafetensorsReader } from "./reader.ts";

/**
 * An open safetensors file. It holds a file handle: close it, or declare it with `using`.
 *
 * @example
 * ```ts
 * import { encodeSafetensors, SafetensorsFile } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * const values = Uint32Array.of(1, 2, 3, 4, 5, 6);
 * const pieces = encodeSafetensors([{ name: "ids", dtype: "U32", shape: [2, 3], values }]);
 * await Deno.writeFile(path, ReadableStream.from(pieces));
 *
 * using file = await SafetensorsFile.open(path);
 * await file.verify();
 * assertEquals(file.names, ["ids"]);
 * assertEquals(file.shape("ids"), [2, 3]);
 * assertEquals(await file.tensor("ids", "U32"), values);
 * await Deno.remove(path);
 * ```
 */
export class SafetensorsFile extends SafetensorsReader {
  /**
   * Opens a file and checks its header against its size.
   *
   * @throws {CheckpointError} When the file is missing, truncated or inconsistent
   */
  static async open(path: string): Promise<SafetensorsFile> {
    let source: ByteSource | undefined;
    try {
      source = await fileSource(path);
      return new SafetensorsFile(source, await readHeader(source), nativeSha256);
    } catch (error) {
      source?.close();
      throw readFault(path, error);
    }
  }
}

const NOT_A_FILE = "it is not a file but a folder, pipe or device; give a file";

async function fileSource(path: string): Promise<ByteSource> {
  let file: Deno.FsFile;
  try {
    // Looked at before it is opened: opening a named pipe waits for a writer.
    if (!(await Deno.stat(path)).isFile) throw new HeaderFault(NOT_A_FILE);
    file = await Deno.open(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new HeaderFault("there is no such file, give the right path", { cause });
  }
  const { size, isFile } = await file.stat();
  if (!isFile) {
    file.close();
    throw new HeaderFault(NOT_A_FILE);
  }
  /** Reads share one file position, so each waits for the one before. */
  let lastRead: Promise<unknown> = Promise.resolve();
  return {
    name: path,
    size,
    read(offset, length) {
      const read = lastRead.then(() => readAt(file, offset, length));
      lastRead = read.catch(() => {});
      return read;
    },
    close: () => file.close(),
  };
}

async function readAt(
  file: Deno.FsFile,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const read = await file.read(bytes.subarray(done));
    if (read === null) throw new HeaderFault(`it became shorter while it was read`);
    done += read;
  }
  return bytes;
}
