/**
 * The collective operations of a process group. All ranks call the same operations in the same
 * order; each call resolves when the rank has its part of the result.
 *
 * @module
 */

/** Transport of a process group. */
export type Backend = "solo" | "ring" | "mpi";

/** A process group, seen from one rank. */
export interface ProcessGroup extends AsyncDisposable {
  /** Number of this process, from 0. */
  readonly rank: number;
  /** W: processes of the job. */
  readonly size: number;
  /** Transport of the group. */
  readonly backend: Backend;

  /**
   * The mean over all processes of `values`, element by element. Sums are float32 in an order that
   * depends on nothing but ranks and sizes: the same bits on every process, with every backend.
   *
   * Transfers ownership of the buffer: use the returned array. Calls may be queued without awaiting
   * each; they run in order.
   *
   * @throws {GroupError} when another rank has ended or does not answer
   */
  allReduceMean(values: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>>;

  /**
   * The bytes of process `root`, on every process. The others pass an array of the same length with
   * any content. Transfers ownership of the buffer.
   *
   * @throws {GroupError} when another rank has ended or does not answer
   */
  broadcast(bytes: Uint8Array<ArrayBuffer>, root?: number): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * The bytes of every process, by rank; lengths may differ.
   *
   * @throws {GroupError} when another rank has ended or does not answer
   */
  allGather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]>;

  /**
   * Resolves when every process has called it.
   *
   * @throws {GroupError} when another rank has ended or does not answer
   */
  barrier(): Promise<void>;

  /** Ends the whole job now, this process included, with exit code `code`. */
  abort(code: number): never;
}
