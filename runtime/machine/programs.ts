/**
 * Optional programs of the machine. A missing program, one that cannot be executed and one that
 * fails are results, not exceptions.
 *
 * Source: POSIX, "Command Search and Execution" (exit codes 126 and 127).
 *
 * @module
 */
import { messageOf } from "../base/errors.ts";

/** Result of a program. */
export interface ProgramResult {
  /** Exit code; 127 when there is no such program, 126 when it cannot be executed. */
  readonly code: number;
  /** What it printed to standard output. */
  readonly stdout: string;
  /** What it printed to standard error, or why it did not start. */
  readonly stderr: string;
}

/** Options of a program. */
export interface ProgramOptions {
  /** Environment variables beside the inherited ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working folder. */
  readonly cwd?: string | URL;
}

/** An optional program of a feature or test. */
export type OptionalProgram = keyof typeof OPTIONAL_PROGRAMS;

interface Probe {
  /** Arguments of a call that changes nothing. */
  readonly args: readonly string[];
  /** Expected output of the call. */
  readonly prints?: RegExp;
  /** Command that installs it. */
  readonly remedy: string;
}

const OPTIONAL_PROGRAMS = {
  mpirun: { args: ["--version"], prints: /Open MPI/, remedy: "install the package openmpi-bin" },
  python3: { args: ["--version"], prints: /^Python 3/, remedy: "install Python 3" },
  chromium: {
    args: ["--version"],
    prints: /^Chromium /,
    remedy: "install the package chromium",
  },
  protoc: {
    args: ["--version"],
    prints: /^libprotoc/,
    remedy: "install the package protobuf-compiler",
  },
  git: { args: ["--version"], remedy: "install git" },
  vulkaninfo: { args: ["--summary"], remedy: "install the package vulkan-tools" },
  "nvidia-smi": { args: ["-L"], remedy: "install NVIDIA's driver" },
  "apt-get": { args: ["--version"], remedy: "use the package manager of this system" },
} satisfies Readonly<Record<string, Probe>>;

const CANNOT_EXECUTE = 126;
const NOT_FOUND = 127;

/** Runs a program to its end, with no standard input. Never throws. */
export async function tryProgram(
  [program, ...args]: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  try {
    return resultOf(await new Deno.Command(program!, commandOptions(args, options)).output());
  } catch (error) {
    return notStarted(error);
  }
}

/** Like {@link tryProgram}, and blocks until the program has ended; for calls of milliseconds. */
export function tryProgramSync(
  [program, ...args]: readonly string[],
  options: ProgramOptions = {},
): ProgramResult {
  try {
    return resultOf(new Deno.Command(program!, commandOptions(args, options)).outputSync());
  } catch (error) {
    return notStarted(error);
  }
}

/**
 * One sentence with the remedy if a program cannot be used; otherwise undefined. Never throws.
 *
 * @example
 * ```ts
 * import { missingProgram } from "@transformer-xl/runtime/setup";
 *
 * const missing = missingProgram("mpirun");
 * if (missing !== undefined) console.log(missing); // Cannot use "mpirun": it is not installed; ...
 * ```
 */
export function missingProgram(name: OptionalProgram): string | undefined {
  const { args, prints = /^/, remedy }: Probe = OPTIONAL_PROGRAMS[name];
  const { code, stdout, stderr } = tryProgramSync([name, ...args]);
  if (code === 0 && prints.test(stdout)) return undefined;
  const problem = code === NOT_FOUND
    ? "it is not installed"
    : code === 0
    ? `this one prints "${firstLine(stdout)}"`
    : `"${[name, ...args].join(" ")}" ends with code ${code}: "${firstLine(stderr)}"`;
  return `Cannot use "${name}": ${problem}; ${remedy}`;
}

/** Whether a folder of `PATH` has an executable of this name. Never throws. */
export function isOnPath(name: string): boolean {
  const isWindows = Deno.build.os === "windows";
  try {
    const folders = (Deno.env.get("PATH") ?? "").split(isWindows ? ";" : ":");
    return folders.some((folder) => isExecutable(`${folder}/${name}${isWindows ? ".exe" : ""}`));
  } catch {
    return false; // without permission to read the environment
  }
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    return false;
  }
}

function commandOptions(args: readonly string[], options: ProgramOptions): Deno.CommandOptions {
  const { env = {}, cwd } = options;
  return { args: [...args], env: { ...env }, stdin: "null", ...(cwd === undefined ? {} : { cwd }) };
}

function resultOf({ code, stdout, stderr }: Deno.CommandOutput): ProgramResult {
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

function notStarted(error: unknown): ProgramResult {
  const code = error instanceof Deno.errors.NotFound ? NOT_FOUND : CANNOT_EXECUTE;
  return { code, stdout: "", stderr: messageOf(error) };
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0]!;
}
