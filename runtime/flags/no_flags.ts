/**
 * The command line of a program without flags.
 *
 * @module
 */
import { ConfigError } from "../base/errors.ts";
import { quoted } from "../base/one_line.ts";
import { wantsHelp } from "./parse.ts";

/**
 * Runs a program without flags, or prints what it does when asked for help.
 *
 * @param argv words after the program's name
 * @param program name of its task, and what it does
 * @param run the program; returns its exit code
 * @returns exit code
 * @throws {ConfigError} naming a word that is not `--help`
 */
export async function runWithoutFlags(
  argv: readonly string[],
  { task, description }: { readonly task: string; readonly description: string },
  run: () => Promise<number>,
): Promise<number> {
  if (wantsHelp(argv)) {
    console.log(`Usage: deno task ${task}\n\n${description}`);
    return 0;
  }
  const [word] = argv;
  if (word === undefined) return await run();
  throw new ConfigError(
    `Cannot parse ${quoted(word)}: ${task} has no flags; see deno task ${task} --help`,
  );
}
