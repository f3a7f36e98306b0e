/**
 * The parser of a command line from a zod schema. The schema is the only declaration: types,
 * defaults, flags, checks, help and documentation follow from it. Values come from four sources,
 * each overriding the previous one: the schema's defaults, a preset, a configuration file, the
 * flags.
 *
 * Flags are the keys in snake_case; `_` and `-` are the same. As in Python's argparse, a name may be
 * abbreviated to a beginning that no other flag has, and of a flag given twice the last one wins.
 *
 * @module
 */
import type { z } from "zod";
import { ConfigError } from "../base/errors.ts";
import { fileValues } from "./config_file/file_values.ts";
import { type FlagSpec, flagSpecs } from "./spec.ts";
import { FlagNames } from "./find_flag.ts";
import type { ForeignFlag } from "./foreign_flag.ts";
import type { Mapping } from "./config_file/sections.ts";
import { quoted } from "../base/one_line.ts";

/** Origin of a value. */
export type FlagOrigin = "default" | "preset" | "checkpoint" | "file" | "flag";

/** Values that flags override. */
export interface FlagLayers<S extends z.ZodObject> {
  /** Overrides the defaults. */
  readonly preset?: Readonly<Partial<z.input<S>>>;
  /** Settings of a resumed run; overrides the preset. */
  readonly checkpoint?: Readonly<Partial<z.input<S>>>;
  /** Overrides these; keys may be spelled as flags. See {@link readConfigFile}. */
  readonly file?: Mapping;
  /** Flags that are accepted or rejected but set nothing. */
  readonly foreign?: readonly ForeignFlag[];
}

/** A parsed command line. */
export interface ParsedFlags<C> {
  /** Every setting, checked. */
  readonly config: C;
  /** Keys given by flags. */
  readonly given: Set<string>;
  /** Origin of every key of the schema. */
  readonly origin: Map<string, FlagOrigin>;
  /** Lines about flags and settings of {@link FlagLayers.foreign}. */
  readonly notes: readonly string[];
}

/** The words of one flag on the command line. */
interface Given {
  readonly spec: FlagSpec;
  readonly text: string;
  readonly value: unknown;
}

/** What a command line gives. */
interface Scanned {
  readonly given: Map<string, Given>;
  readonly notes: Set<string>;
}

/** A value of one layer. */
interface Chosen {
  readonly origin: FlagOrigin;
  readonly value: unknown;
  /** The value as typed. */
  readonly text?: string;
  /** The key as typed. */
  readonly spelled?: string;
}

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

/** The value of one flag and how many words after it were used. */
function readFlag(
  spec: FlagSpec,
  negated: boolean,
  inline: string | undefined,
  following: readonly string[],
): { value: unknown; text: string; used: number } {
  if (negated) {
    if (inline === undefined) return { value: false, text: "false", used: 0 };
    throw new ConfigError(`Cannot parse --no_${spec.name}: got ${quoted(inline)}, want no value`);
  }
  if (inline !== undefined) return { value: spec.read([inline]), text: inline, used: 0 };
  const words = wordsOf(spec, following);
  if (words.length === 0) return { value: true, text: "true", used: 0 };
  return { value: spec.read(words), text: words.join(" "), used: words.length };
}

/** Words behind a flag that belong to it. */
function wordsOf(
  { name, arity, wanted }: Pick<FlagSpec, "name" | "arity" | "wanted">,
  following: readonly string[],
): readonly string[] {
  if (arity === "none") return [];
  const most = arity === "many" ? following.length : 1;
  let used = 0;
  while (used < most && used < following.length && !isFlag(following[used]!)) used++;
  if (used === 0 && arity !== "optional") {
    throw new ConfigError(`Cannot parse --${name}: got no value, want ${wanted}`);
  }
  return following.slice(0, used);
}

function scan(
  specs: readonly FlagSpec[],
  foreign: readonly ForeignFlag[],
  argv: readonly string[],
): Scanned {
  const names = new FlagNames(specs, foreign);
  const given = new Map<string, Given>();
  const notes = new Set<string>();
  const take = (spec: FlagSpec, value: unknown, text: string) => {
    // A bare --restart after --restart PATH has no effect.
    const before = given.get(spec.key);
    if (value === true && spec.arity === "optional" && typeof before?.value === "string") return;
    given.set(spec.key, { spec, value, text });
  };
  // `deno task train -- --fp16` passes the dashes on.
  for (let i = argv[0] === "--" ? 1 : 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (wantsHelp([word])) throw new TypeError(`Cannot parse ${word}: ask wantsHelp() first`);
    if (!isFlag(word)) {
      throw new ConfigError(
        `Cannot parse ${quoted(word)}: it follows no flag that takes it; see --help`,
      );
    }
    const [, flag, inline] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) as unknown as [
      string,
      string,
      string | undefined,
    ];
    const found = names.find(flag);
    if ("foreign" in found) {
      const words = inline === undefined ? wordsOf(found.foreign, argv.slice(i + 1)) : [inline];
      if (inline === undefined) i += words.length;
      notes.add(found.foreign.answer(words));
      const spec = specs.find(({ key }) => key === found.foreign.alias);
      if (spec !== undefined) take(spec, spec.read(words), words.join(" "));
      continue;
    }
    const { value, text, used } = readFlag(found.spec, found.negated, inline, argv.slice(i + 1));
    take(found.spec, value, text);
    i += used;
  }
  return { given, notes };
}

/** The first zod issue, in the user's terms. */
function configError(
  issue: z.core.$ZodIssue,
  specs: readonly FlagSpec[],
  layers: ReadonlyMap<string, Chosen>,
): ConfigError {
  const key = String(issue.path[0] ?? "");
  const spec = specs.find((each) => each.key === key);
  if (issue.code === "unrecognized_keys" && spec === undefined) {
    return new ConfigError(`Cannot use the preset: there is no setting ${quoted(issue.keys[0])}`);
  }
  if (spec === undefined) return new ConfigError(`Cannot use these settings: ${issue.message}`);
  const layer = layers.get(key);
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
    : `use ${quoted(layer.spelled ?? spec.name)} of the ${PLACES[layer.origin]}`;
  const why = custom ? issue.message : `want ${spec.wanted}`;
  // Beside a long list of choices, little of a wrong value is enough.
  const got = quoted(layer.text ?? layer.value, why.length > 200 ? 40 : 120);
  return new ConfigError(`Cannot ${subject}: got ${got}, ${why}; see --help`);
}

const PLACES: Readonly<Record<FlagOrigin, string>> = {
  default: "defaults",
  preset: "preset",
  checkpoint: "checkpoint",
  file: "configuration file",
  flag: "command line",
};

/** The flags on the command line, each checked alone. */
function checkedFlags(
  schema: z.ZodObject,
  specs: readonly FlagSpec[],
  foreign: readonly ForeignFlag[],
  argv: readonly string[],
): Scanned {
  const scanned = scan(specs, foreign, argv);
  for (const [key, { value, text }] of scanned.given) {
    checkAlone(schema, specs, key, { origin: "flag", value, text });
  }
  return scanned;
}

/** Checks one value against its field. */
function checkAlone(
  schema: z.ZodObject,
  specs: readonly FlagSpec[],
  key: string,
  chosen: Chosen,
): void {
  const result = (schema.shape[key] as z.ZodType).safeParse(chosen.value);
  if (result.success) return;
  const issue = result.error.issues[0]!;
  throw configError({ ...issue, path: [key, ...issue.path] }, specs, new Map([[key, chosen]]));
}

/**
 * Reads what is given, without defaults and cross-field rules, for flags that select a preset or a
 * configuration file, and for settings of that file that select more.
 *
 * @param argv Words after the program's name
 * @param foreign Flags that are accepted but set nothing
 * @param file Settings of the configuration file, overridden by flags
 * @throws {ConfigError} When a flag or setting is unknown or ambiguous, or has a wrong value
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
  foreign: readonly ForeignFlag[] = [],
  file: Mapping = {},
): Partial<z.input<S>> {
  const specs = flagSpecs(schema);
  const { given } = checkedFlags(schema, specs, foreign, argv);
  const { values } = fileValues(schema, specs, foreign, file);
  for (const [key, setting] of values) {
    checkAlone(schema, specs, key, { ...setting, origin: "file" });
  }
  return Object.fromEntries(
    [...values, ...given].map(([key, { value }]) => [key, value]),
  ) as Partial<z.input<S>>;
}

/**
 * Parses a command line over a preset and a configuration file.
 *
 * Values: `--flag value` or `--flag=value`, negative numbers included. Booleans: `--fp16`,
 * `--no_fp16`, `--fp16=false`. Lists: `--cutoffs 10,20` or `--cutoffs 10 20`; texts in a list are
 * not split at commas. A `z.union([z.boolean(), z.string()])` may have no value, which means
 * `true`. A nullable number takes `none`, an object takes JSON.
 *
 * @param schema A strict object, keys in camelCase
 * @param argv Words after the program's name; see {@link wantsHelp} for `--help`
 * @throws {ConfigError} When a flag or a setting is unknown, ambiguous, missing or wrong
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
  const { foreign = [] } = layers;
  const specs = flagSpecs(schema);
  const { given, notes } = checkedFlags(schema, specs, foreign, argv);
  const file = fileValues(schema, specs, foreign, layers.file ?? {});
  const chosen = new Map<string, Chosen>();
  for (const origin of ["preset", "checkpoint"] as const) {
    for (const [key, value] of Object.entries(layers[origin] ?? {})) {
      if (value !== undefined) chosen.set(key, { origin, value });
    }
  }
  for (const [key, value] of file.values) chosen.set(key, { ...value, origin: "file" });
  for (const [key, { value, text }] of given) chosen.set(key, { origin: "flag", value, text });

  const values = [...chosen].map(([key, { value }]) => [key, value] as const);
  const result = schema.safeParse(Object.fromEntries(values));
  if (!result.success) throw configError(result.error.issues[0]!, specs, chosen);
  return {
    config: result.data as z.output<S>,
    given: new Set(given.keys()),
    origin: new Map(specs.map(({ key }) => [key, chosen.get(key)?.origin ?? "default"])),
    notes: [...new Set([...file.notes, ...notes])],
  };
}
