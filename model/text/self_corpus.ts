/**
 * The text of this repository: sources, kernels and pages of its members. Every clone has it, so a
 * first training run downloads nothing.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";

const MEMBERS = ["runtime", "kernels", "model", "eval", "train", "bench"];
const TEXT = /\.(ts|wgsl|md)$/;

/**
 * Paths of the files, in name order.
 *
 * @throws {DataError} when the program does not run from a clone
 */
export async function selfFiles(): Promise<string[]> {
  const root = new URL("../../", import.meta.url);
  const files: string[] = [];
  if (root.protocol === "file:") {
    for (const member of MEMBERS) await collect(new URL(`${member}/`, root), files);
  }
  if (files.length === 0) {
    throw new DataError(
      `Cannot read the program's own sources: they are not beside it at "${root.href}"`,
      { need: "a text" },
    );
  }
  return files.sort();
}

async function collect(directory: URL, files: string[]): Promise<void> {
  try {
    for await (const entry of Deno.readDir(directory)) {
      const url = new URL(entry.name + (entry.isDirectory ? "/" : ""), directory);
      if (entry.isDirectory) await collect(url, files);
      else if (TEXT.test(entry.name)) files.push(decodeURIComponent(url.pathname));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
