/**
 * Information about paths that may not exist.
 *
 * @module
 */
import { ConfigError } from "../base/errors.ts";
import { isSystemError, systemReason } from "./system_reason.ts";

/**
 * Information about a path, following links; undefined if it does not exist.
 *
 * @throws {ConfigError} when the system does not answer
 */
export async function fileInfo(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    if (!isSystemError(error)) throw error;
    throw new ConfigError(`Cannot read "${path}": ${systemReason(error)}; give another path`);
  }
}

/**
 * Whether a path exists.
 *
 * @throws {ConfigError} when the system does not answer
 */
export async function exists(path: string): Promise<boolean> {
  return await fileInfo(path) !== undefined;
}
