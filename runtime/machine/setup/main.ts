/**
 * `deno task setup`: finds a usable adapter or installs a software driver. It exits with code 1 if
 * there is none. On a terminal it asks before it changes the system, unless `--yes` is given.
 *
 * @module
 */
import { runCli } from "../../flags/run_cli.ts";
import { ConfigError } from "../../base/errors.ts";
import { thisMachine } from "./machine.ts";
import { setUp } from "./set_up.ts";

const HELP = `Usage: deno task setup [--yes]

Finds a usable GPU adapter. Where there is none and apt-get can be used, installs Mesa's software
Vulkan driver; on a terminal it asks first.

  --yes    Install without asking`;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  const unknown = args.find((arg) => arg !== "--yes");
  if (unknown !== undefined) {
    throw new ConfigError(
      `Cannot parse "${unknown}": setup has no such flag; the only one is --yes`,
    );
  }
  const isAsking = !args.includes("--yes") && Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  const agrees = (question: string) => !isAsking || confirm(question);
  return await setUp(thisMachine(), (line) => console.log(line), agrees) ? 0 : 1;
}

if (import.meta.main) await runCli(() => main(Deno.args));
