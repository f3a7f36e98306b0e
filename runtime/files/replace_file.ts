/**
 * Files that are written whole or not at all, with one sentence where the system refuses.
 *
 * @module
 */
import { CheckpointError } from "../base/errors.ts";
import { quoted } from "../base/one_line.ts";
import { AtomicFile } from "./atomic_file.ts";

/**
 * Writes a file under a temporary name and gives it its own when `write` is done.
 *
 * @param path Replaced whole or not at all
 * @throws {CheckpointError} When the system refuses; errors of `write` itself pass as they are
 *
 * @example
 * ```ts
 * import { replaceFile } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await replaceFile(`${folder}/a.bin`, (file) => file.write(Uint8Array.of(1, 2)));
 * assertEquals(await Deno.readFile(`${folder}/a.bin`), Uint8Array.of(1, 2));
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function replaceFile(
  path: string,
  write: (file: AtomicFile) => Promise<void>,
): Promise<void> {
  try {
    await using file = await AtomicFile.create(path);
    await write(file);
    await file.commit();
  } catch (error) {
    // Errors of the operating system have a code.
    if (!(error instanceof Error) || !("code" in error)) throw error;
    throw new CheckpointError(
      `Cannot write checkpoint ${quoted(path)}: ${error.message}; ` +
        `the file of that name, if any, is unchanged`,
      { cause: error },
    );
  }
}
