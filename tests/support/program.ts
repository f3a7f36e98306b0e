/**
 * The command lines as real processes: start, watch, signal, collect.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";

/** Flags by name, without dashes; true is a bare switch, a list gives several words. */
export type Flags = Readonly<Record<string, string | number | true | readonly (string | number)[]>>;

/** How a process ended. */
export interface Ended {
  /** Exit code; 128 + signal when it was killed. */
  readonly code: number;
  /** Everything it printed. */
  readonly stdout: string;
  /** Everything it complained. */
  readonly stderr: string;
}

/** A program of this repository. */
export type ProgramName = "train" | "eval" | "eval/generation" | "eval/inspection";

/** A running program. */
export class Program {
  readonly #child: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #stdout: Promise<void>;
  readonly #stderr: Promise<string>;
  #arrived: () => void = () => {};
  #closed = false;

  /** Starts it; `env` adds to the environment, `input` is its standard input (default: none). */
  constructor(
    name: ProgramName,
    flags: Flags,
    env: Readonly<Record<string, string>> = {},
    input?: string,
  ) {
    const cli = new URL(`../../${name}/cli.ts`, import.meta.url);
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", cli.href, ...words(flags)],
      env: { NODEVICE_SELECT: "1", ...env },
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (input !== undefined) {
      const ended = new Blob([input]).stream().pipeTo(this.#child.stdin);
      ended.catch(() => {}); // it may end before it has read everything
    }
    this.#stdout = this.#collect();
    this.#stderr = new Response(this.#child.stderr).text();
  }

  /**
   * Resolves as soon as a line that matches was printed.
   *
   * @throws {Error} when the program ends without one
   */
  async printed(line: RegExp): Promise<void> {
    for (;;) {
      if (this.#lines.some((printed) => line.test(printed))) return;
      if (this.#closed) {
        throw new Error(`${line} was never printed:\n${this.#lines.join("\n")}`);
      }
      await new Promise<void>((resolve) => this.#arrived = resolve);
    }
  }

  /** Its number. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Numbers of the processes it started, oldest first; Linux only. */
  async children(): Promise<number[]> {
    const children: number[] = [];
    const threads = `/proc/${this.#child.pid}/task`; // each lists those that it started itself
    try {
      for await (const { name } of Deno.readDir(threads)) {
        const text = await Deno.readTextFile(`${threads}/${name}/children`);
        children.push(...text.trim().split(" ").filter((word) => word !== "").map(Number));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // it has ended
    }
    return children.sort((a, b) => a - b);
  }

  /** Sends a signal, if the program still runs. */
  signal(name: Deno.Signal): void {
    try {
      this.#child.kill(name);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
  }

  /** Waits for the end. */
  async ended(): Promise<Ended> {
    const [{ code }, stderr] = await Promise.all([this.#child.status, this.#stderr, this.#stdout]);
    return { code, stdout: this.#lines.join("\n"), stderr };
  }

  async #collect(): Promise<void> {
    const lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) {
      this.#lines.push(line);
      this.#arrived();
    }
    this.#closed = true;
    this.#arrived();
  }
}

/** Runs a program to its end. */
export function runProgram(
  name: ProgramName,
  flags: Flags,
  env: Readonly<Record<string, string>> = {},
  input?: string,
): Promise<Ended> {
  return new Program(name, flags, env, input).ended();
}

/** The words of a command line. */
export function words(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, ...[value].flat().map(String)]
  );
}
