/**
 * The interface between plans and the devices that run them.
 *
 * @module
 */
import type { HostArray } from "../tensor/dtype.ts";
import type { Command, Node, PlanBuffer } from "../record/recorder.ts";
import type { Role, Scalar, Storage } from "../tensor/tensor.ts";

/** A range of a storage. */
export interface StorageRange {
  /** Memory. */
  readonly storage: Storage;
  /** First element. */
  readonly offset: number;
  /** Elements. */
  readonly length: number;
}

/** A finished recording, the input of an executor. */
export interface Recording {
  /** Name in messages. */
  readonly label: string;
  /** Launches and clears in order. */
  readonly commands: readonly Command[];
  /** Memory by buffer number. */
  readonly buffers: readonly PlanBuffer[];
  /** The tape; costs per op. */
  readonly nodes: readonly Node[];
}

/** A compiled recording. */
export interface Executable extends Disposable {
  /** Slots shared by temporaries, for the printed plan. */
  readonly slotOf: ReadonlyMap<number, number>;
  /** Bytes the recording owns, by role. */
  readonly bytes: Readonly<Partial<Record<Role, number>>>;
  /**
   * Uploads inputs and scalars and runs every command, without waiting: those before the first of
   * `cuts`; then, for each further part, those before the next cut, and finally the rest.
   */
  run(
    inputs: ReadonlyMap<number, HostArray>,
    scalars: ReadonlyMap<Scalar, number>,
    cuts: readonly number[],
  ): Generator<void, void, undefined>;
  /** Runs once and returns the milliseconds of every command. */
  profile(
    inputs: ReadonlyMap<number, HostArray>,
    scalars: ReadonlyMap<Scalar, number>,
  ): Promise<readonly number[]>;
  /** Location of a buffer with its own memory. */
  storageOf(buffer: number): Storage;
}

/** The device interface that a plan uses. */
export interface Reader {
  /** Copies of several ranges, in one round trip. */
  read(ranges: readonly StorageRange[]): Promise<HostArray[]>;
}
