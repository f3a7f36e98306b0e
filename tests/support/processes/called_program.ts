/**
 * The command lines called in this process, for runs that end before they open a device or that
 * the processor computes.
 *
 * @module
 */
import { evaluate } from "@transformer-xl/eval/cli";
import { isUserError } from "@transformer-xl/runtime";
import { train } from "@transformer-xl/train/cli";
import { type Ended, type Flags, words } from "../program.ts";

const MAINS = { train, eval: evaluate };

/** A program that this process can call. */
export type CalledName = keyof typeof MAINS;

/** How a program would end as a process; of its output, what it prints beside the text log. */
export async function callProgram(name: CalledName, flags: Flags): Promise<Ended> {
  const print = console.log;
  const printed: unknown[] = [];
  console.log = (line) => void printed.push(line);
  const ended = (code: number, stderr: string) => ({ code, stdout: printed.join("\n"), stderr });
  try {
    return ended(await MAINS[name](words(flags)), "");
  } catch (error) {
    if (!isUserError(error)) throw error;
    return ended(2, `error: ${error.message}\n`);
  } finally {
    console.log = print;
  }
}
