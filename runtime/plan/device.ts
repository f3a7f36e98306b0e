/**
 * The interface of executors: owned memory, plans and reads. The executors are the GPU, the
 * reference executor that runs the same plan as plain loops, and the CPU, which runs most of it as
 * WebAssembly. Only `plan`, `read` and `idle` are async; nothing inside a training step is.
 *
 * @module
 */
import type { DType, HostArray, NumberArray } from "../tensor/dtype.ts";
import { DeviceError } from "../base/errors.ts";
import { formatBytes } from "../base/format.ts";
import { Plan, type PlanInputs, type PlanOutputs } from "./plan.ts";
import type { Executable, Recording, StorageRange } from "./executable.ts";
import { Recorder } from "../record/recorder.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { DeviceLimits } from "../tensor/device_limits.ts";
import { type Role, type Storage, type StorageSpec, Tensor } from "../tensor/tensor.ts";

/** Devices a user may ask for. */
export const DEVICE_CHOICES = ["auto", "gpu", "cpu"] as const;

/** `gpu`: an adapter or an error; `cpu`: no driver; `auto`: a GPU, else the CPU. */
export type DeviceChoice = (typeof DEVICE_CHOICES)[number];

/** Properties of a device. */
export interface DeviceInfo {
  /** Adapter as its driver names it, or the executor. */
  readonly adapter: string;
  /** `gpu`: hardware; `software`: a software Vulkan driver; `cpu`: no driver. */
  readonly kind: "gpu" | "software" | "cpu";
  /** Features that were granted. */
  readonly features: readonly string[];
  /** Name of the WebGPU implementation, unless it is that of the platform. */
  readonly implementation?: string;
}

/** Time that a plan took. */
export interface PlanTimes {
  /** Name of the plan. */
  readonly label: string;
  /** Milliseconds to record it. */
  readonly recordMs: number;
  /** Milliseconds to plan memory, compile kernels and build bind groups. */
  readonly compileMs: number;
}

/** An executor of plans. */
export abstract class Device implements Disposable {
  /** Limits that ops are recorded for. */
  readonly limits: DeviceLimits;
  /** Properties of the device. */
  readonly info: DeviceInfo;
  /** Memory budget of {@link Device.allocate} in bytes; Infinity if unknown. */
  readonly budgetBytes: number;
  /** Called with the times of every new plan. */
  onPlan: ((times: PlanTimes) => void) | undefined;
  readonly #live = new Map<Role, number>();

  /** Called by the executors. */
  constructor(limits: DeviceLimits, info: DeviceInfo, budgetBytes: number) {
    this.limits = limits;
    this.info = info;
    this.budgetBytes = budgetBytes;
  }

  /** Bytes allocated now. */
  get liveBytes(): number {
    return [...this.#live.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Bytes allocated now, by role. */
  get liveBytesByRole(): ReadonlyMap<Role, number> {
    return this.#live;
  }

  /**
   * Allocates zeroed memory. The caller owns it.
   *
   * @throws {DeviceError} when it exceeds a buffer of this device or the memory budget
   */
  abstract allocate(
    spec: StorageSpec,
  ): Storage;

  /**
   * Writes elements from `offset` on, rounded to the storage's dtype.
   *
   * @throws {RangeError} when they leave the storage, or an f16 range does not begin and end at an
   * even element or the end
   * @throws {TypeError} when the storage was disposed
   */
  abstract write(storage: Storage, offset: number, values: NumberArray): void;

  /**
   * Copies of several ranges, in one round trip; waits for all submitted work. Float16 values are
   * returned as float32.
   *
   * @throws {RangeError} when a range leaves its storage
   * @throws {TypeError} when a storage was disposed
   * @throws {DeviceError} the first error the device reported
   */
  abstract read(ranges: readonly StorageRange[]): Promise<HostArray[]>;

  /**
   * As {@link read}, into memory of the caller: `ranges[i]` into `into[i]`, converted to its element
   * type. Avoids allocation for repeated reads, and conversion of what {@link hostArray} made.
   *
   * @param arrived called when submitted work is done and before the bytes are copied; work
   * submitted by it runs during the copy
   * @throws {RangeError} when a range leaves its storage, or its memory has another length
   * @throws {TypeError} when a storage was disposed
   * @throws {DeviceError} the first error the device reported
   */
  abstract readInto(
    ranges: readonly StorageRange[],
    into: readonly NumberArray[],
    arrived?: () => void,
  ): Promise<void>;

  /** Zeroed host memory that holds elements of a dtype exactly as this device stores them. */
  abstract hostArray(dtype: DType, length: number): NumberArray;

  /**
   * Prepares for reads of up to `bytes` at once: they wait for the device a single time.
   *
   * @throws {DeviceError} when memory is short
   */
  async reserveReads(_bytes: number): Promise<void> {}

  /** Resolves when everything submitted so far is done; rejects with the first device error. */
  abstract idle(): Promise<void>;

  /** Compiles a recording; called by {@link Device.plan}. */
  abstract compile(recording: Recording): Promise<Executable>;

  /** Frees the device. */
  abstract [Symbol.dispose](): void;

  /** A value that persists between runs, initially zero. The caller owns its storage. */
  state(label: string, shape: Shape, dtype: DType = "f32"): Tensor & Disposable {
    const storage = this.allocate({ label, role: "state", dtype, length: sizeOf(shape) });
    return new State(shape, dtype, label, storage);
  }

  /**
   * Records, plans memory, compiles kernels and builds bind groups.
   *
   * @param record records the launches and returns inputs and outputs; `kept` is anything else of
   * the recording that is needed later, see {@link Plan.kept}
   * @param options `intermediates` keeps the values that {@link Recorder.keepIntermediate} names
   * @throws {ShaderError} when a kernel does not compile
   * @throws {DeviceError} when memory is short
   * @throws {TypeError} when a recorded input or scalar is not among the returned ones
   * @example
   * ```ts
   * import { add, ReferenceDevice } from "@transformer-xl/runtime";
   * import { assertEquals } from "@std/assert";
   *
   * using device = new ReferenceDevice({ precision: "f32" });
   * using plan = await device.plan("sum", (rec) => {
   *   const a = rec.input("a", [2], "f32");
   *   const b = rec.input("b", [2], "f32");
   *   return { inputs: { a, b }, outputs: { c: add(rec, a, b) } };
   * });
   * plan.run({ a: Float32Array.of(1, 2), b: Float32Array.of(10, 20) });
   * assertEquals([...(await plan.read("c")).c], [11, 22]);
   * ```
   */
  async plan<I extends PlanInputs, O extends PlanOutputs, K = undefined>(
    label: string,
    record: (rec: Recorder) => { readonly inputs: I; readonly outputs: O; readonly kept?: K },
    options: { readonly intermediates?: boolean } = {},
  ): Promise<Plan<I, O, K>> {
    const startMs = performance.now();
    const rec = new Recorder(this.limits, options);
    const { inputs, outputs, kept } = record(rec);
    checkInputs(label, rec, inputs);
    for (const output of Object.values(outputs)) rec.keep(output);
    const recording: Recording = {
      label,
      commands: rec.commands,
      buffers: rec.buffers,
      nodes: rec.nodes,
    };
    const recordedMs = performance.now();
    const executable = await this.compile(recording);
    const compileMs = performance.now() - recordedMs;
    this.onPlan?.({ label, recordMs: recordedMs - startMs, compileMs });
    return new Plan(
      this,
      recording,
      executable,
      inputs,
      outputs,
      rec.intermediates,
      kept as K, // undefined, which is then its type, where nothing is kept
    );
  }

  /** Accounts for memory that was allocated (positive) or freed (negative). */
  protected account(role: Role, bytes: number): void {
    this.#live.set(role, (this.#live.get(role) ?? 0) + bytes);
  }

  /** Rejects an allocation that cannot succeed. */
  protected checkFits(label: string, bytes: number): void {
    if (bytes > this.limits.maxBufferBytes) {
      throw new DeviceError(
        "out-of-memory",
        `Cannot allocate "${label}": it needs ${formatBytes(bytes)}, ` +
          `one buffer of this adapter holds ${formatBytes(this.limits.maxBufferBytes)}`,
      );
    }
    if (this.liveBytes + bytes > this.budgetBytes) {
      throw new DeviceError(
        "out-of-memory",
        `Cannot allocate "${label}": it needs ${formatBytes(bytes)} beside ${
          formatBytes(this.liveBytes)
        } ` +
          `in use, the device has ${formatBytes(this.budgetBytes)}`,
      );
    }
  }
}

class State extends Tensor implements Disposable {
  readonly #storage: Storage;

  constructor(shape: Shape, dtype: DType, label: string, storage: Storage) {
    super(shape, dtype, label, { kind: "storage", storage, offset: 0 });
    this.#storage = storage;
  }

  [Symbol.dispose](): void {
    this.#storage[Symbol.dispose]();
  }
}

/** Rejects a recording with inputs or scalars that are not returned, as no run could set them. */
function checkInputs(label: string, rec: Recorder, inputs: PlanInputs): void {
  const returned = new Set<unknown>(
    Object.values(inputs).map((input) =>
      input.role === "input" && input.range.kind === "plan" ? input.range.buffer : input
    ),
  );
  const refuse = (what: string) => {
    throw new TypeError(
      `Cannot plan "${label}": ${what} is recorded but not among the inputs; return it from \`record\``,
    );
  };
  rec.buffers.forEach((buffer, n) => {
    if (buffer.kind === "input" && !returned.has(n)) refuse(`input "${buffer.label}"`);
  });
  for (const scalar of rec.scalars) if (!returned.has(scalar)) refuse(`scalar "${scalar.label}"`);
}

/**
 * Rejects target arrays of the wrong length.
 *
 * @throws {RangeError} naming both lengths
 */
export function checkParts(
  ranges: readonly StorageRange[],
  into: readonly NumberArray[],
): void {
  ranges.forEach(({ storage: { label }, length }, i) => {
    if (into[i]?.length === length) return;
    throw new RangeError(
      `Cannot read ${length} elements of "${label}" into memory of ${into[i]?.length ?? 0}`,
    );
  });
}

/**
 * Rejects a range outside its storage, and a disposed storage.
 *
 * @param action verb of the message
 */
export function checkRange(
  action: "read" | "write",
  { storage, offset, length }: StorageRange,
): void {
  const { label, live } = storage;
  if (!live) throw new TypeError(`Cannot ${action} "${label}": it was disposed`);
  if (offset < 0 || offset + length > storage.length) {
    throw new RangeError(
      `Cannot ${action} "${label}": elements ${offset} to ${offset + length} of ${storage.length}`,
    );
  }
}

/**
 * As {@link checkRange} for a range to write; WebGPU writes whole words of two halves, and the end
 * of a storage is padded.
 */
export function checkWrite(range: StorageRange): void {
  checkRange("write", range);
  const { storage, offset, length } = range;
  const { label } = storage;
  const cutsWord = offset % 2 !== 0 || (length % 2 !== 0 && offset + length !== storage.length);
  if (storage.dtype === "f16" && cutsWord) {
    throw new RangeError(
      `Cannot write "${label}": elements ${offset} to ${offset + length} of an f16 storage ` +
        "share a word with others; write from an even element to an even one, or to the end",
    );
  }
}

/** The range of a tensor with its own storage. */
export function rangeOf(tensor: Tensor): StorageRange {
  const { range } = tensor;
  if (range.kind === "plan") {
    throw new TypeError(`Cannot access "${tensor.label}": it is a temporary of a plan`);
  }
  return { storage: range.storage, offset: range.offset, length: tensor.size };
}
