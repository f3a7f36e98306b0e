/**
 * The configuration file of `--config_file`.
 *
 * @module
 */
import { ConfigError, messageOf } from "../../base/errors.ts";
import { JsonFault, parseGuardedJson } from "../../base/guarded_json.ts";
import { oneLine, quoted } from "../../base/one_line.ts";
import { withUserPaths } from "../user_path.ts";
import {
  DEFAULT_SECTION,
  isMapping,
  type Mapping,
  type Program,
  type SectionChoice,
  sectionOf,
} from "./sections.ts";
import { MAX_DEPTH, MAX_VALUES, parseYaml, YamlFault } from "./parse_yaml.ts";

/** Settings take a few kilobytes; a larger file was meant for another flag. */
const MAX_BYTES = 2 ** 20;

/**
 * Reads a configuration file: a mapping of settings in YAML or JSON, or the section of it that is
 * chosen.
 *
 * @param choice The section, if the file has sections
 * @throws {ConfigError} When it is missing, no regular file, too large, neither YAML nor JSON, no
 * mapping, or lacks the section
 *
 * @example
 * ```ts
 * import { readConfigFile } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(path, "default:\n  train:\n    n_layer: 3\n");
 * const settings = await readConfigFile(path, { program: "train", section: null });
 * assertEquals(settings, { n_layer: 3 });
 * await Deno.remove(path);
 * ```
 */
export async function readConfigFile(path: string, choice: SectionChoice): Promise<Mapping> {
  const refusal = (why: string, cause?: unknown) =>
    new ConfigError(`Cannot read configuration file ${quoted(path)}: ${why}`, { cause });
  const content = await contentOf(await readText(path, refusal), refusal);
  if (!isMapping(content)) throw refusal("it is no mapping of settings");
  return sectionOf(content, choice, path);
}

/** Flags that choose the file and its section. */
export interface ConfigFileFlags {
  /** The file; null: none. */
  readonly configFile?: string | null | undefined;
  /** Its section; null: the default one. */
  readonly config?: string | null | undefined;
}

/**
 * The settings of the configuration file that flags choose; none without one.
 *
 * @throws {ConfigError} as {@link readConfigFile}, and when a section is named without a file
 */
export async function chosenConfigFile(
  flags: ConfigFileFlags,
  program: Program,
): Promise<Mapping> {
  const { configFile, config: section = null } = withUserPaths(flags, ["configFile"]);
  if (typeof configFile === "string") return await readConfigFile(configFile, { program, section });
  if (section === null || section === DEFAULT_SECTION) return {};
  throw new ConfigError(
    `Cannot use --config ${quoted(section, 60)}: it names a section of a configuration file and ` +
      "there is none; add --config_file FILE, or leave it out",
  );
}

/** An error about the file. */
type Refusal = (why: string, cause?: unknown) => ConfigError;

async function readText(path: string, refusal: Refusal): Promise<string> {
  try {
    const { isFile, isDirectory, size } = await Deno.stat(path);
    // Opening a named pipe waits for a writer, and a device may never end.
    if (!isFile) {
      const kind = isDirectory ? "a folder" : "a pipe, socket or device";
      throw refusal(`it is ${kind}, want a file with settings in YAML or JSON`);
    }
    if (size > MAX_BYTES) {
      throw refusal(`it has ${size} bytes, at most ${MAX_BYTES} are read; give a file of settings`);
    }
    return (await Deno.readTextFile(path)).replace(/^\ufeff/, "");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const missing = error instanceof Deno.errors.NotFound;
    throw refusal(missing ? "there is no such file" : oneLine(messageOf(error), 240), error);
  }
}

/** JSON is read as such, without the limit on YAML and without its parser; the rest is YAML. */
async function contentOf(text: string, refusal: Refusal): Promise<unknown> {
  try {
    if (/^\s*[[{]/.test(text)) {
      return parseGuardedJson(text, { depth: MAX_DEPTH, values: MAX_VALUES });
    }
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    // Braces begin mappings in YAML too.
    if (!error.message.startsWith("is not JSON")) throw refusal(`it ${error.message}`, error);
  }
  try {
    return await parseYaml(text);
  } catch (error) {
    if (error instanceof YamlFault) throw refusal(`it ${error.message}`, error);
    throw error;
  }
}
