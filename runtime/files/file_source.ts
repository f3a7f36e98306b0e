/**
 * Files on disk as sources of bytes.
 *
 * @module
 */
import { FileFault } from "./file_fault.ts";
import type { ByteSource } from "./safetensors/byte_source.ts";
import { readAtSync } from "./scratch_file.ts";

const NOT_A_FILE = "it is not a file but a folder, pipe or device; give a file";

/**
 * Opens a file as a source of bytes.
 *
 * @throws {FileFault} When there is no such file, or it is a folder, pipe or device
 */
export async function fileSource(path: string): Promise<ByteSource> {
  let file: Deno.FsFile;
  try {
    // Looked at before it is opened: opening a named pipe waits for a writer.
    if (!(await Deno.stat(path)).isFile) throw new FileFault(NOT_A_FILE);
    file = await Deno.open(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new FileFault("there is no such file, give the right path", { cause });
  }
  const { size, isFile } = await file.stat();
  if (!isFile) {
    file.close();
    throw new FileFault(NOT_A_FILE);
  }
  /** Reads share one file position, so each waits for the one before. */
  let lastRead: Promise<unknown> = Promise.resolve();
  let pending = 0;
  return {
    name: path,
    size,
    read(offset, length) {
      pending++;
      const read = lastRead.then(() => readAt(file, offset, length));
      lastRead = read.catch(() => {}).finally(() => pending--);
      return read;
    },
    readAtSync(offset, target) {
      if (pending > 0) throw new RangeError(`Cannot read "${path}": another read is not done yet`);
      readAtSync(file, offset, target);
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
    if (read === null) throw new FileFault(`it became shorter while it was read`);
    done += read;
  }
  return bytes;
}
