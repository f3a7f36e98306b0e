/**
 * `deno run -A bench/matrix_driver/main.ts --to DIR`: unpacks a software driver with matrix units beside
 * the system, opens it, and prints how programs are run with it. For tests of products by matrix units
 * on machines without such a GPU.
 *
 * @module
 */
import { ConfigError, withUserPaths } from "@transformer-xl/runtime";
import { thisMachine, tryProgram } from "@transformer-xl/runtime/setup";
import { runBenchProgram } from "../harness/bench_program.ts";
import type { ProbedUnits } from "./probe.ts";
import { matrixDriverSchema } from "./settings.ts";
import { unpackDriver, type UnpackedDriver } from "./unpack.ts";

const DESCRIPTION = "Unpacks Mesa's software driver of a newer Debian, which has matrix units, " +
  "beside the system.";

if (import.meta.main) {
  await runBenchProgram("bench/matrix_driver/main.ts", matrixDriverSchema, async (flags) => {
    const { to, suite } = withUserPaths(flags, ["to"]);
    if (to === null) {
      throw new ConfigError("Cannot unpack a driver: no folder is given; give --to DIR");
    }
    const driver = await unpackDriver(thisMachine(), { to, suite }, console.log);
    for (const line of driverLines(driver, await probe(driver))) console.log(line);
    return 0;
  }, { description: DESCRIPTION });
}

/** What the driver offers, and how it is used. */
export function driverLines(
  { run, variables }: UnpackedDriver,
  { adapter, units: { M, N, K, lanes } }: ProbedUnits,
): string[] {
  return [
    `${adapter}: matrix units ${M}x${N}x${K} of ${lanes} lanes`,
    `${run} PROGRAM runs a program with it; it sets`,
    ...Object.entries(variables).map(([name, value]) => `  ${name}=${value}`),
    "For example:",
    `  ${run} deno test -A --no-check tests/kernels/tiles/matrix_tiles_test.ts`,
    `  ${run} deno task train --preset tiny --fp16 --matrix_units on`,
  ];
}

/** Opens the driver in a process of its own. */
async function probe({ run }: UnpackedDriver): Promise<ProbedUnits> {
  const program = `${import.meta.dirname}/probe.ts`;
  const command = [run, Deno.execPath(), "run", "-A", "--quiet", program];
  const { code, stdout, stderr } = await tryProgram(command);
  if (code === 0) return JSON.parse(stdout);
  throw new ConfigError(
    `Cannot use the unpacked driver: ${stderr.trim().split("\n").at(-1)}; allow mounts in a ` +
      "namespace of their own, and the download of npm packages",
  );
}
