/**
 * `deno task compile`: executables of training and evaluation with their kernels. Deno uses the
 * runtime named by `DENORT_BIN`, or its cached one, or downloads it once.
 *
 * @module
 */
import { ConfigError, fileInfo, quoted, runCli, wantsHelp } from "@transformer-xl/runtime";
import { tryProgram } from "@transformer-xl/runtime/setup";

/** Worker modules, which no import names. */
export const WORKERS: readonly string[] = [
  "runtime/distributed/launcher/heartbeat_worker.ts",
  "runtime/distributed/worker/group_worker.ts",
  "model/text/sentences/read_worker.ts",
  "model/text/files/hash_worker.ts",
  "runtime/cpu/worker.ts",
];

const ROOT = new URL("../", import.meta.url);

/** What `deno task compile` writes. */
export const EXECUTABLES: readonly (readonly [program: string, output: string])[] = [
  ["train/cli.ts", "transformer-xl-train"],
  ["eval/cli.ts", "transformer-xl-eval"],
];

/** Result of a compilation. */
export interface Compilation {
  /** The executable, if it was written. */
  readonly path: string | undefined;
  /** Output of `deno compile`, or one sentence about a missing prerequisite. */
  readonly report: string;
}

/** The command line that compiles `program` to `output`, both seen from the repository's root. */
export function compileCommand(program: string, output: string): readonly string[] {
  const workers = WORKERS.flatMap((path) => ["--include", path]);
  const options = ["-A", "--no-check", "--exclude-unused-npm"]; // types are checked before a commit
  return ["deno", "compile", ...options, ...workers, "-o", output, program];
}

/**
 * Runs {@link compileCommand} in the repository's root. Kernels are text imports, which Deno embeds.
 *
 * @throws {Error} with Deno's message when the program does not compile
 */
export async function compileProgram(program: string, output: string): Promise<Compilation> {
  const [, ...args] = compileCommand(program, output);
  const env = { NO_COLOR: "1" };
  const { code, stderr } = await tryProgram([Deno.execPath(), ...args], { env, cwd: ROOT });
  const report = stderr.trim();
  if (code === 0) return { path: output, report };
  if (!/denort|Download/.test(report)) {
    throw new Error(`Cannot compile "${program}": ${report}`);
  }
  const version = Deno.version.deno;
  return {
    path: undefined,
    report: `Cannot compile "${program}": denort ${version}, the runtime part of the executable, ` +
      "could not be downloaded; set DENORT_BIN to a denort of this version, or run once where " +
      "Deno's download site can be reached",
  };
}

const HELP = `Usage: deno task compile [PROGRAM [OUTPUT]]

Builds executables of training and of evaluation and generation, with the kernels inside, or one of
PROGRAM, a module of this repository (default OUTPUT: transformer-xl).`;

if (import.meta.main) await runCli(() => compile(Deno.args));

async function compile(argv: readonly string[]): Promise<number> {
  if (wantsHelp(argv)) {
    console.log(HELP);
    return 0;
  }
  const [program, output = "transformer-xl"] = argv;
  if (program !== undefined) await checkProgram(program);
  const executables = program === undefined ? EXECUTABLES : [[program, output] as const];
  for (const [program, output] of executables) {
    console.log(`$ ${compileCommand(program, output).join(" ")}`);
    const { path, report } = await compileProgram(program, output);
    console.log(report);
    if (path === undefined) return 1;
  }
  return 0;
}

async function checkProgram(program: string): Promise<void> {
  if (program.startsWith("-")) {
    throw new ConfigError(`Cannot parse ${quoted(program)}: compile has no flags; give a module`);
  }
  if (!(await fileInfo(new URL(program, ROOT).pathname))?.isFile) {
    throw new ConfigError(`Cannot compile ${quoted(program)}: there is no such module here`);
  }
}
