/**
 * Flags of other programs that are accepted for compatibility but set nothing. Each prints one line
 * about its effect here, or is rejected if its value requires a missing feature.
 *
 * @module
 */
import { ConfigError } from "../base/errors.ts";
import { type FlagArity, NUMBER } from "./spec.ts";
import { quoted } from "../base/one_line.ts";

/** A flag that is accepted but sets nothing. */
export interface ForeignFlag {
  /** Name without dashes, `multi_gpu`. */
  readonly name: string;
  /** Words that follow it. */
  readonly arity: FlagArity;
  /** What a value must be, for error messages. */
  readonly wanted: string;
  /** Key of the setting that it is another name of. */
  readonly alias?: string;
  /**
   * The line printed for it.
   *
   * @throws {ConfigError} when the value requires a missing feature
   */
  readonly answer: (words: readonly string[]) => string;
}

/** A description of the values that a foreign flag accepts. */
export interface ForeignValues {
  /** Matches a value that is accepted. */
  readonly test: RegExp;
  /** What it is, for error messages. */
  readonly wanted: string;
}

/** Any integer. */
export const INTEGER_VALUE: ForeignValues = { test: /^-?\d+$/, wanted: "an integer" };

/** Any number. */
export const NUMBER_VALUE: ForeignValues = { test: NUMBER, wanted: "a number" };

/** Options of {@link foreignFlag}. */
export interface ForeignFlagOptions {
  /** Words that follow it, `none` by default. */
  readonly arity?: FlagArity;
  /** Values that are accepted: names, or a test with its description; any without it. */
  readonly values?: readonly string[] | ForeignValues;
  /** Key of the setting that it is another name of. */
  readonly alias?: string;
  /** Effect here; the printed line is `--name: instead`. */
  readonly instead: string;
  /** Remedy for rejected values. */
  readonly remedy?: string;
}

/**
 * A flag that is accepted with the line `--name: instead`; other values than `values` are refused.
 *
 * @example
 * ```ts
 * import { foreignFlag } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const cuda = foreignFlag("cuda", { instead: "a GPU is used if there is one" });
 * assertEquals(cuda.answer([]), "--cuda: a GPU is used if there is one");
 * ```
 */
export function foreignFlag(
  name: string,
  { arity = "none", values, alias, instead, remedy }: ForeignFlagOptions,
): ForeignFlag {
  const wanted = arity === "none"
    ? "no value"
    : values === undefined
    ? "a value"
    : "test" in values
    ? values.wanted
    : `one of ${values.join(", ")}`;
  const accepts = (text: string) =>
    arity === "none"
      ? text === "true"
      : values === undefined || ("test" in values ? values.test.test(text) : values.includes(text));
  return {
    name,
    arity,
    wanted,
    ...(alias !== undefined && { alias }),
    answer(words) {
      const text = words.join(" ");
      if (words.length > 0 && !accepts(text)) {
        throw new ConfigError(
          `Cannot use --${name} ${quoted(text)}: want ${wanted}; ${remedy ?? "leave it out"}`,
        );
      }
      return `--${name}: ${instead}`;
    },
  };
}

/** A flag that always requires a missing feature. */
export function missingFlag(name: string, arity: FlagArity, why: string): ForeignFlag {
  return {
    name,
    arity,
    wanted: "a value",
    answer() {
      throw new ConfigError(`Cannot use --${name}: ${why}`);
    },
  };
}
