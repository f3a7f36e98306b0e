/**
 * The process group of a single process.
 *
 * @module
 */
import type { ProcessGroup } from "./process_group.ts";

/**
 * A group of one process, whose mean is its own value.
 *
 * @example
 * ```ts
 * import { SoloGroup } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * await using group = new SoloGroup();
 * assertEquals(await group.allReduceMean(Float32Array.of(1, 2)), Float32Array.of(1, 2));
 * ```
 */
export class SoloGroup implements ProcessGroup {
  /** Number of this process. */
  readonly rank = 0;
  /** Processes of the job. */
  readonly size = 1;
  /** Transport of the group. */
  readonly backend = "solo";

  /** The values. */
  allReduceMean(values: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    return Promise.resolve(values);
  }

  /** The bytes. */
  broadcast(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return Promise.resolve(bytes);
  }

  /** A list of the bytes. */
  allGather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]> {
    return Promise.resolve([bytes]);
  }

  /** Resolves. */
  barrier(): Promise<void> {
    return Promise.resolve();
  }

  /** Ends this process. */
  abort(code: number): never {
    Deno.exit(code);
  }

  /** Does nothing. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
