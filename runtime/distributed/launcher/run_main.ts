/**
 * The entry point of a program that may be one rank of a job.
 *
 * @module
 */
import { permissionError, runCli } from "../../flags/run_cli.ts";
import { GroupError, isUserError } from "../../base/errors.ts";
import { writeLine } from "./rank_process.ts";
import { joinLauncher } from "./supervised.ts";

/** Exit code of a program that has finished and missed a requested result. */
export const NOT_PASSED = 1;

/**
 * Runs a program and exits with its code. Under a launcher, user errors go there and are printed
 * once, for the process that failed first; a process that only lost another one prints nothing.
 * Bugs keep their stack. Without a launcher this is {@link runCli}.
 *
 * @param main returns the exit code; {@link NOT_PASSED} is returned by all ranks
 */
export async function runMain(main: () => Promise<number>): Promise<never> {
  return await runCli(async () => {
    const launcher = await joinLauncher();
    if (launcher === undefined) return await main();
    try {
      const code = await main();
      if (code === NOT_PASSED) await launcher.reportFailure("verdict", "not passed");
      return code;
    } catch (thrown) {
      const error = permissionError(thrown) ?? thrown;
      const isLoss = error instanceof GroupError && error.lostRank !== undefined;
      const text = isUserError(error) ? error.message : String(error); // a bug with its class
      const [sentence = "", ...more] = text.split("\n");
      await launcher.reportFailure(isLoss ? "secondary" : "own", sentence);
      if (!isUserError(error)) throw error;
      if (more.length > 0) writeLine(Deno.stderr, text); // a shader with its place
      return 2;
    }
  });
}
