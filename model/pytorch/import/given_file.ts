/**
 * Small files that are given beside a model.
 *
 * @module
 */
import { fileInfo, isSystemError, systemReason } from "@transformer-xl/runtime";
import { cannotImport } from "./import_error.ts";

/**
 * The first bytes of a file.
 *
 * @throws {CheckpointError} When there is none, it is no file, or it cannot be read
 */
export async function firstBytes(path: string, count: number): Promise<Uint8Array<ArrayBuffer>> {
  return await readGiven(path, async () => {
    using file = await Deno.open(path);
    const bytes = new Uint8Array(count);
    return bytes.subarray(0, await file.read(bytes) ?? 0);
  });
}

/**
 * All bytes of a file.
 *
 * @throws {CheckpointError} As {@link firstBytes}, and when it has more than `most`
 */
export async function allBytes(path: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  return await readGiven(path, async (size) => {
    if (size <= most) return await Deno.readFile(path);
    throw cannotImport(path, `it has ${size} bytes, at most ${most} are read`);
  });
}

async function readGiven<T>(path: string, read: (size: number) => Promise<T>): Promise<T> {
  try {
    const info = await fileInfo(path);
    if (info === undefined) throw cannotImport(path, "there is no such file");
    if (!info.isFile) throw cannotImport(path, "it is not a file but a folder, pipe or device");
    return await read(info.size);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw cannotImport(path, systemReason(error));
  }
}
