/**
 * `deno task doctor`: a report of what this machine can train. It exits with code 1 if an
 * adapter answers that is unfit.
 *
 * @module
 */
import { runCli, runWithoutFlags } from "@transformer-xl/runtime";
import { examine } from "./examine.ts";
import { presetNeeds } from "./preset_needs.ts";

const DESCRIPTION =
  "Reports adapters, driver, features, limits, self-tests and speeds of this machine, and the presets\n" +
  "that fit. The exit code is 1 if an adapter answers that is unfit.";

if (import.meta.main) {
  const program = { task: "doctor", description: DESCRIPTION, print: console.log, run: doctor };
  await runCli(() => runWithoutFlags(Deno.args, program));
}

async function doctor(): Promise<number> {
  const print = (subject: string, finding: string): void =>
    console.log(`${subject.padEnd(13)} ${finding}`.trimEnd());
  return await examine(print, presetNeeds) ? 0 : 1;
}
