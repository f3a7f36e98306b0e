/**
 * The frame of a command-line program: user errors become one sentence and exit code 2, bugs keep
 * their stack.
 *
 * @module
 */
import { isUserError } from "./errors.ts";
import { listenTo, SAVE_SIGNALS } from "./machine/stop_signals.ts";
import { tryWrite } from "./logs/standard_streams.ts";

/**
 * Runs a program and exits with its code.
 *
 * @param main returns the exit code
 */
export async function runCli(main: () => Promise<number>): Promise<never> {
  // Its default is to end the program, which one that cannot save must not.
  using _ignored = listenTo(SAVE_SIGNALS, () => {});
  let code: number;
  try {
    code = await main();
  } catch (error) {
    if (!isUserError(error)) throw error;
    tryWrite(Deno.stderr, `error: ${error.message}\n`);
    code = 2;
  }
  Deno.exit(code);
}
