/**
 * The collective operations of a process group. All ranks call the same operations in the same
 * order; each call resolves when the rank has its part of the result.
 *
 * @module
 */

/** How the processes of a group reach each other. */
export type Backend = "solo" | "ring" | "mpi";

/** The processes of one job, seen from one of them. */
export interface ProcessGroup extends AsyncDisposable {
  /** Number of this process, from 0. */
  readonly rank: number;
  /** W: processes of the job. */
  readonly size: number;
  /** How they reach each other. */
  readonly backend: Backend;

  /**
   * The mean over all processes of `values`, element by element. Sums are float32 in an order that
   * depends on nothing but ranks and sizes: the same bits on every process, with every backend.
   *
   * Takes the buffer away from the caller: use the returned array. Calls may be queued without
   * awaiting each; they run in the order of the calls.
   *
   * @throws {GroupError} when another process is gone or does not answer
   */
  allReduceMean(values: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>>;

  /**
   * The bytes of process `root`, on every process. The others give an array of the same length,
   * whose content does not matter. Takes the buffer away from the caller.
   *
   * @throws {GroupError} when another process is gone or does not answer
   */
  broadcast(bytes: Uint8Array<ArrayBuffer>, root?: number): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * The bytes of every process, by rank; lengths may differ.
   *
   * @throws {GroupError} when another process is gone or does not answer
   */
  allGather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]>;

  /**
   * Resolves when every process has called it.
   *
   * @throws {GroupError} when another process is gone or does not answer
   */
  barrier(): Promise<void>;

  /** Ends the whole job now, this process included, with exit code `code`. */
  abort(code: number): never;
}
