/**
 * The launcher of a job on this machine: it starts the ranks with torchrun's environment variables,
 * merges their output, forwards signals, and ends all ranks together.
 *
 * @module
 */
import { newSecret, TOKEN_VARIABLE } from "../job_token.ts";
import { causeOf, type Ending, exitCodeOf, isSecondaryFailure, isVerdict } from "./ending.ts";
import { JobFolder } from "./job_folder.ts";
import {
  listenTo,
  SAME_REQUEST_MS,
  SAVE_SIGNALS,
  STOP_CODES,
  STOP_SIGNALS,
  type StopSignal,
} from "../../flags/stop_signals.ts";
import { RankLinks } from "./rank_links.ts";
import { RankProcess, type ShowRanks, writeLine } from "./rank_process.ts";
import { BEAT_MS, FOLDER_VARIABLE, HEARTBEAT_VARIABLE, LAUNCHER_VARIABLE } from "./wire.ts";
import { withTimeout } from "../../base/with_timeout.ts";

/** A job on one machine. */
export interface LaunchOptions {
  /** Program that every process runs. */
  readonly command: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** W: processes to start. */
  readonly size: number;
  /**
   * A process without a heartbeat for this time is ended, and with it the job. A worker thread
   * sends heartbeats while the main thread is busy. Processes that never call `joinLauncher` are
   * not watched.
   */
  readonly heartbeatMs: number;
  /** Ranks whose standard output is shown; rank 0 always is. */
  readonly showRanks: ShowRanks;
}

const SECONDARY_GRACE_MS = 400; // time to detect the process that failed first
const TERMINATE_MS = 1500; // time to end on SIGTERM

/**
 * Runs a job to its end. When a process fails, the others are ended and one line on standard error
 * says which one failed and why. SIGINT, SIGTERM and SIGHUP are forwarded, and a second one kills;
 * SIGUSR1 is forwarded.
 *
 * @returns 0 when all processes returned 0 or stopped on SIGTERM, 130 or 129 when they stopped on
 * SIGINT or SIGHUP, their code when all finished with the same verdict, else the exit code of the
 * process that failed first
 * @throws {GroupError} when a process cannot be started; those already started are ended
 */
export async function launch(options: LaunchOptions): Promise<number> {
  await using folder = await JobFolder.create();
  const token = newSecret();
  using links = RankLinks.open(folder.socket, options.size, token);
  return await new Job(options, links, { folder: folder.path, token }).run();
}

/** Secrets of the job. */
interface JobSecret {
  readonly folder: string;
  readonly token: string;
}

class Job {
  readonly #options: LaunchOptions;
  readonly #links: RankLinks;
  readonly #secret: JobSecret;
  readonly #ranks: RankProcess[] = [];
  #stop: { readonly signal: StopSignal; readonly atMs: number } | undefined;
  #killedBy: StopSignal | undefined;
  #isEnding = false;

  constructor(options: LaunchOptions, links: RankLinks, secret: JobSecret) {
    this.#options = options;
    this.#links = links;
    this.#secret = secret;
  }

  async run(): Promise<number> {
    using _signals = listenTo(STOP_SIGNALS, (signal) => this.#onSignal(signal));
    using _saves = listenTo(SAVE_SIGNALS, (signal) => {
      // A process that has not joined has nothing to save and no listener.
      for (const rank of this.#ranks) if (rank.silentMs !== undefined) rank.send(signal);
    });
    using _watch = this.#watchHeartbeats();
    try {
      this.#start();
      const failed = await this.#firstEnding((ending) => !this.#isFine(ending));
      if (failed !== undefined) return await this.#fail(failed);
      if (this.#killedBy !== undefined) return STOP_CODES[this.#killedBy];
      const verdict = (await this.#allEnded()).find(isVerdict);
      if (verdict !== undefined) return verdict.code;
      // A job stopped by a batch system's SIGTERM has succeeded.
      const signal = this.#stop?.signal ?? "SIGTERM";
      return signal === "SIGTERM" ? 0 : STOP_CODES[signal];
    } finally {
      for (const rank of this.#ranks) rank.kill();
      await this.#allEnded();
    }
  }

  #start(): void {
    const { command, args, size, heartbeatMs, showRanks } = this.#options;
    const shared = {
      WORLD_SIZE: String(size),
      LOCAL_WORLD_SIZE: String(size),
      MASTER_ADDR: "127.0.0.1",
      MASTER_PORT: String(freePort()),
      [FOLDER_VARIABLE]: this.#secret.folder,
      [TOKEN_VARIABLE]: this.#secret.token, // arguments could be read by other users
      [LAUNCHER_VARIABLE]: this.#links.address,
      [HEARTBEAT_VARIABLE]: String(Math.min(BEAT_MS, Math.ceil(heartbeatMs / 4))),
    };
    for (let rank = 0; rank < size; rank++) {
      const ranked = { ...shared, RANK: String(rank), LOCAL_RANK: String(rank) };
      const start = { command, args, rank, size, env: ranked, showRanks };
      this.#ranks.push(RankProcess.start(start, this.#links.of(rank)));
    }
  }

  /** Ends the job after a failure. */
  async #fail(first: Ending): Promise<number> {
    this.#isEnding = true;
    let culprit = first;
    if (isSecondaryFailure(first)) {
      const own = this.#firstEnding((ending) =>
        !this.#isFine(ending) && !isSecondaryFailure(ending)
      );
      culprit = await withTimeout(own, SECONDARY_GRACE_MS) ?? first;
    }
    for (const rank of this.#ranks) {
      rank.silence();
      // After a stop request, a second signal would interrupt a checkpoint being written.
      if (this.#stop === undefined) rank.send("SIGTERM");
    }
    await withTimeout(this.#allEnded(), TERMINATE_MS);
    for (const rank of this.#ranks) rank.kill();
    await this.#allEnded();
    const { size } = this.#options;
    const cause = causeOf(culprit);
    writeLine(Deno.stderr, `error: process ${culprit.rank} of ${size} ended: ${cause}`);
    return exitCodeOf(culprit);
  }

  #isFine(ending: Ending): boolean {
    if (ending.code === 0 || this.#killedBy !== undefined || isVerdict(ending)) return true;
    if (this.#stop === undefined) return false;
    // A process that was still preparing ends at once, and others may notice before they receive
    // the signal.
    return ending.code === STOP_CODES[this.#stop.signal] || isSecondaryFailure(ending);
  }

  /** The first matching end of a process, or undefined if there is none. */
  #firstEnding(matches: (ending: Ending) => boolean): Promise<Ending | undefined> {
    const { promise, resolve } = Promise.withResolvers<Ending | undefined>();
    for (const { ended } of this.#ranks) {
      void ended.then((ending) => {
        if (matches(ending)) resolve(ending);
      });
    }
    void this.#allEnded().then(() => resolve(undefined));
    return promise;
  }

  #allEnded(): Promise<readonly Ending[]> {
    return Promise.all(this.#ranks.map(({ ended }) => ended));
  }

  #onSignal(signal: StopSignal): void {
    const nowMs = performance.now();
    if (this.#stop === undefined && !this.#isEnding) {
      this.#stop = { signal, atMs: nowMs };
      for (const rank of this.#ranks) rank.send(signal);
    } else if (this.#stop === undefined || nowMs - this.#stop.atMs > SAME_REQUEST_MS) {
      this.#killedBy = signal;
      for (const rank of this.#ranks) rank.kill();
    }
  }

  #watchHeartbeats(): Disposable {
    const { heartbeatMs } = this.#options;
    const periodMs = Math.min(BEAT_MS, heartbeatMs) / 4;
    let lastMs = performance.now();
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - lastMs;
      lastMs += elapsedMs;
      // The launcher was stopped, or the machine slept: heartbeats are queued.
      const wasAway = elapsedMs > heartbeatMs / 2;
      for (const rank of this.#ranks) {
        const { silentMs, isRunning } = rank;
        if (wasAway) rank.excuseSilence();
        else if (isRunning && silentMs !== undefined && silentMs > heartbeatMs) {
          rank.killSilent(silentMs);
        }
      }
    }, periodMs);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
