/**
 * Lookup of a flag by its exact name or by an unambiguous prefix.
 *
 * @module
 */
import { ConfigError } from "../base/errors.ts";
import { flagName, type FlagSpec, withUnderscores } from "./spec.ts";
import { nearestName } from "./nearest_name.ts";
import type { ForeignFlag } from "./foreign_flag.ts";
import { quoted } from "../base/one_line.ts";

/** Result of a lookup. */
export type FoundFlag =
  | { readonly spec: FlagSpec; readonly negated: boolean }
  | { readonly foreign: ForeignFlag };

/** Maximum number of candidates listed for an ambiguous prefix. */
const MAX_SHOWN = 6;

/** The flags of a program by each of their names. */
export class FlagNames {
  readonly #byName = new Map<string, FoundFlag>();
  /** Names for prefixes and suggestions. */
  readonly #shown: string[] = [];

  constructor(specs: readonly FlagSpec[], foreign: readonly ForeignFlag[]) {
    for (const flag of foreign) {
      this.#byName.set(flag.name, { foreign: flag });
      this.#shown.push(flag.name);
    }
    for (const spec of specs) {
      if (spec.negatable) this.#byName.set(`no_${spec.name}`, { spec, negated: true });
      this.#byName.set(spec.name, { spec, negated: false });
      if (spec.hidden) continue;
      this.#shown.push(spec.name);
      if (spec.negatable && !/^not?_/.test(spec.name)) this.#shown.push(`no_${spec.name}`);
    }
  }

  /**
   * The flag of a name as typed, without its leading dashes.
   *
   * @throws {ConfigError} when there is none, or several begin with the name
   */
  find(typed: string): FoundFlag {
    const name = withUnderscores(typed);
    const exact = this.#byName.get(name);
    if (exact !== undefined) return exact;
    const longer = this.#shown.filter((each) => each.startsWith(name));
    if (longer.length === 1) return this.#byName.get(longer[0]!)!;
    const shown = typed.length <= 60 ? `--${typed}` : quoted(`--${typed}`);
    if (longer.length > 1) {
      const names = longer.slice(0, MAX_SHOWN).map((each) => `--${each}`).join(", ");
      const more = longer.length > MAX_SHOWN ? ` and ${longer.length - MAX_SHOWN} more` : "";
      throw new ConfigError(`Cannot parse ${shown}: it could be ${names}${more}; write it out`);
    }
    const near = this.near(typed);
    const remedy = near === undefined ? "see --help" : `did you mean --${near}?`;
    throw new ConfigError(`Cannot parse ${shown}: there is no such flag, ${remedy}`);
  }

  /** The listed name nearest to a mistyped one. */
  near(typed: string): string | undefined {
    return typed.length > 60 ? undefined : nearestName(flagName(typed), this.#shown);
  }
}
