/**
 * Safetensors files on disk.
 *
 * @module
 */
import { readFault } from "../file_fault.ts";
import { fileSource } from "../file_source.ts";
import { nativeSha256 } from "../native_sha256.ts";
import type { ByteSource } from "./byte_source.ts";
import { readHeader, SafetensorsReader } from "./reader.ts";

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
