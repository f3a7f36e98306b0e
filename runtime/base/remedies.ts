/**
 * Remedies of a program: what its user does about the needs of user errors.
 *
 * @module
 */
import { isUserError } from "./errors.ts";
import type { Need } from "./need.ts";

/** A remedy for every need. */
export type Remedies = Readonly<Record<Need, string>>;

/** Errors whose message has its remedy. */
const worded = new WeakSet<Error>();

/**
 * Runs a program; the message of a user error that it throws ends with the remedies of its needs.
 *
 * @example
 * ```ts
 * import { ConfigError, type Remedies, withRemedies } from "@transformer-xl/runtime";
 * import { assertRejects } from "@std/assert";
 *
 * const remedies = { "another work directory": "give --work_dir" } as Remedies;
 * await assertRejects(
 *   () =>
 *     withRemedies(remedies, () => {
 *       throw new ConfigError("Cannot write", { need: "another work directory" });
 *     }),
 *   ConfigError,
 *   "Cannot write; give --work_dir",
 * );
 * ```
 */
export async function withRemedies<T>(
  remedies: Remedies,
  work: () => Promise<T> | T,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUserError(error) && !worded.has(error)) {
      error.message = remedySentence(error, remedies);
      worded.add(error);
    }
    throw error;
  }
}

/** The message of a user error with the remedies of its needs. */
export function remedySentence(error: Error, remedies: Remedies): string {
  if (!isUserError(error) || error.need === undefined) return error.message;
  const needs = typeof error.need === "string" ? [error.need] : error.need;
  return `${error.message}; ${needs.map((need) => remedies[need]).join(", and ")}`;
}
