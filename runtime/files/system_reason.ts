/**
 * Short reasons of operating systems for failed file operations.
 *
 * @module
 */
import { messageOf } from "../base/errors.ts";

/**
 * `read-only file system` of `Read-only file system (os error 30): mkdir '/x'`.
 *
 * @example
 * ```ts
 * import { systemReason } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new Error("Read-only file system (os error 30): open '/x/y'");
 * assertEquals(systemReason(error), "read-only file system");
 * ```
 */
export function systemReason(error: unknown): string {
  const reason = messageOf(error).replace(/ \(os error \d+\)[^]*$/, "");
  return reason.slice(0, 1).toLowerCase() + reason.slice(1);
}

/** True for errors of the operating system, which no program can prevent; false for bugs. */
export function isSystemError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code } = error as { readonly code?: unknown };
  return / \(os error \d+\)/.test(error.message) || error instanceof Deno.errors.NotCapable ||
    error instanceof Deno.errors.WriteZero || typeof code === "string" && /^E[A-Z]+$/.test(code);
}
