/**
 * Collective operations over MPI: one machine or many, whatever network the library knows.
 *
 * MPI moves the bytes and this program adds them, in the order that collective.ts states: the sums
 * of MPI_Allreduce may run in any order, and would give other bits with another library or layout.
 * No call but those that begin and end MPI blocks in the library, so that this process can give signs
 * of life, and notice that another gives none, while it waits. It waits without giving way to other
 * work, so the engine belongs into a thread of its own.
 *
 * @module
 */
import { GroupError } from "../../base/errors.ts";
import {
  addInto,
  addScaledInto,
  checkAnnounced,
  checkSame,
  type Collective,
  decodeHeader,
  describe,
  encodeHeader,
  type Engine,
  type GroupLimits,
  HEADER_BYTES,
  HEADER_NUMBERS,
  segment,
} from "../collective.ts";
import { checkCall, type MpiLibrary, openMpiLibrary } from "./mpi_library.ts";
import { MpiPulse } from "./mpi_pulse.ts";
import type { RankEnvironment } from "../rank_environment.ts";

const SCRATCH_FLOATS = 2 ** 20; // received data is added while it is in the cache
const BROADCAST_BYTES = 2 ** 30; // counts of MPI are 32-bit integers
const SPIN_MS = 0.5; // while processes arrive
const MOVING_MS = 200; // while data moves; polling makes progress
const SLEEP_MS = 0.2;

/** One process of an MPI job of two or more. */
export class MpiEngine implements Engine {
  /** Number of this process. */
  readonly rank: number;
  /** W: processes of the job. */
  readonly size: number;
  /** The library. */
  readonly library: MpiLibrary;
  /** Whether another thread may end the job through the library. */
  readonly abortsFromAnyThread: boolean;
  readonly #timeoutMs: number | undefined;
  readonly #pulse: MpiPulse | undefined;
  readonly #request = new BigUint64Array(1); // a handle: 4 or 8 bytes
  readonly #isDone = new Int32Array(1);
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #scratch = new Float32Array(0);
  #sequence = 0;
  #current: Collective | undefined;
  #failure: GroupError | undefined;
  #beats: ReturnType<typeof setInterval> | undefined;

  private constructor(
    library: MpiLibrary,
    environment: RankEnvironment,
    abortsFromAnyThread: boolean,
    { timeoutMs, silenceMs }: GroupLimits,
  ) {
    this.library = library;
    this.rank = environment.rank;
    this.size = environment.size;
    this.abortsFromAnyThread = abortsFromAnyThread;
    this.#timeoutMs = timeoutMs;
    if (silenceMs === undefined) return;
    this.#pulse = new MpiPulse(library, environment, silenceMs);
    this.#beats = setInterval(() => this.#beat(), this.#pulse.periodMs);
  }

  /**
   * Initialises MPI and compares its job size with the environment: with library and launcher of
   * different MPIs, every process would silently be its own job.
   *
   * @param limits Time limits
   * @param given Library to use instead of one that matches the launcher
   * @throws {GroupError} when there is no library, or its job differs
   */
  static open(
    environment: RankEnvironment,
    limits: GroupLimits,
    given: string | undefined,
  ): MpiEngine {
    const library = openMpiLibrary(environment.launchedBy, given);
    const { symbols, abi, version, path } = library;
    const value = new Int32Array(1);
    checkCall("MPI_Init_thread", symbols.MPI_Init_thread(0n, 0n, abi.threadMultiple, value));
    const abortsFromAnyThread = value[0]! >= abi.threadMultiple;
    checkCall("MPI_Comm_rank", symbols.MPI_Comm_rank(abi.world, value));
    const rank = value[0]!;
    checkCall("MPI_Comm_size", symbols.MPI_Comm_size(abi.world, value));
    const size = value[0]!;
    if (rank === environment.rank && size === environment.size) {
      return new MpiEngine(library, environment, abortsFromAnyThread, limits);
    }
    checkCall("MPI_Finalize", symbols.MPI_Finalize());
    throw new GroupError(
      `Cannot join the job: ${LAUNCHERS[environment.launchedBy]} started process ` +
        `${environment.rank} of ${environment.size}, but ${version} ("${path}") sees process ` +
        `${rank} of ${size}; start the job with the mpirun of that library, or name the library ` +
        "of the launcher in TXL_MPI_LIB",
    );
  }

  /** As {@link ProcessGroup.allReduceMean}, in place. */
  async allReduceMean(values: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    return await this.#run("all-reduce", values.byteLength, 0, () => {
      const segments = this.#ranks((rank) => segment(values.length, this.size, rank));
      const pieceFloats = Math.max(1, Math.floor(SCRATCH_FLOATS / this.size));
      const longest = Math.max(...segments.map(({ begin, end }) => end - begin));
      for (let from = 0; from < longest; from += pieceFloats) {
        this.#reducePiece(values, segments, from, pieceFloats);
      }
      const lengths = Int32Array.from(segments, ({ begin, end }) => end - begin);
      const places = Int32Array.from(segments, ({ begin }) => begin);
      this.#move("MPI_Iallgatherv", ({ symbols, abi }, request) =>
        symbols.MPI_Iallgatherv(
          abi.inPlace,
          0,
          abi.float,
          values,
          lengths,
          places,
          abi.float,
          abi.world,
          request,
        ));
      return values;
    });
  }

  /** As {@link ProcessGroup.broadcast}. */
  async broadcast(bytes: Uint8Array<ArrayBuffer>, root = 0): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#run("broadcast", bytes.length, root, () => {
      this.#broadcast(bytes, root);
      return bytes;
    });
  }

  /** As {@link ProcessGroup.allGather}: one broadcast by each process. */
  async allGather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]> {
    return await this.#run("all-gather", bytes.length, 0, (all) =>
      all.map((theirs, rank) => {
        const part = rank === this.rank
          ? bytes
          : new Uint8Array(checkAnnounced(bytes.length, theirs.bytes, rank));
        this.#broadcast(part, rank);
        return part;
      }));
  }

  /** As {@link ProcessGroup.barrier}. */
  async barrier(timeoutMs?: number): Promise<void> {
    await this.#run("barrier", 0, 0, () => {}, timeoutMs);
  }

  /** Finalises MPI. Skipped after a failure, since it would wait for other ranks. */
  close(): Promise<void> {
    if (this.#failure !== undefined) return Promise.resolve();
    const startMs = performance.now();
    try {
      this.#pulse?.leave((isDone) => {
        while (!isDone()) this.#pause(startMs, SPIN_MS);
      });
    } finally {
      clearInterval(this.#beats);
    }
    checkCall("MPI_Finalize", this.library.symbols.MPI_Finalize());
    return Promise.resolve();
  }

  /**
   * Waits for all ranks, compares their operations and runs the operation. After a failure the
   * engine is unusable.
   */
  #run<T>(
    kind: Collective["kind"],
    bytes: number,
    root: number,
    work: (all: Collective[]) => T,
    timeoutMs: number | undefined = this.#timeoutMs,
  ): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const own = { kind, bytes, root, sequence: this.#sequence++ };
    this.#current = own;
    try {
      return Promise.resolve(work(this.#meet(own, timeoutMs)));
    } catch (error) {
      this.#fail(error);
      return Promise.reject(error);
    } finally {
      this.#current = undefined;
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error as GroupError;
    clearInterval(this.#beats);
  }

  /** The next operation of every rank. */
  #meet(own: Collective, timeoutMs?: number): Collective[] {
    const header = encodeHeader(own);
    const headers = new Float64Array(HEADER_NUMBERS * this.size);
    this.#move("MPI_Iallgather", ({ symbols, abi }, request) =>
      symbols.MPI_Iallgather(
        header,
        HEADER_BYTES,
        abi.byte,
        headers,
        HEADER_BYTES,
        abi.byte,
        abi.world,
        request,
      ), { spinMs: SPIN_MS, timeoutMs });
    return this.#ranks((rank) => {
      const theirs = headers.subarray(HEADER_NUMBERS * rank, HEADER_NUMBERS * (rank + 1));
      checkSame(this.rank, own, rank, theirs);
      return decodeHeader(theirs)!;
    });
  }

  /**
   * Starts an MPI operation and waits for its end, sleeping after `spinMs`. Blocking MPI calls
   * would occupy a core and receive no heartbeats.
   */
  #move(
    name: string,
    start: (library: MpiLibrary, request: BigUint64Array<ArrayBuffer>) => number,
    { spinMs = MOVING_MS, timeoutMs = this.#timeoutMs }: {
      readonly spinMs?: number;
      readonly timeoutMs?: number | undefined;
    } = {},
  ): void {
    const { symbols, abi } = this.library;
    checkCall(name, start(this.library, this.#request));
    const startMs = performance.now();
    for (;;) {
      checkCall("MPI_Test", symbols.MPI_Test(this.#request, this.#isDone, abi.ignoredStatus));
      if (this.#isDone[0] !== 0) return;
      this.#pause(startMs, spinMs, timeoutMs);
    }
  }

  /** Between two polls of an operation: heartbeats, the time limit, and sleep. */
  #pause(startMs: number, spinMs: number, timeoutMs = this.#timeoutMs): void {
    this.#pulse?.tick(() => this.#action());
    const waitedMs = performance.now() - startMs;
    if (timeoutMs !== undefined && waitedMs > timeoutMs) {
      throw new GroupError(
        `Cannot finish ${this.#action()}: not all of ${this.size} processes reached it within ` +
          `${timeoutMs} ms`,
        { need: "an answer of all processes" },
      );
    }
    if (waitedMs > spinMs) Atomics.wait(this.#sleeper, 0, 0, SLEEP_MS);
  }

  /** A heartbeat while there is nothing else to do. */
  #beat(): void {
    try {
      this.#pulse?.tick(() => this.#action());
    } catch (error) {
      this.#fail(error);
    }
  }

  #action(): string {
    return this.#current === undefined ? "the work of the group" : describe(this.#current);
  }

  /** Floats `[from, from + pieceFloats)` of every segment go to its process and are added there. */
  #reducePiece(
    values: Float32Array<ArrayBuffer>,
    segments: readonly { readonly begin: number; readonly end: number }[],
    from: number,
    pieceFloats: number,
  ): void {
    const lengthOf = ({ begin, end }: { readonly begin: number; readonly end: number }) =>
      Math.max(0, Math.min(end - begin - from, pieceFloats));
    const own = segments[this.rank]!;
    const count = lengthOf(own);
    if (this.#scratch.length < this.size * count) {
      this.#scratch = new Float32Array(this.size * count);
    }
    const isOther = (rank: number) => rank === this.rank ? 0 : 1; // the own part stays in place
    const arrived = this.#scratch;
    const given = Int32Array.from(segments, (other, rank) => isOther(rank) * lengthOf(other));
    const givenAt = Int32Array.from(segments, (other) => Math.min(other.begin + from, other.end));
    const taken = Int32Array.from(segments, (_, rank) => isOther(rank) * count);
    const takenAt = Int32Array.from(segments, (_, rank) => rank * count);
    this.#move(
      "MPI_Ialltoallv",
      ({ symbols, abi: { float, world } }, request) =>
        symbols.MPI_Ialltoallv(
          values,
          given,
          givenAt,
          float,
          arrived,
          taken,
          takenAt,
          float,
          world,
          request,
        ),
    );
    const firstAt = (this.rank + 1) % this.size * count;
    for (let step = 2; step < this.size; step++) {
      const at = (this.rank + step) % this.size * count;
      addInto(arrived, firstAt, arrived.subarray(at, at + count), count);
    }
    const sum = arrived.subarray(firstAt, firstAt + count);
    addScaledInto(values, own.begin + from, sum, count, 1 / this.size);
  }

  #broadcast(bytes: Uint8Array<ArrayBuffer>, root: number): void {
    for (let at = 0; at < bytes.length; at += BROADCAST_BYTES) {
      const piece = bytes.subarray(at, at + BROADCAST_BYTES);
      this.#move(
        "MPI_Ibcast",
        ({ symbols, abi: { byte, world } }, request) =>
          symbols.MPI_Ibcast(piece, piece.length, byte, root, world, request),
      );
    }
  }

  #ranks<T>(of: (rank: number) => T): T[] {
    return Array.from({ length: this.size }, (_, rank) => of(rank));
  }
}

const LAUNCHERS: Readonly<Record<RankEnvironment["launchedBy"], string>> = {
  none: "no launcher",
  own: "this program's launcher",
  torchrun: "torchrun",
  openmpi: "Open MPI's mpirun",
  mpich: "MPICH's mpirun or srun",
  slurm: "srun",
};
