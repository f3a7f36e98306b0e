/**
 * Heartbeats over MPI: process r sends a byte to r - 1 from time to time and expects one from
 * r + 1. Nothing here blocks, and all calls come from the thread of the engine, so a library without
 * support for several threads will do.
 *
 * @module
 */
import { GroupError } from "../../base/errors.ts";
import { checkCall, type MpiLibrary } from "./mpi_library.ts";
import type { RankEnvironment } from "../rank_environment.ts";
import { SilenceWatch } from "../silence_watch.ts";

const TAG = 7;
const LIVES = 0;
const LEAVES = 1;

/** The heartbeats of one rank. */
export class MpiPulse {
  readonly #library: MpiLibrary;
  readonly #watch: SilenceWatch;
  readonly #next: number;
  readonly #previous: number;
  // Buffers and handles of requests in flight; a handle has 4 or 8 bytes.
  readonly #sent = new Uint8Array(1);
  readonly #sending = new BigUint64Array(1);
  readonly #received = new Uint8Array(1);
  readonly #receiving = new BigUint64Array(1);
  readonly #isDone = new Int32Array(1);
  #isSending = false;
  #isLeaving = false;
  #nextLeaves = false;

  /** @param silenceMs time without a heartbeat before the next rank is considered hung */
  constructor(library: MpiLibrary, { rank, size }: RankEnvironment, silenceMs: number) {
    this.#library = library;
    this.#watch = new SilenceWatch(silenceMs);
    this.#next = (rank + 1) % size;
    this.#previous = (rank + size - 1) % size;
    this.#receive();
  }

  /** Time between two heartbeats. */
  get periodMs(): number {
    return this.#watch.periodMs;
  }

  /**
   * Sends a heartbeat if one is due, and receives those of the other rank.
   *
   * @param action what this process is about to do, in a message
   * @throws {GroupError} when the next rank has been silent for too long
   */
  tick(action: () => string): void {
    if (!this.#watch.isDue) return;
    if (!this.#isLeaving && this.#hasSent()) this.#send(LIVES);
    this.#listen();
    const silentMs = this.#watch.beat();
    if (silentMs === undefined || this.#nextLeaves) return;
    throw new GroupError(
      `Cannot finish ${action()}: process ${this.#next} sent no heartbeat for ` +
        `${Math.round(silentMs)} ms`,
      { lostRank: this.#next, need: "an answer of the process" },
    );
  }

  /**
   * Announces that this rank leaves and waits for the same message of the next one. Afterwards
   * nothing is in flight that MPI would wait for.
   *
   * @param waitFor waits until its argument returns true
   */
  leave(waitFor: (isDone: () => boolean) => void): void {
    this.#isLeaving = true;
    waitFor(() => this.#hasSent());
    this.#send(LEAVES);
    waitFor(() => {
      this.#listen();
      return this.#hasSent() && this.#nextLeaves;
    });
  }

  #listen(): void {
    while (!this.#nextLeaves && this.#test(this.#receiving)) {
      this.#watch.hear();
      if (this.#received[0] === LEAVES) this.#nextLeaves = true;
      else this.#receive();
    }
  }

  #receive(): void {
    const { symbols, abi } = this.#library;
    const code = symbols.MPI_Irecv(
      this.#received,
      1,
      abi.byte,
      this.#next,
      TAG,
      abi.world,
      this.#receiving,
    );
    checkCall("MPI_Irecv", code);
  }

  #send(word: number): void {
    const { symbols, abi } = this.#library;
    this.#sent[0] = word;
    const code = symbols.MPI_Isend(
      this.#sent,
      1,
      abi.byte,
      this.#previous,
      TAG,
      abi.world,
      this.#sending,
    );
    checkCall("MPI_Isend", code);
    this.#isSending = true;
  }

  /** Whether the last message was sent; a stopped process may not receive it. */
  #hasSent(): boolean {
    if (this.#isSending && this.#test(this.#sending)) this.#isSending = false;
    return !this.#isSending;
  }

  #test(request: BigUint64Array<ArrayBuffer>): boolean {
    const { symbols, abi } = this.#library;
    checkCall("MPI_Test", symbols.MPI_Test(request, this.#isDone, abi.ignoredStatus));
    return this.#isDone[0] !== 0;
  }
}
