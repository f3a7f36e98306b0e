/**
 * `deno task doctor`: a report of what this machine can train. It exits with code 1 if an
 * adapter answers that is unfit.
 *
 * @module
 */
import { ConfigError, runCli } from "@transformer-xl/runtime";
import { examine } from "./examine.ts";
import { presetNeeds } from "./preset_needs.ts";

const HELP = `Usage: deno task doctor

Reports adapters, driver, features, limits, self-tests and speeds of this machine, and the presets
that fit. The exit code is 1 if an adapter answers that is unfit.`;

if (import.meta.main) await runCli(() => main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  if (args.length > 0) throw new ConfigError(`Cannot parse "${args[0]}": doctor has no flags`);
  const print = (subject: string, finding: string): void =>
    console.log(`${subject.padEnd(13)} ${finding}`.trimEnd());
  return await examine(print, presetNeeds) ? 0 : 1;
}
