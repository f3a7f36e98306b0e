/**
 * Runs of two steps on a given text, and their evaluations.
 *
 * @module
 */
import { resolve } from "node:path";
import { assertEquals } from "@std/assert";
import { evaluate } from "@transformer-xl/eval/cli";
import { train } from "@transformer-xl/train/cli";
import { words } from "../../support/program.ts";
import { type Scratch, SMALL } from "../../support/small_run.ts";

/** Flags of two steps. */
export const RUN = {
  ...SMALL,
  device: "cpu",
  n_layer: 1,
  batch_chunk: 1,
  warmup_step: 1,
  max_step: 2,
  eval_interval: 2,
} as const;

/** Trains two steps on a text and returns the work directory. */
export async function trained(
  scratch: Scratch,
  data: string,
  more: Readonly<Record<string, string | number | true>> = {},
): Promise<string> {
  const workDir = scratch.at(`run-${crypto.randomUUID()}`);
  assertEquals(await train(words({ ...RUN, data, work_dir: workDir, ...more })), 0);
  return workDir;
}

/** The log of an evaluation, and what was printed before its text was opened. */
export async function evaluated(workDir: string, ...flags: readonly string[]): Promise<string> {
  const log = resolve(Deno.cwd(), workDir, "eval_log.log");
  await Deno.remove(log).catch(() => {});
  const print = console.log;
  const printed: unknown[] = [];
  console.log = (line) => void printed.push(line);
  try {
    const code = await evaluate(["--work_dir", workDir, "--device", "cpu", ...flags]);
    assertEquals(code, 0);
  } finally {
    console.log = print;
  }
  return [...printed, await Deno.readTextFile(log)].join("\n");
}
