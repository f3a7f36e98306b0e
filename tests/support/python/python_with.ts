/**
 * Python with an optional package, for comparisons with it.
 *
 * @module
 */
import { type ProgramResult, tryProgram, tryProgramSync } from "@transformer-xl/runtime/setup";
import { assertEquals } from "@std/assert";

/** The one of the search path, and the system's, for which distributions have packages. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/**
 * The first Python that has a package; without one, a line says that tests are skipped.
 *
 * @param module name by which it is imported
 */
export function pythonWith(module: string): string | undefined {
  const find = `import importlib.util as u, sys; sys.exit(u.find_spec("${module}") is None)`;
  const found = PYTHONS.find((python) => tryProgramSync([python, "-c", find]).code === 0);
  if (found === undefined) {
    console.log(`Tests with ${module} are skipped: no python3 has this package`);
  }
  return found;
}

/** The output of a script, as JSON. */
export async function runPython(
  python: string,
  script: string,
  ...args: readonly string[]
): Promise<unknown> {
  const { code, stdout, stderr }: ProgramResult = await tryProgram([python, "-c", script, ...args]);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}
