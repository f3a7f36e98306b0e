/**
 * One rank of a job, seen from the launcher.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";
import { GroupError, messageOf } from "../../base/errors.ts";
import { tryWrite } from "../../logs/standard_streams.ts";
import type { Ending } from "./ending.ts";
import type { RankLink } from "./rank_links.ts";
import { withTimeout } from "../../base/with_timeout.ts";

/** Ranks whose standard output is shown. */
export type ShowRanks = "first" | "all";

/** How a process is started. */
export interface RankStart {
  /** Program. */
  readonly command: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Number of the process, from 0. */
  readonly rank: number;
  /** W: processes of the job. */
  readonly size: number;
  /** Environment variables beside the inherited ones. */
  readonly env: Readonly<Record<string, string>>;
  /** Ranks whose standard output is shown. */
  readonly showRanks: ShowRanks;
}

/** Time limit for remaining output; a child may keep the pipe open. */
const LAST_WORDS_MS = 400;

const HAS_PROCESS_GROUPS = Deno.build.os !== "windows";

/**
 * A started process. Process 0 owns the terminal. What the others print on standard output is shown
 * as it is, since programs that show all ranks name them; their errors carry the rank.
 */
export class RankProcess {
  /** Number of the process. */
  readonly rank: number;
  /** Resolves when it has ended and its output was read. */
  readonly ended: Promise<Ending>;
  readonly #child: Deno.ChildProcess;
  readonly #link: RankLink;
  #isRunning = true;
  #isSilenced = false;
  #silentMs: number | undefined;

  private constructor(start: RankStart, child: Deno.ChildProcess, link: RankLink) {
    this.rank = start.rank;
    this.#child = child;
    this.#link = link;
    const forwarded: Promise<void>[] = [];
    if (start.rank > 0) {
      forwarded.push(this.#forward(child.stderr, Deno.stderr, `[${start.rank}] `));
      if (start.showRanks === "all") forwarded.push(this.#forward(child.stdout, Deno.stdout, ""));
    }
    this.ended = this.#end(Promise.all(forwarded));
  }

  /**
   * Starts it in its own process group, so that Ctrl-C in a terminal only reaches the launcher.
   *
   * @throws {GroupError} when the program cannot be started
   */
  static start(start: RankStart, link: RankLink): RankProcess {
    const { command, args, rank, size, env, showRanks } = start;
    const others = rank > 0;
    try {
      const child = new Deno.Command(command, {
        args: [...args],
        env: { ...env },
        stdin: "null",
        stdout: others ? (showRanks === "all" ? "piped" : "null") : "inherit",
        stderr: others ? "piped" : "inherit",
        detached: HAS_PROCESS_GROUPS,
      }).spawn();
      return new RankProcess(start, child, link);
    } catch (cause) {
      throw new GroupError(
        `Cannot start process ${rank} of ${size}: "${command}" fails with "${messageOf(cause)}"`,
        { cause },
      );
    }
  }

  /** Whether it has not ended yet. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Time since the last heartbeat; undefined while it is not connected. */
  get silentMs(): number | undefined {
    const { lastHeardMs } = this.#link;
    return lastHeardMs === undefined ? undefined : performance.now() - lastHeardMs;
  }

  /** Restarts its silence at now. */
  excuseSilence(): void {
    if (this.#link.lastHeardMs !== undefined) this.#link.lastHeardMs = performance.now();
  }

  /** Forwards a signal. Windows has none; there Ctrl-C reaches every process directly. */
  send(signal: Deno.Signal): void {
    if (this.#isRunning && HAS_PROCESS_GROUPS) signalProcess(this.#child.pid, signal);
  }

  /** Ends it and its children at once. */
  kill(): void {
    if (!this.#isRunning) return;
    signalProcess(HAS_PROCESS_GROUPS ? -this.#child.pid : this.#child.pid, "SIGKILL");
  }

  /** Ends it after `silentMs` of silence. */
  killSilent(silentMs: number): void {
    this.#silentMs ??= silentMs;
    this.kill();
  }

  /** Discards its further output through the launcher. */
  silence(): void {
    this.#isSilenced = true;
  }

  async #end(forwarded: Promise<unknown>): Promise<Ending> {
    const { code, signal } = await this.#child.status;
    this.#isRunning = false;
    const lastWords = code === 0 ? forwarded : Promise.all([forwarded, this.#link.closed]);
    await withTimeout(lastWords, LAST_WORDS_MS);
    this.#link.close();
    const { failure } = this.#link;
    return { rank: this.rank, code, signal, failure, silentMs: this.#silentMs };
  }

  async #forward(
    output: ReadableStream<Uint8Array<ArrayBuffer>>,
    sink: { writeSync(bytes: Uint8Array): number },
    prefix: string,
  ): Promise<void> {
    const lines = output.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) {
      if (!this.#isSilenced) writeLine(sink, `${prefix}${line}`);
    }
  }
}

/** Writes one line whole, so that lines of different ranks do not mix. */
export function writeLine(sink: { writeSync(bytes: Uint8Array): number }, line: string): void {
  tryWrite(sink, `${line}\n`); // lost if the reader is closed
}

function signalProcess(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}
