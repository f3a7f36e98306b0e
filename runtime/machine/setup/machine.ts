/**
 * The interface between setup and the machine, replaced in tests.
 *
 * @module
 */
import { isOnPath, tryProgram } from "../programs.ts";

/** Result of a command. */
export interface CommandResult {
  /** Exit code; 127 when there is no such command. */
  readonly code: number;
  /** What it printed, errors included. */
  readonly output: string;
}

/** Result of opening the adapter in a new process. */
export interface AdapterProbe {
  /** Name of the adapter, if one answers. */
  readonly adapter: string | undefined;
  /** Reason why it cannot be used; undefined if it can. */
  readonly problem: string | undefined;
}

/** The machine. */
export interface Machine {
  /** Operating system, as Deno names it. */
  readonly os: string;
  /** Whether packages may be installed without asking for a password. */
  readonly root: boolean;
  /** Text of a file, or undefined when there is none. */
  read(path: string): string | undefined;
  /** Names of the entries of a folder; none when there is no such folder. */
  list(folder: string): readonly string[];
  /** Writes a file. */
  write(path: string, text: string): void;
  /** Removes a file. */
  remove(path: string): void;
  /** Whether a command can be found. */
  has(command: string): boolean;
  /** Runs a command to its end. */
  run(command: readonly string[]): Promise<CommandResult>;
  /** Opens the default adapter in a separate process, since a process loads drivers only once. */
  probe(): Promise<AdapterProbe>;
}

/** The machine this program runs on. */
export function thisMachine(): Machine {
  return {
    os: Deno.build.os,
    root: Deno.build.os !== "windows" && Deno.uid() === 0,
    read(path) {
      try {
        return Deno.readTextFileSync(path);
      } catch {
        return undefined;
      }
    },
    list(folder) {
      try {
        return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      } catch {
        return [];
      }
    },
    write: (path, text) => Deno.writeTextFileSync(path, text),
    remove: (path) => Deno.removeSync(path),
    has: isOnPath,
    run: runCommand,
    probe: probeInChild,
  };
}

async function runCommand(command: readonly string[]): Promise<CommandResult> {
  const env = { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const { code, stdout, stderr } = await tryProgram(command, { env });
  return { code, output: stdout + stderr };
}

async function probeInChild(): Promise<AdapterProbe> {
  const program = `${import.meta.dirname}/probe.ts`;
  // Otherwise a software OpenGL driver would replace the missing Vulkan driver.
  const backend: Record<string, string> = Deno.build.os === "linux"
    ? { DENO_WEBGPU_BACKEND: "vulkan" }
    : {};
  const command = [Deno.execPath(), "run", "-A", "-q", program];
  const env = { ...backend, ...Deno.env.toObject() };
  const { code, stdout, stderr } = await tryProgram(command, { env });
  if (code === 0) return JSON.parse(stdout);
  const lastLine = stderr.trim().split("\n").at(-1);
  return { adapter: undefined, problem: `Cannot open an adapter: ${lastLine}` };
}
