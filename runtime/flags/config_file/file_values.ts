/**
 * The settings of a configuration file as values of a schema. A value that the schema refuses as it
 * is, `lr: "0.01"` or `compat: 2019`, is read like a word of the command line.
 *
 * @module
 */
import type { z } from "zod";
import { ConfigError } from "../../base/errors.ts";
import { quoted } from "../../base/one_line.ts";
import type { ForeignFlag } from "../foreign_flag.ts";
import { nearestName } from "../nearest_name.ts";
import { flagName, type FlagSpec, withUnderscores } from "../spec.ts";
import type { Mapping } from "./sections.ts";

/** A setting of the file. */
export interface FileValue {
  /** Its value. */
  readonly value: unknown;
  /** Its name as written there. */
  readonly spelled: string;
}

/** All settings of the file by key, and lines about those that set nothing. */
export interface FileValues {
  /** Settings by key of the schema. */
  readonly values: ReadonlyMap<string, FileValue>;
  /** Lines of {@link ForeignFlag.answer}. */
  readonly notes: readonly string[];
}

/**
 * The settings of a file. Names may be spelled as flags or as keys.
 *
 * @param foreign Flags that set nothing, or are other names of settings
 * @throws {ConfigError} When a name is unknown, given twice, or belongs to the command line alone
 */
export function fileValues(
  schema: z.ZodObject,
  specs: readonly FlagSpec[],
  foreign: readonly ForeignFlag[],
  file: Mapping,
): FileValues {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const others = new Map(foreign.map((flag) => [flag.name, flag]));
  const values = new Map<string, FileValue>();
  const notes: string[] = [];
  for (const [spelled, value] of Object.entries(file)) {
    const refusal = (why: string) =>
      new ConfigError(`Cannot use ${quoted(spelled)} of the configuration file: ${why}`);
    const name = flagName(spelled);
    const other = byName.has(name) ? undefined : others.get(name);
    const isOff = value === false || value === null;
    if (other !== undefined && !isOff) notes.push(other.answer(wordsOf(value)));
    const spec = byName.get(other?.alias === undefined ? name : flagName(other.alias));
    if (spec === undefined) {
      if (other !== undefined) continue;
      const near = nearestName(name.slice(0, 60), [...byName.keys(), ...others.keys()]);
      throw refusal(
        "there is no such setting" +
          (near === undefined ? "; see --help" : `, did you mean "${spelledLike(spelled, near)}"?`),
      );
    }
    if (spec.flagOnly) {
      if (isOff) continue;
      throw refusal(`only the command line gives --${spec.name}; leave it out`);
    }
    const before = values.get(spec.key);
    if (before !== undefined) {
      throw refusal(`${quoted(before.spelled)} says the same; leave one of them out`);
    }
    values.set(spec.key, { value: converted(schema, spec, value), spelled });
  }
  return { values, notes };
}

/** The value as it is if the schema takes it, else as typed on the command line. */
function converted(schema: z.ZodObject, spec: FlagSpec, value: unknown): unknown {
  if (typeof value !== "string" && typeof value !== "number") return value;
  const field = schema.shape[spec.key] as z.ZodType;
  if (field.safeParse(value).success) return value;
  try {
    return spec.read([String(value)]);
  } catch (error) {
    if (error instanceof ConfigError) return value; // which the schema refuses, naming the file
    throw error;
  }
}

/** A name in the style of another: `n_layer`, `n-layer` or `nLayer`. */
function spelledLike(spelled: string, name: string): string {
  if (spelled.includes("-")) return name.replaceAll("_", "-");
  if (spelled === withUnderscores(spelled).toLowerCase()) return name;
  return name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** A value as the words of a command line. */
function wordsOf(value: unknown): string[] {
  if (value === true) return [];
  const word = (each: unknown) => typeof each === "string" ? each : quoted(each);
  return Array.isArray(value) ? value.map(word) : [word(value)];
}
