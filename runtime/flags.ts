/**
 * A program's command line from its zod schema. The schema is the only declaration: types, defaults,
 * flags, checks, help and documentation follow from it. Values come from four places, each overruling
 * the one before: the schema's defaults, a preset, a configuration file, the flags.
 *
 * Flags are the keys in snake_case; `_` and `-` are the same. Names are never abbreviated, and a flag
 * may be given once.
 *
 * @module
 */
import type { z } from "zod";
import { ConfigError } from "./errors.ts";
import { flagName, type FlagSpec, flagSpecs } from "./flag_spec.ts";
import { nearestName } from "./nearest_name.ts";

/** Where a value came from. */
export type FlagOrigin = "default" | "preset" | "file" | "flag";

/** Values beneath the flags. */
export interface FlagLayers<S extends z.ZodObject> {
  /** Overrules the defaults. */
  readonly preset?: Readonly<Partial<z.input<S>>>;
  /** Overrules the preset; keys may be spelled as flags. See {@link readConfigFile}. */
  readonly file?: Readonly<Record<string, unknown>>;
}

/** A parsed command line. */
export interface ParsedFlags<C> {
  /** Every setting, checked. */
  readonly config: C;
  /** Keys given by flags. */
  readonly given: Set<string>;
  /** Origin of every key of the schema. */
  readonly origin: Map<string, FlagOrigin>;
}

/** The words of one flag on the command line. */
interface Given {
  readonly spec: FlagSpec;
  readonly text: string;
  readonly value: unknown;
}

const quote = (value: unknown): string => JSON.stringify(value);

/** A word that is a flag and not a value: `--name`, `--name=...` or `-h`, but not `-1` or `--`. */
function isFlag(word: string): boolean {
  return word === "-h" || /^--[A-Za-z][\w-]*(=|$)/.test(word);
}

/**
 * True when the command line asks for help, which must be answered before it is parsed.
 *
 * @param argv Words after the program's name
 */
export function wantsHelp(argv: readonly string[]): boolean {
  return argv.includes("--help") || argv.includes("-h");
}

function unknownFlag(flag: string, specs: readonly FlagSpec[]): ConfigError {
  const names = specs.filter((spec) => !spec.hidden)
    .flatMap((spec) => spec.negatable ? [spec.name, `no_${spec.name}`] : [spec.name]);
  const near = nearestName(flagName(flag), names);
  const remedy = near === undefined ? "see --help" : `did you mean --${near}?`;
  return new ConfigError(`Cannot parse --${flag}: there is no such flag, ${remedy}`);
}

/** The value of one flag and how many words after it were used. */
function readFlag(
  spec: FlagSpec,
  negated: boolean,
  inline: string | undefined,
  following: readonly string[],
): { value: unknown; text: string; used: number } {
  if (negated) {
    if (inline === undefined) return { value: false, text: "false", used: 0 };
    throw new ConfigError(`Cannot parse --no_${spec.name}: got ${quote(inline)}, want no value`);
  }
  if (inline !== undefined) return { value: spec.read([inline]), text: inline, used: 0 };
  if (spec.arity === "none") return { value: true, text: "true", used: 0 };
  let used = 0;
  const most = spec.arity === "many" ? following.length : 1;
  while (used < most && used < following.length && !isFlag(following[used]!)) used++;
  if (used === 0) {
    if (spec.arity === "optional") return { value: true, text: "true", used };
    throw new ConfigError(`Cannot parse --${spec.name}: got no value, want ${spec.wanted}`);
  }
  const words = following.slice(0, used);
  return { value: spec.read(words), text: words.join(" "), used };
}

function scan(specs: readonly FlagSpec[], argv: readonly string[]): Map<string, Given> {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const given = new Map<string, Given>();
  // `deno task train -- --fp16` hands the dashes on.
  for (let i = argv[0] === "--" ? 1 : 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (wantsHelp([word])) throw new TypeError(`Cannot parse ${word}: ask wantsHelp() first`);
    if (!isFlag(word)) {
      throw new ConfigError(
        `Cannot parse ${quote(word)}: it follows no flag that takes it; see --help`,
      );
    }
    const [, flag, inline] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) as unknown as [
      string,
      string,
      string | undefined,
    ];
    const name = flag.replaceAll("-", "_");
    const positive = byName.get(name);
    const negative = name.startsWith("no_") ? byName.get(name.slice(3)) : undefined;
    const spec = positive ?? (negative?.negatable ? negative : undefined);
    if (spec === undefined) throw unknownFlag(flag, specs);
    if (given.has(spec.key)) {
      throw new ConfigError(
        `Cannot parse --${name}: --${spec.name} is already ${quote(given.get(spec.key)!.text)}, ` +
          `give it once`,
      );
    }
    const { value, text, used } = readFlag(
      spec,
      positive === undefined,
      inline,
      argv.slice(i + 1),
    );
    given.set(spec.key, { spec, text, value });
    i += used;
  }
  return given;
}

/** Keys of the configuration file in the schema's spelling. */
function fileValues(
  specs: readonly FlagSpec[],
  file: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const byName = new Map(specs.map((spec) => [spec.name, spec.key]));
  const values: Record<string, unknown> = {};
  for (const [spelled, value] of Object.entries(file)) {
    const key = byName.get(flagName(spelled));
    if (key === undefined) {
      const near = nearestName(flagName(spelled), byName.keys());
      throw new ConfigError(
        `Cannot use ${quote(spelled)} of the configuration file: there is no such setting` +
          (near === undefined ? "; see --help" : `, did you mean ${quote(byName.get(near))}?`),
      );
    }
    if (Object.hasOwn(values, key)) {
      throw new ConfigError(
        `Cannot use ${quote(spelled)} of the configuration file: ${quote(key)} is there twice`,
      );
    }
    values[key] = value;
  }
  return values;
}

/** The first problem zod found, in terms of what the user wrote. */
function configError(
  issue: z.core.$ZodIssue,
  specs: readonly FlagSpec[],
  layers: Readonly<Record<string, { origin: FlagOrigin; value: unknown; text?: string }>>,
): ConfigError {
  const key = String(issue.path[0] ?? "");
  const spec = specs.find((each) => each.key === key);
  if (issue.code === "unrecognized_keys" && spec === undefined) {
    return new ConfigError(`Cannot use the preset: there is no setting ${quote(issue.keys[0])}`);
  }
  if (spec === undefined) return new ConfigError(`Cannot use these settings: ${issue.message}`);
  const layer = layers[key];
  const custom = issue.code === "custom";
  if (layer === undefined) {
    return new ConfigError(
      custom
        ? `Cannot use these settings: ${issue.message}`
        : `Cannot parse the command line: --${spec.name} is missing, want ${spec.wanted}; see --help`,
    );
  }
  const subject = layer.origin === "flag"
    ? `parse --${spec.name}`
    : `use ${quote(key)} of the ${layer.origin === "file" ? "configuration file" : "preset"}`;
  const got = layer.text === undefined ? JSON.stringify(layer.value) : quote(layer.text);
  const why = custom ? issue.message : `want ${spec.wanted}`;
  return new ConfigError(`Cannot ${subject}: got ${got}, ${why}; see --help`);
}

/** The flags on the command line, each checked alone. */
function checkedFlags(
  schema: z.ZodObject,
  specs: readonly FlagSpec[],
  argv: readonly string[],
): Map<string, Given> {
  const given = scan(specs, argv);
  for (const [key, { value, text }] of given) {
    const result = (schema.shape[key] as z.ZodType).safeParse(value);
    if (!result.success) {
      const issue = result.error.issues[0]!;
      const layers = { [key]: { origin: "flag" as const, value, text } };
      throw configError({ ...issue, path: [key, ...issue.path] }, specs, layers);
    }
  }
  return given;
}

/**
 * Reads only what the flags say, before defaults and without rules between settings: for the flags
 * that choose a preset or a configuration file.
 *
 * @param argv Words after the program's name
 * @throws {ConfigError} When a flag is unknown, given twice, or has a wrong value
 *
 * @example
 * ```ts
 * import { scanFlags } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 *
 * const schema = z.strictObject({ preset: z.string().optional(), nLayer: z.int().default(16) });
 * assertEquals(scanFlags(schema, ["--preset", "base"]), { preset: "base" });
 * ```
 */
export function scanFlags<S extends z.ZodObject>(
  schema: S,
  argv: readonly string[],
): Partial<z.input<S>> {
  const given = checkedFlags(schema, flagSpecs(schema), argv);
  return Object.fromEntries([...given].map(([key, { value }]) => [key, value])) as Partial<
    z.input<S>
  >;
}

/**
 * Parses a command line over a preset and a configuration file.
 *
 * Values: `--flag value` or `--flag=value`, negative numbers included. Booleans: `--fp16`,
 * `--no_fp16`, `--fp16=false`. Lists: `--cutoffs 10,20` or `--cutoffs 10 20`; texts in a list are
 * not split at commas. A `z.union([z.boolean(), z.string()])` may stand bare, which is `true`. A nullable
 * number takes `none`, an object takes JSON.
 *
 * @param schema A strict object, keys in camelCase
 * @param argv Words after the program's name; see {@link wantsHelp} for `--help`
 * @throws {ConfigError} When a flag or a setting is unknown, given twice, missing or wrong
 *
 * @example
 * ```ts
 * import { parseFlags } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 *
 * const schema = z.strictObject({
 *   nLayer: z.int().positive().default(16),
 *   dModel: z.int().positive().default(512),
 *   fp16: z.boolean().default(false),
 * });
 * const { config, origin } = parseFlags(schema, ["--n_layer", "4", "--fp16"], {
 *   preset: { nLayer: 18, dModel: 1024 },
 * });
 * assertEquals(config, { nLayer: 4, dModel: 1024, fp16: true });
 * assertEquals(origin.get("dModel"), "preset");
 * ```
 */
export function parseFlags<S extends z.ZodObject>(
  schema: S,
  argv: readonly string[],
  layers: FlagLayers<S> = {},
): ParsedFlags<z.output<S>> {
  const specs = flagSpecs(schema);
  const given = checkedFlags(schema, specs, argv);
  const chosen: Record<string, { origin: FlagOrigin; value: unknown; text?: string }> = {};
  for (const [key, value] of Object.entries(layers.preset ?? {})) {
    if (value !== undefined) chosen[key] = { origin: "preset", value };
  }
  for (const [key, value] of Object.entries(fileValues(specs, layers.file ?? {}))) {
    chosen[key] = { origin: "file", value };
  }
  for (const [key, { value, text }] of given) chosen[key] = { origin: "flag", value, text };

  const values = Object.entries(chosen).map(([key, { value }]) => [key, value] as const);
  const result = schema.safeParse(Object.fromEntries(values));
  if (!result.success) throw configError(result.error.issues[0]!, specs, chosen);
  return {
    config: result.data as z.output<S>,
    given: new Set(given.keys()),
    origin: new Map(specs.map(({ key }) => [key, chosen[key]?.origin ?? "default"])),
  };
}

/**
 * Reads a configuration file: one JSON object.
 *
 * @throws {ConfigError} When it is missing, not JSON, or not an object
 */
export async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    const why = missing ? "there is no such file" : (error as Error).message;
    throw new ConfigError(`Cannot read configuration file ${quote(path)}: ${why}`, {
      cause: error,
    });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ConfigError(`Cannot read configuration file ${quote(path)}: it is no JSON object`);
  }
  return json as Record<string, unknown>;
}
