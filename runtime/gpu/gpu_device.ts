/**
 * The WebGPU executor: pipelines, buffers, and reporting of device errors.
 *
 * @module
 */
import { bytesPer, type DType, type HostArray, type NumberArray } from "../tensor/dtype.ts";
import { formatBytes } from "../base/format.ts";
import { checkParts, checkRange, checkWrite, Device } from "../plan/device.ts";
import { availableMemory } from "../base/available_memory.ts";
import { DeviceError, messageOf, ShaderError } from "../base/errors.ts";
import type { Executable, Recording, StorageRange } from "../plan/executable.ts";
import { connect, type Connection, disconnect } from "./connection.ts";
import { type AdapterChoice, chooseAdapter, limitsOf } from "./adapter.ts";
import { compileGpuPlan } from "./gpu_executable.ts";
import { GpuStorage, upload } from "./gpu_buffer.ts";
import type { ByteRange } from "./readback.ts";
import type { Storage, StorageSpec } from "../tensor/tensor.ts";
import { BufferPool } from "./buffer_pool.ts";

/**
 * Plans on a GPU, or on a software Vulkan driver. Errors of WebGPU, which arrive late, are thrown by
 * the next run, read or idle.
 *
 * @example
 * ```ts
 * import { add, chooseAdapter, GpuDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const adapter = await chooseAdapter(navigator.gpu);
 * if (adapter !== undefined) {
 *   using device = await GpuDevice.open(adapter);
 *   using plan = await device.plan("twice", (rec) => {
 *     const x = rec.input("x", [3], "f32");
 *     return { inputs: { x }, outputs: { y: add(rec, x, x) } };
 *   });
 *   plan.run({ x: Float32Array.of(1, 2, 3) });
 *   assertEquals([...(await plan.read("y")).y], [2, 4, 6]);
 * }
 * ```
 */
export class GpuDevice extends Device {
  /** The WebGPU device. */
  readonly gpu: GPUDevice;
  readonly #choice: AdapterChoice;
  readonly #connection: Connection;
  readonly #pool: BufferPool<GpuStorage>;
  readonly #storages = new Set<GpuStorage>();
  #fault: DeviceError | undefined;
  #open = true;

  private constructor(choice: AdapterChoice, connection: Connection) {
    super(
      limitsOf(choice, connection.gpu.limits),
      {
        adapter: choice.name,
        kind: choice.software ? "software" : "gpu",
        features: choice.features,
        ...(choice.implementation !== undefined && { implementation: choice.implementation }),
      },
      // A software driver overcommits, so the machine's memory is the limit; a GPU rejects
      // allocations itself.
      choice.software ? availableMemory() : Infinity,
    );
    this.gpu = connection.gpu;
    this.#choice = choice;
    this.#connection = connection;
    this.#pool = new BufferPool((label, bytes) =>
      this.allocate({ label, role: "temporary", dtype: "f32", length: bytes / 4 })
    );
    connection.owner = {
      failed: (error) => this.report("run", error),
      lost: (message) =>
        this.#fault ??= new DeviceError(
          "lost",
          `Cannot run on "${choice.name}": device lost: ${message}`,
        ),
    };
  }

  /**
   * Opens the most powerful adapter.
   *
   * @throws {DeviceError} when there is no adapter, or it fails its self-tests
   */
  static async open(choice?: AdapterChoice): Promise<GpuDevice> {
    const chosen = choice ?? await chooseAdapter(navigator.gpu);
    if (chosen === undefined) {
      throw new DeviceError(
        "no-adapter",
        "Cannot find a GPU adapter: no Vulkan driver answers",
        { need: "a graphics driver, or no GPU" },
      );
    }
    return new GpuDevice(chosen, await connect(chosen));
  }

  /** Zeroed memory on the adapter. */
  override allocate(
    spec: StorageSpec,
  ): GpuStorage {
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage; // not there in a page without WebGPU
    return this.#allocate(spec, STORAGE | COPY_SRC | COPY_DST);
  }

  /** A uniform buffer of `bytes`, for the scalars of a plan. */
  allocateUniform(label: string, bytes: number): GpuStorage {
    return this.#allocate(
      { label, role: "scalars", dtype: "u32", length: bytes / 4 },
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
  }

  /** Copies elements into memory; they may be changed as soon as this returns. */
  override write(storage: Storage, offset: number, values: NumberArray): void {
    checkWrite({ storage, offset, length: values.length });
    upload(this.gpu.queue, storage as GpuStorage, offset, values);
  }

  /** Copies of several ranges, as they are after everything submitted before this call. */
  override async read(ranges: readonly StorageRange[]): Promise<HostArray[]> {
    this.checkFault();
    for (const range of ranges) checkRange("read", range);
    const words = ranges.map(wholeWordsOf);
    const copies = words.map(({ bytes }) => new Uint8Array(bytes));
    await this.#readWords(words, copies);
    return ranges.map((range, i) => {
      const numbers = numbersIn(range, copies[i]!);
      return numbers instanceof Float16Array ? new Float32Array(numbers) : numbers;
    });
  }

  /** As {@link read}, into memory of the caller. */
  override async readInto(
    ranges: readonly StorageRange[],
    into: readonly NumberArray[],
    arrived?: () => void,
  ): Promise<void> {
    this.checkFault();
    for (const range of ranges) checkRange("read", range);
    const words = ranges.map(wholeWordsOf);
    checkParts(ranges, into);
    const copies = into.map((array, i) =>
      isNative(array, ranges[i]!.storage.dtype) && array.byteLength === words[i]!.bytes
        ? new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
        : new Uint8Array(words[i]!.bytes)
    );
    await this.#readWords(words, copies, arrived);
    ranges.forEach((range, i) => {
      if (copies[i]!.buffer !== into[i]!.buffer) into[i]!.set(numbersIn(range, copies[i]!));
    });
  }

  /** Zeroed memory in the element type of the adapter. */
  override hostArray(dtype: DType, length: number): NumberArray {
    if (dtype === "f16") return new Float16Array(length);
    return dtype === "f32" ? new Float32Array(length) : new Uint32Array(length);
  }

  /** Prepares staging buffers, see {@link Device.reserveReads}. */
  override async reserveReads(bytes: number): Promise<void> {
    try {
      await this.#connection.readback.reserve(bytes);
    } catch (cause) {
      throw new DeviceError(
        "out-of-memory",
        `Cannot prepare reads of ${formatBytes(bytes)} from "${this.info.adapter}": ` +
          messageOf(cause),
        { cause },
      );
    }
  }

  async #readWords(
    words: readonly ByteRange[],
    copies: readonly Uint8Array[],
    arrived?: () => void,
  ): Promise<void> {
    const done = this.#connection.readback.read(words, copies, arrived);
    const lost = await done.then(() => undefined, (reason) => ({ reason }));
    await this.#settle();
    if (lost !== undefined) {
      throw new DeviceError(
        "lost",
        `Cannot read from "${this.info.adapter}": ${messageOf(lost.reason)}`,
        { cause: lost.reason },
      );
    }
  }

  /** Resolves when the queue is empty; rejects with the first error of the device. */
  override async idle(): Promise<void> {
    await this.fence();
    await this.#settle();
  }

  /** Waits for the queue, for timing: see {@link Readback.fence}. Errors are left for {@link idle}. */
  fence(): Promise<void> | undefined {
    return this.#connection.readback.fence();
  }

  /** Pipelines, buffers and bind groups of a recording. */
  override async compile(recording: Recording): Promise<Executable> {
    const { label } = recording;
    this.checkFault();
    const pipelines = await this.#connection.pipelines.all(recording.commands);
    // There is no await between push and pop, so concurrent compilations never see each other's
    // errors.
    this.gpu.pushErrorScope("out-of-memory");
    this.gpu.pushErrorScope("validation");
    let executable: Executable;
    let scopes: readonly Promise<GPUError | null>[];
    try {
      executable = compileGpuPlan(this, recording, pipelines, this.#pool);
    } finally {
      scopes = [this.gpu.popErrorScope(), this.gpu.popErrorScope()];
    }
    const [invalid, full] = await Promise.all(scopes);
    if (!invalid && !full) return executable;
    const inUse = formatBytes(this.liveBytes);
    executable[Symbol.dispose]();
    throw full
      ? new DeviceError(
        "out-of-memory",
        `Cannot allocate plan "${label}": ${messageOf(full)}, ${inUse} are in use`,
      )
      : new ShaderError(`Cannot compile plan "${label}": ${messageOf(invalid)}`);
  }

  /** Stores the first WebGPU error, which the next run, read or idle throws. */
  report(action: string, error: GPUError): void {
    const full = error.constructor.name === "GPUOutOfMemoryError";
    this.#fault ??= new DeviceError(
      full ? "out-of-memory" : "validation",
      `Cannot ${action} on "${this.info.adapter}": ${messageOf(error)}`,
    );
  }

  /**
   * Throws the first error the device reported since it was opened.
   *
   * @throws {DeviceError} that error; also when the device was closed
   */
  checkFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Frees all memory of the device and closes it. */
  override [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    const failed = this.#fault !== undefined;
    this.#fault ??= new DeviceError(
      "lost",
      `Cannot run on "${this.info.adapter}": the device was closed`,
    );
    for (const { buffer } of this.#storages) buffer.destroy();
    disconnect(this.#choice, this.#connection, { failed });
  }

  /** Waits for pending error events, then throws the first error. */
  async #settle(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.checkFault();
  }

  #allocate(
    spec: StorageSpec,
    usage: GPUBufferUsageFlags,
  ): GpuStorage {
    this.checkFits(spec.label, spec.length * bytesPer(spec.dtype));
    const storage = new GpuStorage(
      this.gpu,
      spec,
      usage,
      () => {
        this.account(spec.role, -storage.bytes);
        this.#storages.delete(storage);
      },
    );
    this.#storages.add(storage);
    this.account(spec.role, storage.bytes);
    return storage;
  }
}

/** Whether an array holds the elements of a dtype without conversion. */
function isNative(array: NumberArray, dtype: DType): boolean {
  if (dtype === "f16") return array instanceof Float16Array;
  return dtype === "f32" ? array instanceof Float32Array : array instanceof Uint32Array;
}

/** The numbers of a range in its whole words. */
function numbersIn(
  { storage: { dtype }, offset, length }: StorageRange,
  { buffer }: Uint8Array<ArrayBuffer>,
): HostArray | Float16Array<ArrayBuffer> {
  if (dtype === "u32") return new Uint32Array(buffer);
  if (dtype === "f32") return new Float32Array(buffer);
  return new Float16Array(buffer, 2 * (offset % 2), length);
}

/** The bytes of a range, widened to whole words of two halves. */
function wholeWordsOf({ storage, offset, length }: StorageRange): ByteRange {
  const width = bytesPer(storage.dtype);
  const first = Math.floor(offset * width / 4) * 4;
  const end = Math.ceil((offset + length) * width / 4) * 4;
  return { buffer: (storage as GpuStorage).buffer, offset: first, bytes: end - first };
}
