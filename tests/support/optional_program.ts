/**
 * Tests of optional programs.
 *
 * @module
 */
import { missingProgram, type OptionalProgram } from "@transformer-xl/runtime/setup";

/** Whether tests of a program are skipped here; prints one line that says so and why. */
export function isMissing(name: OptionalProgram): boolean {
  const missing = missingProgram(name);
  if (missing !== undefined) console.log(`Tests of ${name} are skipped: ${missing}`);
  return missing !== undefined;
}
