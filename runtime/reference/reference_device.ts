/**
 * The reference executor: it runs a plan with the plain loops of its kernels, temporaries in their
 * planned slots. Float64 for tests, which also verifies the memory planner, and float32, on which
 * `--device cpu` builds. Values that a plan stores as f16 are rounded to f16.
 *
 * @module
 */
import { availableMemory } from "../base/available_memory.ts";
import type { DType, HostArray, NumberArray, Numbers } from "../tensor/dtype.ts";
import { checkParts, checkRange, checkWrite, Device } from "../plan/device.ts";
import { DeviceError } from "../base/errors.ts";
import type { Executable, Recording, StorageRange } from "../plan/executable.ts";
import { bytesByRole, OwnedStorage } from "../plan/owned_storage.ts";
import { planSlots } from "../plan/memory_planner.ts";
import type { Kernel } from "../record/kernel.ts";
import type { Command, PlanBuffer } from "../record/recorder.ts";
import { fieldValue, type ScalarValues, spans, workgroupsOf } from "../plan/scalar_values.ts";
import { type DeviceLimits, PORTABLE_LIMITS } from "../tensor/device_limits.ts";
import type { Storage, StorageSpec, Tensor } from "../tensor/tensor.ts";

/** Precision of the plain loops. */
export type ReferencePrecision = "f32" | "f64";

/** The limits every WebGPU has, with larger buffers. */
export const HOST_LIMITS: DeviceLimits = {
  ...PORTABLE_LIMITS,
  maxBindingBytes: 2 ** 31,
  maxBufferBytes: 2 ** 31,
};

/** Options of {@link ReferenceDevice}. */
export interface ReferenceOptions {
  /** Precision of all floats. */
  readonly precision: ReferencePrecision;
  /** Limits that plans are recorded for. */
  readonly limits?: DeviceLimits;
  /** Name of the executor, for people. */
  readonly adapter?: string;
}

/** A range of memory. */
export interface HostMemory {
  /** Its buffer, which threads may share. */
  readonly buffer: ArrayBufferLike;
  /** Where it begins. */
  readonly byteOffset: number;
  /** Called when its storage is disposed. */
  readonly free?: () => void;
}

class ReferenceStorage extends OwnedStorage {
  readonly array: NumberArray;

  constructor(spec: StorageSpec, array: NumberArray, free: () => void) {
    super(spec, array.byteLength, free);
    this.array = array;
  }
}

/**
 * The executor of plans as plain TypeScript loops, without GPU and driver.
 *
 * @example
 * ```ts
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using memory = device.state("memory", [2]);
 * assertEquals(device.liveBytesByRole.get("state"), 16);
 * assertEquals(memory.shape, [2]);
 * ```
 */
export class ReferenceDevice extends Device {
  /** Width of the numbers. */
  readonly precision: ReferencePrecision;

  /**
   * Opens the executor.
   *
   * @param options by default limits are {@link HOST_LIMITS}
   */
  constructor(options: ReferenceOptions) {
    super(
      options.limits ?? HOST_LIMITS,
      {
        adapter: options.adapter ?? `reference executor (${options.precision})`,
        kind: "cpu",
        features: ["shader-f16"],
      },
      availableMemory(),
    );
    this.precision = options.precision;
  }

  /** Zeroed memory of the process. */
  override allocate(spec: StorageSpec): Storage {
    return this.#allocate(spec);
  }

  #allocate(spec: StorageSpec): ReferenceStorage {
    const bytes = spec.length * this.#bytesPer(spec.dtype);
    this.checkFits(spec.label, bytes);
    this.account(spec.role, bytes);
    const { buffer, byteOffset, free } = this.memory(bytes);
    const array = this.#array(spec.dtype, buffer, spec.length, byteOffset);
    return new ReferenceStorage(spec, array, () => {
      this.account(spec.role, -bytes);
      free?.();
    });
  }

  /** Zeroed bytes for a storage. */
  protected memory(bytes: number): HostMemory {
    return { buffer: new ArrayBuffer(bytes), byteOffset: 0 };
  }

  /** What a launch of a kernel does with the sizes of a run. */
  protected bind(
    { reference }: Kernel,
    operands: Readonly<Record<string, Numbers>>,
  ): (sizes: Readonly<Record<string, number>>) => void {
    return (sizes) => reference(operands, sizes);
  }

  /** Copies elements into memory, rounded to the precision. */
  override write(storage: Storage, offset: number, values: NumberArray): void {
    checkWrite({ storage, offset, length: values.length });
    (storage as ReferenceStorage).array.set(values, offset);
  }

  /** Copies of several ranges. */
  // deno-lint-ignore require-await -- what it throws must be a rejection
  override async read(ranges: readonly StorageRange[]): Promise<HostArray[]> {
    return ranges.map((range) => {
      checkRange("read", range);
      const { storage, offset, length } = range;
      const { array } = storage as ReferenceStorage;
      const part = array.subarray(offset, offset + length);
      if (!(part instanceof Float16Array)) return part.slice();
      return this.precision === "f64" ? new Float64Array(part) : new Float32Array(part);
    });
  }

  /** Copies several ranges into memory of the caller. */
  // deno-lint-ignore require-await -- what it throws must be a rejection
  override async readInto(
    ranges: readonly StorageRange[],
    into: readonly NumberArray[],
    arrived: () => void = () => {},
  ): Promise<void> {
    for (const range of ranges) checkRange("read", range);
    checkParts(ranges, into);
    ranges.forEach(({ storage, offset, length }, i) => {
      into[i]!.set((storage as ReferenceStorage).array.subarray(offset, offset + length));
    });
    arrived();
  }

  /** Zeroed memory in the precision of the loops. */
  override hostArray(dtype: DType, length: number): NumberArray {
    return this.#array(dtype, new ArrayBuffer(length * this.#bytesPer(dtype)), length, 0);
  }

  /** Resolves at once: runs are synchronous. */
  override idle(): Promise<void> {
    return Promise.resolve();
  }

  /** Binds every command to its memory. */
  override compile(recording: Recording): Promise<Executable> {
    const { commands, buffers, label } = recording;
    const { slotOf } = planSlots(commands, buffers);
    const owned: ReferenceStorage[] = [];
    const keep = (storage: ReferenceStorage) => {
      owned.push(storage);
      return storage;
    };
    const slots = slotLengths(slotOf, buffers).map((length, n) =>
      keep(this.#allocate({ label: `${label} slot ${n}`, role: "temporary", dtype: "f32", length }))
    );
    const storages = buffers.map((planBuffer, n) => {
      if (planBuffer.kind !== "temporary") {
        const storage = keep(this.#allocate({ ...planBuffer, role: planBuffer.kind }));
        if (planBuffer.values) this.write(storage, 0, planBuffer.values());
        return storage;
      }
      const slot = slots[slotOf.get(n) ?? -1];
      if (slot === undefined) return undefined; // never used
      const { buffer, byteOffset } = slot.array;
      const array = this.#array(planBuffer.dtype, buffer, planBuffer.length, byteOffset);
      return new ReferenceStorage({ ...planBuffer, role: "temporary" }, array, () => {});
    });
    const numbersOf = ({ range, size }: Tensor): Numbers => {
      if (range.kind === "plan") return storages[range.buffer]!.array.subarray(0, size);
      return (range.storage as ReferenceStorage).array.subarray(range.offset, range.offset + size);
    };
    const bound = commands.map((command) => {
      if (command.kind === "clear") {
        const numbers = numbersOf(command.tensor);
        return () => void numbers.fill(0);
      }
      const operands = Object.entries(command.operands)
        .map(([name, tensor]) => [name, numbersOf(tensor)] as const);
      return this.bind(command.kernel, Object.fromEntries(operands));
    });
    const { maxWorkgroups } = this.limits;
    // Every scalar is checked before the first command, as on a GPU.
    const prepare = (inputs: ReadonlyMap<number, HostArray>, scalars: ScalarValues) => {
      const works = commands.map((command, i) =>
        workOf(command, bound[i]!, scalars, maxWorkgroups)
      );
      for (const [planBuffer, values] of inputs) this.write(storages[planBuffer]!, 0, values);
      return works;
    };
    return Promise.resolve({
      slotOf,
      bytes: bytesByRole(owned),
      *run(inputs, scalars, cuts) {
        const works = prepare(inputs, scalars);
        for (const [from, to] of spans(cuts, works.length)) {
          for (const work of works.slice(from, to)) work();
          yield;
        }
      },
      profile: (inputs, scalars) =>
        Promise.resolve(
          prepare(inputs, scalars).map((work) => {
            const startMs = performance.now();
            work();
            return performance.now() - startMs;
          }),
        ),
      storageOf: (planBuffer) => {
        const storage = storages[planBuffer];
        if (storage === undefined) {
          throw new DeviceError(
            "validation",
            `Cannot read buffer ${planBuffer} of plan "${label}": it is never computed`,
          );
        }
        return storage;
      },
      [Symbol.dispose]: () => owned.forEach((storage) => storage[Symbol.dispose]()),
    });
  }

  /** No effect: memory belongs to its owners. */
  override [Symbol.dispose](): void {}

  #bytesPer(dtype: DType): number {
    return dtype === "f16" ? 2 : dtype === "u32" || this.precision === "f32" ? 4 : 8;
  }

  #array(
    dtype: DType,
    buffer: ArrayBufferLike,
    length: number,
    byteOffset: number,
  ): NumberArray {
    const memory = buffer as ArrayBuffer;
    if (dtype === "u32") return new Uint32Array(memory, byteOffset, length);
    if (dtype === "f16") return new Float16Array(memory, byteOffset, length);
    return this.precision === "f64"
      ? new Float64Array(memory, byteOffset, length)
      : new Float32Array(memory, byteOffset, length);
  }
}

/** What a command does with the scalars of a run. */
function workOf(
  command: Command,
  run: (sizes: Readonly<Record<string, number>>) => void,
  scalars: ScalarValues,
  maxWorkgroups: number,
): () => void {
  if (command.kind === "clear") return () => run({});
  const sizes: Record<string, number> = { ...command.constants };
  for (const field of command.kernel.scalars) {
    sizes[field.name] = fieldValue(field, command.scalars![field.name]!, scalars);
  }
  if (workgroupsOf(command, scalars, maxWorkgroups).includes(0)) return () => {};
  return () => run(sizes);
}

/** Elements of each slot, as wide as its widest: bytes of the plan are those of a GPU. */
function slotLengths(
  slotOf: ReadonlyMap<number, number>,
  buffers: readonly PlanBuffer[],
): number[] {
  const lengths: number[] = [];
  for (const [planBuffer, slot] of slotOf) {
    lengths[slot] = Math.max(lengths[slot] ?? 0, buffers[planBuffer]!.length);
  }
  return lengths;
}
