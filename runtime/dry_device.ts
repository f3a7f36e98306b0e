/**
 * A device that runs nothing and allocates nothing: it only counts. It tells what a configuration
 * would take before anything is allocated.
 *
 * @module
 */
import { bytesPer, type DType, type HostArray } from "./dtype.ts";
import { Device } from "./device.ts";
import type { Executable, Recording } from "./executor.ts";
import { planSlots } from "./planner.ts";
import type { Target } from "./target.ts";
import type { Role, Storage } from "./tensor.ts";
import { Workspace } from "./workspace.ts";

/** One allocation. */
export interface Allocation {
  /** What it is for. */
  readonly label: string;
  /** Its size. */
  readonly bytes: number;
}

/** Counts the bytes of plans and stores recorded for a target. */
export class DryDevice extends Device {
  readonly #workspace = new Workspace((label, bytes) =>
    this.allocate({ label, role: "temporary", dtype: "f32", length: bytes / 4 })
  );

  #largest: Allocation = { label: "nothing", bytes: 0 };

  constructor(target: Target) {
    super(target, { adapter: "dry run", kind: "reference", features: [] }, Infinity);
  }

  /** The largest allocation so far: it must fit into one binding. */
  get largest(): Allocation {
    return this.#largest;
  }

  override allocate(
    spec: {
      readonly label: string;
      readonly role: Role;
      readonly dtype: DType;
      readonly length: number;
    },
  ): Storage {
    const bytes = spec.length * bytesPer(spec.dtype);
    this.account(spec.role, bytes);
    if (bytes > this.#largest.bytes) this.#largest = { label: spec.label, bytes };
    return { ...spec, [Symbol.dispose]: () => this.account(spec.role, -bytes) };
  }

  override write(): void {}

  override read(): Promise<HostArray[]> {
    throw new TypeError("Cannot read from a dry run: nothing is computed");
  }

  override idle(): Promise<void> {
    return Promise.resolve();
  }

  override compile({ label, steps, roots }: Recording): Promise<Executable> {
    const { slotOf, slotBytes } = planSlots(steps, roots);
    this.#workspace.take(label, slotBytes);
    for (const root of roots) {
      if (root.kind !== "temporary") this.allocate({ ...root, role: root.kind });
    }
    const refuse = () => {
      throw new TypeError(`Cannot run plan "${label}" in a dry run`);
    };
    return Promise.resolve({
      slotOf,
      bytes: {},
      run: refuse,
      profile: refuse,
      storageOf: refuse,
      [Symbol.dispose]: () => {},
    });
  }

  override [Symbol.dispose](): void {}
}
