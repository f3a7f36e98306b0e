/**
 * Collective operations over MPI: one machine or many, whatever network the library knows.
 *
 * MPI moves the bytes and this program adds them, in the order that collective.ts states: the sums
 * of MPI_Allreduce may run in any order, and would give other bits with another library or layout.
 * Calls block, so the engine belongs into a thread of its own.
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
  HEADER_BYTES,
  HEADER_NUMBERS,
  segment,
} from "../collective.ts";
import { type MpiLibrary, openMpiLibrary } from "./mpi_library.ts";
import type { RankEnvironment } from "../rank_environment.ts";

const SCRATCH_FLOATS = 2 ** 20; // what arrives is added while it is in the cache
const BROADCAST_BYTES = 2 ** 30; // counts of MPI are 32-bit integers
const SPIN_MS = 0.5;
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
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #scratch = new Float32Array(0);
  #sequence = 0;
  #failure: GroupError | undefined;

  private constructor(
    library: MpiLibrary,
    { rank, size }: RankEnvironment,
    abortsFromAnyThread: boolean,
    timeoutMs: number | undefined,
  ) {
    this.library = library;
    this.rank = rank;
    this.size = size;
    this.abortsFromAnyThread = abortsFromAnyThread;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Initialises MPI, and checks that it sees the job that the environment promises: with the library
   * of one MPI under the launcher of another every process is, silently, a job of its own.
   *
   * @param timeoutMs Time for all processes to arrive at an operation; undefined waits forever
   * @param given Library to use instead of one that suits the launcher
   * @throws {GroupError} when there is no library, or it sees another job
   */
  static open(
    environment: RankEnvironment,
    timeoutMs: number | undefined,
    given: string | undefined,
  ): MpiEngine {
    const library = openMpiLibrary(environment.launchedBy, given);
    const { symbols, abi, version, path } = library;
    const value = new Int32Array(1);
    check("MPI_Init_thread", symbols.MPI_Init_thread(0n, 0n, abi.threadMultiple, value));
    const abortsFromAnyThread = value[0]! >= abi.threadMultiple;
    check("MPI_Comm_rank", symbols.MPI_Comm_rank(abi.world, value));
    const rank = value[0]!;
    check("MPI_Comm_size", symbols.MPI_Comm_size(abi.world, value));
    const size = value[0]!;
    if (rank === environment.rank && size === environment.size) {
      return new MpiEngine(library, environment, abortsFromAnyThread, timeoutMs);
    }
    check("MPI_Finalize", symbols.MPI_Finalize());
    throw new GroupError(
      `Cannot join the job: ${LAUNCHERS[environment.launchedBy]} started process ` +
        `${environment.rank} of ${environment.size}, but ${version} ("${path}") sees process ` +
        `${rank} of ${size}; start the job with the mpirun of that library, or name the library ` +
        "of the launcher in TXL_MPI_LIB",
    );
  }

  /** As {@link ProcessGroup.allReduceMean}, in place. */
  async allReduceMean(values: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    await this.#begin("all-reduce", values.byteLength, 0);
    const { symbols, abi } = this.library;
    const segments = this.#ranks((rank) => segment(values.length, this.size, rank));
    const pieceFloats = Math.max(1, Math.floor(SCRATCH_FLOATS / this.size));
    const longest = Math.max(...segments.map(({ begin, end }) => end - begin));
    for (let from = 0; from < longest; from += pieceFloats) {
      this.#reducePiece(values, segments, from, pieceFloats);
    }
    check(
      "MPI_Allgatherv",
      symbols.MPI_Allgatherv(
        abi.inPlace,
        0,
        abi.float,
        values,
        Int32Array.from(segments, ({ begin, end }) => end - begin),
        Int32Array.from(segments, ({ begin }) => begin),
        abi.float,
        abi.world,
      ),
    );
    return values;
  }

  /** As {@link ProcessGroup.broadcast}. */
  async broadcast(bytes: Uint8Array<ArrayBuffer>, root = 0): Promise<Uint8Array<ArrayBuffer>> {
    await this.#begin("broadcast", bytes.length, root);
    this.#broadcast(bytes, root);
    return bytes;
  }

  /** As {@link ProcessGroup.allGather}: one broadcast by each process. */
  async allGather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]> {
    const headers = await this.#begin("all-gather", bytes.length, 0);
    return headers.map((header, rank) => {
      const part = rank === this.rank
        ? bytes
        : new Uint8Array(checkAnnounced(bytes.length, header.bytes, rank));
      this.#broadcast(part, rank);
      return part;
    });
  }

  /** As {@link ProcessGroup.barrier}. */
  async barrier(timeoutMs?: number): Promise<void> {
    await this.#begin("barrier", 0, 0, timeoutMs);
  }

  /** Finalises MPI. After a failure that would wait for processes that may never come. */
  close(): Promise<void> {
    if (this.#failure === undefined) check("MPI_Finalize", this.library.symbols.MPI_Finalize());
    return Promise.resolve();
  }

  /**
   * Waits until all processes are there, and checks that they are about to do the same. The blocking
   * calls of MPI occupy a core while they wait; this sleeps when it takes longer than a moment.
   */
  #begin(
    kind: Collective["kind"],
    bytes: number,
    root: number,
    timeoutMs: number | undefined = this.#timeoutMs,
  ): Promise<Collective[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const own = { kind, bytes, root, sequence: this.#sequence++ };
    try {
      const all = new Float64Array(HEADER_NUMBERS * this.size);
      this.#gatherHeaders(own, all, timeoutMs);
      return Promise.resolve(this.#ranks((rank) => {
        const header = all.subarray(HEADER_NUMBERS * rank, HEADER_NUMBERS * (rank + 1));
        checkSame(this.rank, own, rank, header);
        return decodeHeader(header)!;
      }));
    } catch (error) {
      this.#failure = error as GroupError;
      return Promise.reject(error);
    }
  }

  #gatherHeaders(own: Collective, all: Float64Array<ArrayBuffer>, timeoutMs?: number): void {
    const { symbols, abi } = this.library;
    const header = encodeHeader(own);
    const request = new BigUint64Array(1); // a handle: 4 or 8 bytes
    check(
      "MPI_Iallgather",
      symbols.MPI_Iallgather(
        header,
        HEADER_BYTES,
        abi.byte,
        all,
        HEADER_BYTES,
        abi.byte,
        abi.world,
        request,
      ),
    );
    const start = performance.now();
    for (const flag = new Int32Array(1);;) {
      check("MPI_Test", symbols.MPI_Test(request, flag, abi.ignoredStatus));
      if (flag[0] !== 0) return;
      const waitedMs = performance.now() - start;
      if (timeoutMs !== undefined && waitedMs > timeoutMs) {
        throw new GroupError(
          `Cannot finish ${describe(own)}: not all of ${this.size} processes came to it within ` +
            `${timeoutMs} ms; see what they do, or raise --heartbeat_s`,
        );
      }
      if (waitedMs > SPIN_MS) Atomics.wait(this.#sleeper, 0, 0, SLEEP_MS);
    }
  }

  /** Floats `[from, from + pieceFloats)` of every segment go to its process and are added there. */
  #reducePiece(
    values: Float32Array<ArrayBuffer>,
    segments: readonly { readonly begin: number; readonly end: number }[],
    from: number,
    pieceFloats: number,
  ): void {
    const { symbols, abi } = this.library;
    const lengthOf = ({ begin, end }: { readonly begin: number; readonly end: number }) =>
      Math.max(0, Math.min(end - begin - from, pieceFloats));
    const own = segments[this.rank]!;
    const count = lengthOf(own);
    if (this.#scratch.length < this.size * count) {
      this.#scratch = new Float32Array(this.size * count);
    }
    const isOther = (rank: number) => rank === this.rank ? 0 : 1; // the own part stays in place
    const arrived = this.#scratch;
    check(
      "MPI_Alltoallv",
      symbols.MPI_Alltoallv(
        values,
        Int32Array.from(segments, (other, rank) => isOther(rank) * lengthOf(other)),
        Int32Array.from(segments, (other) => Math.min(other.begin + from, other.end)),
        abi.float,
        arrived,
        Int32Array.from(segments, (_, rank) => isOther(rank) * count),
        Int32Array.from(segments, (_, rank) => rank * count),
        abi.float,
        abi.world,
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
    const { symbols, abi } = this.library;
    for (let at = 0; at < bytes.length; at += BROADCAST_BYTES) {
      const piece = bytes.subarray(at, at + BROADCAST_BYTES);
      check("MPI_Bcast", symbols.MPI_Bcast(piece, piece.length, abi.byte, root, abi.world));
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

function check(call: string, code: number): void {
  if (code !== 0) throw new GroupError(`Cannot go on: ${call} failed with error ${code}`);
}
