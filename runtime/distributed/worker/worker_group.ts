/**
 * A process group on a worker thread: every call becomes a message, and replies arrive in the order
 * of the calls.
 *
 * @module
 */
import {
  type EngineOptions,
  type GroupAnswer,
  type GroupRequest,
  type OpenedEngine,
  unpackError,
} from "./group_messages.ts";
import { GroupError } from "../../base/errors.ts";
import { withTimeout } from "../../base/with_timeout.ts";
import { type MpiLibrary, openMpiLibrary } from "../mpi/mpi_library.ts";
import type { Backend, ProcessGroup } from "../process_group.ts";

interface Pending {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** A process group whose engine runs on a worker thread. */
export class WorkerGroup implements ProcessGroup {
  /** Number of this process. */
  readonly rank: number;
  /** Processes of the job. */
  readonly size: number;
  /** Transport of the group. */
  readonly backend: Backend;
  readonly #worker: Worker;
  readonly #pending: Pending[] = [];
  readonly #limitMs: number | undefined;
  #failure: unknown;
  #disposed = false;
  #opened: OpenedEngine | undefined;
  #library: MpiLibrary | undefined;

  private constructor({ environment, backend, timeoutMs }: EngineOptions) {
    this.rank = environment.rank;
    this.size = environment.size;
    this.backend = backend;
    this.#limitMs = backend === "mpi" ? timeoutMs : undefined;
    this.#worker = new Worker(new URL("./group_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<GroupAnswer>) => this.#settle(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failAll(event.error ?? new Error(event.message));
    };
  }

  /**
   * Starts the thread and its engine; resolves when all ranks are connected.
   *
   * @throws {GroupError} when they cannot
   */
  static async open(options: EngineOptions): Promise<WorkerGroup> {
    const group = new WorkerGroup(options);
    try {
      group.#opened = await group.#open(options);
      const { mpi } = group.#opened;
      // Held by this thread too: the end of the other one must not unload it beneath MPI's threads.
      if (mpi) group.#library = openMpiLibrary(options.environment.launchedBy, mpi.path);
      return group;
    } catch (error) {
      group.#worker.terminate();
      throw error;
    }
  }

  /** As {@link ProcessGroup.allReduceMean}. */
  async allReduceMean(values: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    const request: GroupRequest = { kind: "allReduceMean", values };
    return await this.#ask(request, values.buffer) as Float32Array<ArrayBuffer>;
  }

  /** As {@link ProcessGroup.broadcast}. */
  async broadcast(bytes: Uint8Array<ArrayBuffer>, root = 0): Promise<Uint8Array<ArrayBuffer>> {
    const request: GroupRequest = { kind: "broadcast", bytes, root };
    return await this.#ask(request, bytes.buffer) as Uint8Array<ArrayBuffer>;
  }

  /** As {@link ProcessGroup.allGather}. */
  async allGather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]> {
    const request: GroupRequest = { kind: "allGather", bytes };
    return await this.#ask(request, bytes.buffer) as Uint8Array<ArrayBuffer>[];
  }

  /** As {@link ProcessGroup.barrier}. */
  async barrier(): Promise<void> {
    await this.#ask({ kind: "barrier" });
  }

  /**
   * As {@link ProcessGroup.abort}. Ranks of a ring detect the end of this one; MPI ends them
   * itself.
   */
  abort(code: number): never {
    if (this.#opened?.mpi?.abortsFromAnyThread) {
      this.#library?.symbols.MPI_Abort(this.#library.abi.world, code);
    }
    Deno.exit(code);
  }

  /** Completes pending calls, leaves the group and ends the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    try {
      const closed = this.#ask({ kind: "close" });
      await (this.#limitMs === undefined ? closed : withTimeout(closed, this.#limitMs));
    } catch {
      // the caller of the failed operation has the error
    } finally {
      this.#worker.terminate();
    }
  }

  /** MPI blocks its thread until all ranks have arrived; a ring has its own limit. */
  async #open(options: EngineOptions): Promise<OpenedEngine> {
    const opening = this.#ask({ kind: "open", options }) as Promise<OpenedEngine>;
    if (options.backend === "ring") return await opening;
    const opened = await withTimeout(opening, options.startTimeoutMs);
    if (opened !== undefined) return opened;
    throw new GroupError(
      `Cannot form a group of ${this.size} processes: not all of them joined MPI within ` +
        `${options.startTimeoutMs} ms; see what they printed`,
    );
  }

  #ask(request: GroupRequest, ...transfer: Transferable[]): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#worker.postMessage(request, transfer);
      this.#pending.push({ resolve, reject });
    });
  }

  #settle(answer: GroupAnswer): void {
    if (answer.error !== undefined) return this.#failAll(unpackError(answer.error));
    this.#pending.shift()?.resolve(answer.result);
  }

  /** An engine is unusable after a failure. */
  #failAll(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#failure);
  }
}
