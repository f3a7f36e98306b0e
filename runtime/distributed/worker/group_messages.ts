/**
 * The messages between the main thread and the worker thread of a process group.
 *
 * @module
 */
import { GroupError } from "../../base/errors.ts";
import type { Needs } from "../../base/need.ts";
import type { RankEnvironment } from "../rank_environment.ts";
import type { RingOptions } from "../ring/open_ring.ts";

/** How an engine is to be opened. */
export interface EngineOptions extends RingOptions {
  /** The place of this process. */
  readonly environment: RankEnvironment;
  /** Which engine. */
  readonly backend: "ring" | "mpi";
  /** MPI library to use; undefined tries those that suit the launcher. */
  readonly mpiLibrary: string | undefined;
}

/** A request to the engine, followed by one answer. Buffers are transferred. */
export type GroupRequest =
  | { readonly kind: "open"; readonly options: EngineOptions }
  | { readonly kind: "allReduceMean"; readonly values: Float32Array<ArrayBuffer> }
  | {
    readonly kind: "broadcast";
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly root: number;
  }
  | { readonly kind: "allGather"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "barrier" }
  | { readonly kind: "close" };

/** Answer of an opened engine. */
export interface OpenedEngine {
  /** The MPI library in use, and whether any thread may end the job through it. */
  readonly mpi: { readonly path: string; readonly abortsFromAnyThread: boolean } | undefined;
}

/** A serialised error. */
export interface PortableError {
  /** Name of its class. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Where it was thrown. */
  readonly stack: string | undefined;
  /** As {@link GroupError.lostRank}. */
  readonly lostRank: number | undefined;
  /** As {@link GroupError.need}. */
  readonly need: Needs | undefined;
}

/** Answers come in the order of the requests. */
export type GroupAnswer =
  | { readonly result: unknown; readonly error?: undefined }
  | { readonly error: PortableError };

/** Packs an error. */
export function packError(error: unknown): PortableError {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const { lostRank, need } = error instanceof GroupError ? error : {};
  return { name, message, stack, lostRank, need };
}

/** Unpacks an error; a bug keeps the stack of its thread. */
export function unpackError({ name, message, stack, lostRank, need }: PortableError): Error {
  if (name === "GroupError") return new GroupError(message, { lostRank, need });
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
