/**
 * `deno task doctor`: a report of what this machine can train. It exits with code 1 if an
 * adapter answers that is unfit.
 *
 * @module
 */
import { examine } from "./examine.ts";
import { presetNeeds } from "./preset_needs.ts";

if (import.meta.main) {
  const print = (subject: string, finding: string): void =>
    console.log(`${subject.padEnd(13)} ${finding}`.trimEnd());
  if (!await examine(print, presetNeeds)) Deno.exit(1);
}
