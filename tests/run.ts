/**
 * `deno task test`: sets up the machine, runs every test and every documented example, lists the
 * slowest files, and ends with the line `N passed, N failed`. Types are checked beside the tests, as
 * one of them. Further arguments go to `deno test`, as in `deno task test --filter dims`. With `--quick`
 * first, only short tests that start no process and try no random inputs run, without the documented
 * examples.
 *
 * @module
 */
import { quickTests } from "./repository/quick_tests.ts";
import { readSourceFiles, ROOT } from "./repository/rules/source_tree.ts";

const SLOWEST_FILES = 8;
const SECONDS_WORTH_NAMING = 1;

/** Seconds that the tests of each file took, from a JUnit report; steps count in their test. */
export function secondsByFile(junit: string): ReadonlyMap<string, number> {
  const seconds = new Map<string, number>();
  let test = "";
  for (const [, name, file, time] of junit.matchAll(TEST_CASE)) {
    const isStep = name!.startsWith(`${test} &gt; `);
    if (isStep) continue;
    test = name!;
    const path = file!.replace(/^\.\//, "").replace(/#.*/, "");
    seconds.set(path, (seconds.get(path) ?? 0) + Number(time));
  }
  return seconds;
}

const TEST_CASE = /<testcase name="([^"]*)" classname="([^"]*)" time="([^"]*)"/g;

/**
 * Passed and failed tests, from what `deno test` printed. A run that ended before its summary, for
 * instance on a type error, counts as one failure.
 */
export function countTests(
  output: string,
  code: number,
): { readonly passed: number; readonly failed: number } {
  // deno-lint-ignore no-control-regex
  const plain = output.replaceAll(/\x1b\[[\d;]*m/g, "");
  const summary = [...plain.matchAll(SUMMARY)].at(-1);
  const [passed, failed] = [Number(summary?.[1] ?? 0), Number(summary?.[2] ?? 0)];
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed/gm;

async function run(
  args: readonly string[],
  temporary: string,
): Promise<{ code: number; output: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    // Mesa's device selection looks for a display, and complains where there is none.
    env: {
      NODEVICE_SELECT: Deno.env.get("NODEVICE_SELECT") ?? "1",
      // Programs that are not told otherwise run the WGSL kernels, without a GPU on a software driver.
      TXL_WEBGPU: Deno.env.get("TXL_WEBGPU") ?? "deno",
      TMPDIR: temporary,
      TMP: temporary, // the names Windows reads
      TEMP: temporary,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    await Deno.stdout.write(chunk);
    output += decoder.decode(chunk, { stream: true });
  }
  return { code: (await child.status).code, output };
}

/**
 * Runs `body` with a temporary folder of its own, and names what it left there: tests and examples
 * remove what they make.
 */
export async function withTemporaryFolder<T>(
  body: (path: string) => Promise<T>,
): Promise<{ readonly result: T; readonly left: readonly string[] }> {
  const path = await Deno.makeTempDir({ prefix: "t-" }); // short: sockets inside have paths of 100 bytes at most
  try {
    const result = await body(path);
    return { result, left: [...Deno.readDirSync(path)].map(({ name }) => name).sort() };
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** Checks the types of all modules and examples; prints errors. */
async function checkTypes(): Promise<{ readonly passed: number; readonly failed: number }> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--doc", "--quiet"],
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) console.log(new TextDecoder().decode(stderr));
  console.log(`types of all modules and examples ... ${success ? "ok" : "FAILED"}`);
  return { passed: success ? 1 : 0, failed: success ? 0 : 1 };
}

async function main([first, ...rest]: readonly string[]): Promise<number> {
  const isQuick = first === "--quick";
  const isWhole = first === undefined;
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  const options = [
    "-A",
    ...(isQuick ? [] : ["--doc"]),
    // The check takes one core for a minute, in which no test would run.
    ...(isWhole ? ["--no-check"] : []),
    "--parallel", // an eighth faster on two cores: compiling and checking take turns with the GPU
    `--junit-path=${report}`,
  ];
  const { result, left } = await withTemporaryFolder(async (temporary) => {
    await run(["run", "-A", "--quiet", "runtime/machine/setup/main.ts", "--yes"], temporary);
    const args = isQuick
      ? [...rest, ...quickTests(readSourceFiles())]
      : [first, ...rest].filter((word) => word !== undefined);
    const [tests, types] = await Promise.all([
      run(["test", ...options, ...args], temporary),
      isWhole ? checkTypes() : { passed: 0, failed: 0 },
    ]);
    return { ...tests, types };
  });
  const slowest = [...secondsByFile(await Deno.readTextFile(report))]
    .filter(([, seconds]) => seconds >= SECONDS_WORTH_NAMING)
    .sort(([, a], [, b]) => b - a)
    .slice(0, SLOWEST_FILES);
  await Deno.remove(report);
  if (slowest.length > 0) console.log("Slowest files:");
  for (const [path, seconds] of slowest) {
    console.log(`${seconds.toFixed(1).padStart(7)} s  ${path}`);
  }
  const { passed, failed } = countTests(result.output, result.code);
  if (left.length > 0) console.log(`error: The temporary folder is not empty: ${left.join(", ")}`);
  const failures = failed + result.types.failed + (left.length > 0 ? 1 : 0);
  console.log(`${passed + result.types.passed} passed, ${failures} failed`);
  return failures > 0 && result.code === 0 ? 1 : result.code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
