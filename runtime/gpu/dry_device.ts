/**
 * A device that runs and allocates nothing. It counts what a configuration would need.
 *
 * @module
 */
import type { HostArray, NumberArray } from "../tensor/dtype.ts";
import { Device } from "../plan/device.ts";
import type { Executable, Recording } from "../plan/executable.ts";
import { bufferBytes } from "./gpu_buffer.ts";
import { bytesByRole, OwnedStorage } from "../plan/owned_storage.ts";
import { planSlots } from "../plan/memory_planner.ts";
import { UniformBlocks } from "../plan/uniform_blocks.ts";
import { type DeviceLimits, OFFSET_ALIGNMENT } from "../tensor/device_limits.ts";
import type { StorageSpec } from "../tensor/tensor.ts";
import { BufferPool } from "./buffer_pool.ts";

/** One allocation. */
export interface Allocation {
  /** What it is for. */
  readonly label: string;
  /** Its size. */
  readonly bytes: number;
}

/** Counts the bytes of plans and stores recorded for a limits, as a GPU would allocate them. */
export class DryDevice extends Device {
  readonly #pool = new BufferPool((label, bytes) =>
    this.allocate({ label, role: "temporary", dtype: "f32", length: bytes / 4 })
  );

  #largest: Allocation = { label: "nothing", bytes: 0 };

  /** Counts for recordings of `limits`. */
  constructor(limits: DeviceLimits) {
    super(limits, { adapter: "dry run", kind: "cpu", features: [] }, Infinity);
  }

  /** The largest allocation so far: it must fit into one binding. */
  get largest(): Allocation {
    return this.#largest;
  }

  /** A storage without memory. */
  override allocate(
    spec: StorageSpec,
  ): OwnedStorage {
    const bytes = bufferBytes(spec);
    this.account(spec.role, bytes);
    if (bytes > this.#largest.bytes) this.#largest = { label: spec.label, bytes };
    return new OwnedStorage(spec, bytes, () => this.account(spec.role, -bytes));
  }

  /** Does nothing. */
  override write(): void {}

  /** Throws: nothing is computed. */
  override read(): Promise<HostArray[]> {
    return Promise.reject(new TypeError("Cannot read from a dry run: nothing is computed"));
  }

  /** Throws: nothing is computed. */
  override readInto(): Promise<void> {
    return Promise.reject(new TypeError("Cannot read from a dry run: nothing is computed"));
  }

  /** Empty: there is nothing to hold. */
  override hostArray(): NumberArray {
    return new Float32Array();
  }

  /** Resolves at once. */
  override idle(): Promise<void> {
    return Promise.resolve();
  }

  /** Counts a recording; it cannot be run. */
  override compile({ label, commands, buffers }: Recording): Promise<Executable> {
    const { slotOf, slotBytes } = planSlots(commands, buffers);
    const slots = this.#pool.take(label, slotBytes);
    const blocks = new UniformBlocks(OFFSET_ALIGNMENT);
    for (const command of commands) if (command.kind === "launch") blocks.place(command);
    const owned = [
      ...buffers.flatMap((planBuffer) =>
        planBuffer.kind === "temporary"
          ? []
          : [this.allocate({ ...planBuffer, role: planBuffer.kind })]
      ),
      ...[blocks.frozenBytes, blocks.varyingBytes].map((bytes) =>
        this.allocate({ label, role: "scalars", dtype: "u32", length: bytes / 4 })
      ),
    ];
    const refuse = () => {
      throw new TypeError(`Cannot run plan "${label}" in a dry run`);
    };
    return Promise.resolve({
      slotOf,
      bytes: bytesByRole([...owned, ...slots]),
      run: refuse,
      profile: refuse,
      storageOf: refuse,
      [Symbol.dispose]: () => {
        this.#pool.release(slots);
        for (const storage of owned) storage[Symbol.dispose]();
      },
    });
  }

  /** Does nothing. */
  override [Symbol.dispose](): void {}
}
