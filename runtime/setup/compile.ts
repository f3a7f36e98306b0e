/**
 * `deno task compile`: one executable of the training program with its kernels inside. Deno takes
 * its runtime part, denort, from `DENORT_BIN` or its cache, or downloads it once.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const WORKER = fileURLToPath(new URL("../process_group/group_worker.ts", import.meta.url));

/** How a compilation ended. */
export interface Compilation {
  /** The executable, if it was written. */
  readonly path: string | undefined;
  /** What `deno compile` printed, or one sentence on what is missing. */
  readonly report: string;
}

/**
 * Compiles `program` to the executable `output`. Kernels are text imports, which Deno embeds; the
 * thread of a process group is named, because nothing imports it.
 *
 * @throws {Error} with Deno's own words when the program does not compile
 */
export async function compileProgram(program: string, output: string): Promise<Compilation> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "-A",
      "--exclude-unused-npm",
      "--include",
      WORKER,
      "--output",
      output,
      program,
    ],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const report = new TextDecoder().decode(stderr).trim();
  if (code === 0) return { path: output, report };
  if (!/denort|Download/.test(report) || /TS\d+ \[ERROR\]/.test(report)) {
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

if (import.meta.main) {
  const [program = "train/cli.ts", output = "transformer-xl"] = Deno.args;
  const { path, report } = await compileProgram(program, output);
  console.log(report);
  if (path === undefined) Deno.exit(1);
}
