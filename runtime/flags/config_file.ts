/**
 * The configuration file of `--config_file`.
 *
 * @module
 */
import { ConfigError, messageOf } from "../base/errors.ts";
import { oneLine, quoted } from "../base/one_line.ts";

/** Settings take a few kilobytes; a larger file was meant for another flag. */
const MAX_BYTES = 2 ** 20;

/**
 * Reads a configuration file: one JSON object.
 *
 * @throws {ConfigError} When it is missing, no regular file, larger than 1 MiB, not JSON, or not an
 * object
 */
export async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  const refusal = (why: string, cause?: unknown) =>
    new ConfigError(`Cannot read configuration file ${quoted(path)}: ${why}`, { cause });
  let text: string;
  try {
    const { isFile, isDirectory, size } = await Deno.stat(path);
    // Opening a named pipe waits for a writer, and a device may never end.
    if (!isFile) {
      const kind = isDirectory ? "a folder" : "a pipe, socket or device";
      throw refusal(`it is ${kind}, want a file with a JSON object`);
    }
    if (size > MAX_BYTES) {
      throw refusal(`it has ${size} bytes, at most ${MAX_BYTES} are read; give a file of settings`);
    }
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const missing = error instanceof Deno.errors.NotFound;
    throw refusal(
      missing ? "there is no such file" : oneLine(messageOf(error), 240),
      error,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    const remedy = /\.ya?ml$/i.test(path) ? "; write the settings of the YAML file as JSON" : "";
    throw refusal(`it is no JSON: ${oneLine(messageOf(error), 240)}${remedy}`, error);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw refusal("it is no JSON object");
  }
  return json as Record<string, unknown>;
}
