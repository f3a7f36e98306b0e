/**
 * Threads of this machine for the executor of `--device cpu`.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { ONE_THREAD, type Threads } from "../cpu/thread_pool.ts";

/** Cores that a rank of a job has for itself: those of the machine, divided by its ranks there. */
export function coresOfRank(
  { localSize }: { readonly localSize: number },
  cores: number = navigator.hardwareConcurrency,
): number {
  return Math.max(1, Math.floor(cores / localSize));
}

const MODULE = new URL("../cpu/worker.ts", import.meta.url);

/**
 * Threads of this process. They do not keep it alive. A process that may not read the module of
 * threads has the caller alone.
 *
 * @param count threads that compute, the caller among them
 */
export function cpuThreads(count: number): Threads {
  const { state } = Deno.permissions.querySync({ name: "read", path: MODULE });
  if (count === 1 || state !== "granted") return ONE_THREAD;
  return {
    count,
    start(given) {
      const worker = new Worker(MODULE);
      worker.unref();
      worker.postMessage(given);
      return worker;
    },
  };
}
