/**
 * Flag specifications derived from a zod object, one {@link FlagSpec} per key. Parsing, help and
 * flag tables use them.
 *
 * A field's `.meta()` may hold `group` (heading in the help), `metavar` (name of the value, as in
 * `--data PATH`), `hidden: true` (accepted, but not listed) and `flagOnly: true` (no configuration file
 * sets it).
 *
 * @module
 */
import { z } from "zod";
import { ConfigError } from "../base/errors.ts";
import { quoted } from "../base/one_line.ts";

type JsonType = "boolean" | "integer" | "number" | "string" | "array" | "object" | "null";

interface JsonSchema {
  readonly type?: JsonType | readonly JsonType[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly group?: string;
  readonly metavar?: string;
  readonly hidden?: boolean;
  readonly flagOnly?: boolean;
}

/**
 * How many words follow a flag: none (`--fp16`), one, one or none (`--restart [PATH]`), or one and
 * more (`--manual WORD ...`).
 */
export type FlagArity = "none" | "one" | "optional" | "many";

/** One flag. */
export interface FlagSpec {
  /** Key in the configuration object, `nLayer`. */
  readonly key: string;
  /** Name on the command line without dashes, `n_layer`. */
  readonly name: string;
  /** Words that follow it. */
  readonly arity: FlagArity;
  /** True when `--no_<name>` is a flag too. */
  readonly negatable: boolean;
  /** Name of its value in the help: `INT`, `normal|uniform`; empty for a switch. */
  readonly metavar: string;
  /** What a value must be, for error messages: `an integer > 0`. */
  readonly wanted: string;
  /** Default value in command-line form; `undefined` if there is none. */
  readonly fallback: string | undefined;
  /** Heading in the help. */
  readonly group: string;
  /** Meaning in the help. */
  readonly description: string;
  /** True if it is accepted but not listed. */
  readonly hidden: boolean;
  /** True if only the command line sets it, no configuration file. */
  readonly flagOnly: boolean;
  /**
   * Parses words of the command line. Checks types but not bounds.
   *
   * @throws {ConfigError} When they cannot be read as the type
   */
  readonly read: (words: readonly string[]) => unknown;
}

/** A name with underscores for dashes, which mean the same on a command line. */
export function withUnderscores(name: string): string {
  return name.replaceAll("-", "_");
}

/** `nLayer`, `n-layer` and `n_layer` as the command line's `n_layer`. */
export function flagName(key: string): string {
  return withUnderscores(key).replaceAll(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());
}

/** Settings of a program by their names on its command line, in their order. */
export function settingsByFlag(config: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [flagName(key), value]));
}

/** The alternatives of a schema, each with one type. */
function alternatives(schema: JsonSchema): JsonSchema[] {
  const nested = schema.anyOf ?? schema.oneOf;
  if (nested !== undefined) return nested.flatMap(alternatives);
  if (schema.allOf !== undefined) return alternatives(Object.assign({}, ...schema.allOf));
  const values = choices(schema);
  if (schema.type === undefined && values !== undefined) {
    const types = new Set(values.map((v) => (v === null ? "null" : typeof v) as JsonType));
    return [...types].map((type) => ({
      type,
      enum: values.filter((v) => (v === null ? "null" : typeof v) === type),
    }));
  }
  if (typeof schema.type === "string") return [schema];
  // A schema without a type accepts any text.
  return (schema.type ?? ["string" as const]).map((type) => ({ ...schema, type }));
}

function choices(schema: JsonSchema): readonly unknown[] | undefined {
  return schema.enum ?? ("const" in schema ? [schema.const] : undefined);
}

function bounds(schema: JsonSchema): string {
  const parts: string[] = [];
  const add = (relation: string, bound: number | undefined) => {
    if (bound !== undefined && Math.abs(bound) !== Number.MAX_SAFE_INTEGER) {
      parts.push(`${relation} ${bound}`);
    }
  };
  add(">=", schema.minimum);
  add(">", schema.exclusiveMinimum);
  add("<=", schema.maximum);
  add("<", schema.exclusiveMaximum);
  return parts.length > 0 ? ` ${parts.join(" and ")}` : "";
}

function wantedOf(schema: JsonSchema): string {
  const values = choices(schema);
  if (values !== undefined && schema.type !== "boolean") {
    return values.length === 1 ? String(values[0]) : `one of ${values.join(", ")}`;
  }
  switch (schema.type as JsonType) {
    case "boolean":
      return "true or false";
    case "integer":
      return `an integer${bounds(schema)}`;
    case "number":
      return `a number${bounds(schema)}`;
    case "string":
      if (schema.format === "uri") return "an address that begins with http:// or https://";
      return (schema.minLength ?? 0) > 0 ? "a text that is not empty" : "a text";
    case "array": {
      const items = alternatives(schema.items ?? {}).map(wantedOf).join(" or ");
      const most = schema.maxItems === undefined ? "" : ` of at most ${schema.maxItems}`;
      return `a list${most}, each element ${items}`;
    }
    case "object":
      return "a JSON object";
    case "null":
      return "none";
  }
}

function metavarOf(schema: JsonSchema): string {
  const values = choices(schema);
  if (values !== undefined && schema.type !== "boolean") return values.join("|");
  switch (schema.type as JsonType) {
    case "integer":
      return "INT";
    case "number":
      return "FLOAT";
    case "string":
      return "TEXT";
    case "array":
      return `${alternatives(schema.items ?? {}).map(metavarOf).join("|")} ...`;
    case "object":
      return "JSON";
    case "boolean":
    case "null":
      return "";
  }
}

/** A number in command-line form. */
export const NUMBER: RegExp = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** One word parsed as the first matching alternative; `undefined` if none matches. */
function readWord(kinds: readonly JsonSchema[], word: string): unknown {
  for (const kind of kinds) {
    const choice = choices(kind)?.find((value) => String(value) === word);
    if (choice !== undefined) return choice;
  }
  const has = (type: JsonType) => kinds.some((kind) => kind.type === type);
  if (has("boolean") && (word === "true" || word === "false")) return word === "true";
  if ((has("integer") || has("number")) && NUMBER.test(word)) return Number(word);
  if (has("string")) return word;
  if (has("null") && word === "none") return null;
  if (has("object")) {
    try {
      return JSON.parse(word);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** Words of a list: texts are kept whole, numbers and names may also be separated by commas. */
function listWords(items: readonly JsonSchema[], words: readonly string[]): string[] {
  const whole = items.some((item) => item.type === "string" && choices(item) === undefined);
  return whole ? [...words] : words.flatMap((word) => word === "" ? [] : word.split(","));
}

/** A value in command-line form. */
function typed(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return "none";
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.join(",");
  return value === "" || typeof value === "object" ? JSON.stringify(value) : String(value);
}

function specOf(key: string, schema: JsonSchema): FlagSpec {
  const name = flagName(key);
  const kinds = alternatives(schema);
  const array = kinds.find((kind) => kind.type === "array");
  const negatable = kinds.some((kind) => kind.type === "boolean");
  const rest = kinds.filter((kind) => kind.type !== "boolean" && kind.type !== "null");
  const arity = array !== undefined
    ? "many"
    : negatable
    ? rest.length === 0 ? "none" : "optional"
    : "one";
  const wanted = kinds.map(wantedOf).join(" or ");
  const items = array === undefined ? kinds : alternatives(array.items ?? {});
  const readOne = (word: string) => {
    const value = readWord(items, word);
    if (value !== undefined) return value;
    throw new ConfigError(
      `Cannot parse --${name}: got ${quoted(word)}, want ${wanted}; see --help`,
    );
  };
  return {
    key,
    name,
    arity,
    negatable,
    metavar: arity === "none" ? "" : schema.metavar ?? rest.map(metavarOf).join("|"),
    wanted,
    fallback: typed(schema.default),
    group: schema.group ?? "Other",
    description: schema.description ?? "",
    hidden: schema.hidden ?? false,
    flagOnly: schema.flagOnly ?? false,
    read: (words) =>
      array === undefined ? readOne(words.join(" ")) : listWords(items, words).map(readOne),
  };
}

/**
 * The flags of a schema, in the order of its keys.
 *
 * @throws {TypeError} When two keys claim one flag
 */
export function flagSpecs(schema: z.ZodObject): readonly FlagSpec[] {
  let specs = specsBySchema.get(schema);
  if (specs === undefined) specsBySchema.set(schema, specs = makeSpecs(schema));
  return specs;
}

const specsBySchema = new WeakMap<z.ZodObject, readonly FlagSpec[]>();

function makeSpecs(schema: z.ZodObject): readonly FlagSpec[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" });
  const specs = Object.entries(json.properties ?? {})
    .map(([key, property]) => specOf(key, property as JsonSchema));
  const claimed = new Map<string, string>([["help", "the help"]]);
  for (const { key, name, negatable } of specs) {
    for (const flag of negatable ? [name, `no_${name}`] : [name]) {
      const other = claimed.get(flag);
      if (other !== undefined) {
        throw new TypeError(`Cannot make flag --${flag} of "${key}": ${other} has it`);
      }
      claimed.set(flag, `"${key}"`);
    }
  }
  return specs;
}

/** The listed flags of a schema by heading. */
export function shownGroups(schema: z.ZodObject): Map<string, FlagSpec[]> {
  return Map.groupBy(flagSpecs(schema).filter((spec) => !spec.hidden), (spec) => spec.group);
}
