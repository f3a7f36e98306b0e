/**
 * The entry point of command-line programs: user errors become one sentence and exit code 2, bugs
 * keep their stack.
 *
 * @module
 */
import { ConfigError, isUserError } from "../base/errors.ts";
import { tryWrite } from "../logs/standard_streams.ts";
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
