/**
 * The cache of counted files: JSON behind a line with its checksum. Its name is a hash of their
 * paths. What cannot be used is counted again.
 *
 * @module
 */
import { AtomicFile, isSystemError, sweepTemporaries, systemReason } from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import { z } from "zod";

const count = z.int().min(0);
const sha256 = z.string().length(64);

/** Format and version of the file; changed when equal files give other counts. */
const FORMAT = "transformer-xl-sentences 1";

const record = z.strictObject({
  format: z.literal(FORMAT),
  files: z.array(z.strictObject({
    path: z.string(),
    bytes: count,
    modifiedMs: z.number().nullable(),
    sha256,
    sentences: count,
    tokens: count,
  })),
  words: z.strictObject({ of: z.array(sha256), symbols: z.array(z.string()) }).optional(),
});

/**
 * What is kept: the files with the times of their last changes, and the words of files with these
 * hashes.
 */
export type KeptCounts = Omit<z.infer<typeof record>, "format">;

/** The cache of files in `cacheDir`. */
export function countsPath(cacheDir: string, paths: readonly string[]): string {
  const name = hashOf(JSON.stringify(paths.map((path) => resolve(path)))).slice(0, 16);
  return `${cacheDir}/sentences-${name}.json`;
}

/** Reads a cache; undefined if there is none that can be used. */
export async function readCounts(path: string): Promise<KeptCounts | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
  const lineEnd = text.indexOf("\n");
  const content = text.slice(lineEnd + 1);
  if (text.slice(0, lineEnd) !== hashOf(content)) return undefined;
  const { success, data } = record.safeParse(JSON.parse(content));
  return success ? data : undefined;
}

/**
 * Writes a cache and makes its folder.
 *
 * @returns why it could not be written
 */
export async function writeCounts(path: string, counts: KeptCounts): Promise<string | undefined> {
  const content = JSON.stringify({ format: FORMAT, ...counts });
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await sweepTemporaries(dirname(path));
    await using file = await AtomicFile.create(path);
    await file.write(new TextEncoder().encode(`${hashOf(content)}\n${content}`));
    await file.commit();
    return undefined;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return `Cannot write ${JSON.stringify(path)}: ${systemReason(error)}`;
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
