/**
 * Paths relative to the user's folder. `deno task` starts programs in the project folder and passes
 * the user's folder in INIT_CWD.
 *
 * @module
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../base/errors.ts";
import { flagName } from "./spec.ts";

/**
 * The folder of relative paths on the command line.
 *
 * @param env The environment; only INIT_CWD is read
 */
export function userFolder(
  env: { get(name: string): string | undefined } = Deno.env,
): string {
  const here = Deno.cwd();
  // Elsewhere the variable is left over from a task that started other programs.
  if (here !== projectFolder()) return here;
  return env.get("INIT_CWD") || here;
}

/** The folder of this project's tasks; undefined in a compiled program or one loaded from the net. */
function projectFolder(): string | undefined {
  const root = new URL("../../", import.meta.url);
  if (root.protocol !== "file:" || Deno.build.standalone) return undefined;
  try {
    return Deno.realPathSync(fileURLToPath(root));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return;
    throw error;
  }
}

/**
 * Settings with absolute paths. Values that are not strings stay unchanged.
 *
 * @param keys The settings that are paths
 * @throws {ConfigError} When one is empty
 *
 * @example
 * ```ts
 * import { withUserPaths } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 * import { join } from "node:path";
 *
 * const settings = { data: "my/text.txt", dataset: "text" };
 * assertEquals(withUserPaths(settings, ["data"], "/home/me"), {
 *   data: join("/home/me", "my", "text.txt"),
 *   dataset: "text",
 * });
 * ```
 */
export function withUserPaths<S extends object>(
  settings: S,
  keys: readonly (keyof S & string)[],
  folder: string = userFolder(),
): S {
  const resolved = { ...settings };
  for (const key of keys) {
    const path = settings[key];
    if (typeof path !== "string") continue;
    if (path === "") {
      throw new ConfigError(`Cannot use --${flagName(key)} "": it is empty, a path is wanted`);
    }
    resolved[key] = resolve(folder, path) as S[typeof key];
  }
  return resolved;
}
