/**
 * The entry point of command-line programs: user errors become one sentence and exit code 2, bugs
 * keep their stack.
 *
 * @module
 */
import { ConfigError, isUserError } from "../base/errors.ts";
import { quoted } from "../base/one_line.ts";
import { tryWrite } from "../logs/standard_streams.ts";
import { wantsHelp } from "./parse.ts";
import { listenTo, SAVE_SIGNALS } from "./stop_signals.ts";

/** The user error for a missing permission; undefined for any other error. */
export function permissionError(error: unknown): ConfigError | undefined {
  if (!(error instanceof Deno.errors.NotCapable)) return undefined;
  const reason = error.message.replace(/^R/, "r");
  return new ConfigError(`Cannot continue with the given permissions: ${reason}`, { cause: error });
}

/**
 * Runs a program and exits with its code.
 *
 * @param main returns the exit code
 */
export async function runCli(main: () => Promise<number>): Promise<never> {
  // By default the signal would end the program, which must not happen to one that cannot save.
  using _ignored = listenTo(SAVE_SIGNALS, () => {});
  let code: number;
  try {
    code = await main();
  } catch (thrown) {
    const error = permissionError(thrown) ?? thrown;
    if (!isUserError(error)) throw error;
    tryWrite(Deno.stderr, `error: ${error.message}\n`);
    code = 2;
  }
  Deno.exit(code);
}

/** A program without flags. */
export interface FlaglessProgram {
  /** Name of its task. */
  readonly task: string;
  /** What it does, as lines of a terminal. */
  readonly description: string;
  /** Called with its help. */
  readonly print: (text: string) => void;
  /** Runs it; returns its exit code. */
  readonly run: () => Promise<number>;
}

/**
 * Runs a program without flags, or prints what it does when asked for help.
 *
 * @param argv words after the program's name
 * @returns exit code
 * @throws {ConfigError} naming a word that is not `--help`
 */
export async function runWithoutFlags(
  argv: readonly string[],
  { task, description, print, run }: FlaglessProgram,
): Promise<number> {
  if (wantsHelp(argv)) {
    print(`Usage: deno task ${task}\n\n${description}`);
    return 0;
  }
  const [word] = argv;
  if (word === undefined) return await run();
  throw new ConfigError(
    `Cannot parse ${quoted(word)}: ${task} has no flags; see deno task ${task} --help`,
  );
}
