/**
 * A configuration as the YAML of a configuration file.
 *
 * @module
 */
import type { z } from "zod";
import { flagSpecs } from "../spec.ts";

/**
 * The settings as YAML, by group, which `--config_file` reads back to the same configuration.
 * Settings of the command line alone are left out.
 *
 * @param config A checked configuration of the schema
 * @param adapted Settings that the program adapts unless they are given: comments with their values
 *
 * @example
 * ```ts
 * import { settingsYaml } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 *
 * const schema = z.strictObject({ nLayer: z.int(), data: z.string(), chunks: z.int() });
 * assertEquals(
 *   settingsYaml(schema, { nLayer: 2, data: "a b", chunks: 1 }, ["chunks"]),
 *   '# Other\nn_layer: 2\ndata: "a b"\n# chunks: 1, unless the run adapts it\n',
 * );
 * ```
 */
export function settingsYaml<S extends z.ZodObject>(
  schema: S,
  config: z.output<S>,
  adapted: readonly string[] = [],
): string {
  const values = config as Readonly<Record<string, unknown>>;
  const specs = flagSpecs(schema).filter(({ flagOnly }) => !flagOnly);
  return [...Map.groupBy(specs, ({ group }) => group)].map(([group, specs]) => {
    const lines = specs.map(({ key, name }) => {
      const line = `${name}: ${inYaml(values[key])}`;
      return adapted.includes(key) ? `# ${line}, unless the run adapts it` : line;
    });
    return [`# ${group}`, ...lines, ""].join("\n");
  }).join("\n");
}

/** Names and paths that no YAML parser takes for another type. */
const PLAIN = /^(?!(?:null|true|false|yes|no|on|off|y|n)$)[a-z/][\w./-]*$/i;

/** A value in YAML, of which JSON is a part. */
function inYaml(value: unknown): string {
  return typeof value === "string" && PLAIN.test(value) ? value : JSON.stringify(value);
}
