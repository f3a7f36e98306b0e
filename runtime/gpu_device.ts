/**
 * The GPU executor over WebGPU: pipelines, buffers, errors made loud.
 *
 * @module
 */
import type { DType, HostArray } from "./dtype.ts";
import { bytesPer } from "./dtype.ts";
import { Device } from "./device.ts";
import { checkDriver, countLoopIterations } from "./driver_check.ts";
import { DeviceError, ShaderError } from "./errors.ts";
import type { Executable, Recording, StorageRange } from "./executor.ts";
import { type AdapterChoice, chooseAdapter, messageOf, requestDevice } from "./gpu_adapter.ts";
import { compileGpuPlan } from "./gpu_executable.ts";
import { GpuStorage, upload } from "./gpu_storage.ts";
import { PipelineCache } from "./pipelines.ts";
import { Readback } from "./readback.ts";
import type { Role, Storage } from "./tensor.ts";
import { Workspace } from "./workspace.ts";

const STORAGE_USAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

/** Plans on a GPU, or on a software Vulkan driver. */
export class GpuDevice extends Device {
  /** The WebGPU device. */
  readonly gpu: GPUDevice;
  readonly #pipelines: PipelineCache;
  readonly #workspace: Workspace<GpuStorage>;
  readonly #readback: Readback;
  #fault: DeviceError | undefined;

  private constructor(gpu: GPUDevice, choice: AdapterChoice, readback: Readback) {
    super(
      {
        adapterClass: choice.adapterClass,
        // Kernels pass registers around in groups of 8 lanes; narrower subgroups would be wrong.
        subgroups: choice.features.includes("subgroups") &&
          choice.adapter.info.subgroupMinSize >= 8,
        maxBindingBytes: Math.floor(gpu.limits.maxStorageBufferBindingSize / 256) * 256,
        maxBufferBytes: Math.floor(gpu.limits.maxBufferSize / 256) * 256,
        maxWorkgroups: gpu.limits.maxComputeWorkgroupsPerDimension,
      },
      {
        adapter: choice.name,
        kind: choice.software ? "software" : "gpu",
        features: choice.features,
      },
      // A software driver overcommits, so the machine's memory is the limit; a GPU says no itself.
      choice.software ? Deno.systemMemoryInfo().available : Infinity,
    );
    this.gpu = gpu;
    this.#readback = readback;
    this.#pipelines = new PipelineCache(gpu);
    this.#workspace = new Workspace((label, bytes) =>
      this.allocate({ label, role: "temporary", dtype: "f32", length: bytes / 4 })
    );
    gpu.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      event.preventDefault();
      const reason = error.constructor.name === "GPUOutOfMemoryError"
        ? "out-of-memory"
        : "validation";
      this.#fault ??= new DeviceError(
        reason,
        `Cannot run on "${choice.name}": ${messageOf(error)}`,
      );
    });
    gpu.lost.then(({ reason, message }) => {
      if (reason === "destroyed") return;
      this.#fault ??= new DeviceError(
        "lost",
        `Cannot run on "${choice.name}": device lost: ${message}`,
      );
    });
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
        "Cannot find a GPU adapter: no Vulkan driver answers; run `deno task setup`, or use --device cpu",
      );
    }
    const gpu = await requestDevice(chosen);
    try {
      const readback = await Readback.open(gpu);
      if (chosen.software) checkDriver(chosen.name, await countLoopIterations(gpu, readback));
      return new GpuDevice(gpu, chosen, readback);
    } catch (unfit) {
      gpu.destroy();
      throw unfit;
    }
  }

  override allocate(
    spec: {
      readonly label: string;
      readonly role: Role;
      readonly dtype: DType;
      readonly length: number;
    },
  ): GpuStorage {
    return this.#allocate(spec, STORAGE_USAGE);
  }

  /** A uniform buffer of `bytes`, for the scalars of a plan. */
  allocateUniform(label: string, bytes: number): GpuStorage {
    return this.#allocate(
      { label, role: "scalars", dtype: "u32", length: bytes / 4 },
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
  }

  override write(storage: Storage, offset: number, values: HostArray): void {
    upload(this.gpu.queue, storage as GpuStorage, offset, values);
  }

  override async read(ranges: readonly StorageRange[]): Promise<HostArray[]> {
    this.checkFault();
    const arrays = ranges.map(({ storage, length }) =>
      storage.dtype === "u32" ? new Uint32Array(length) : new Float32Array(length)
    );
    await this.#readback.read(
      ranges.map(({ storage, offset, length }) => ({
        buffer: (storage as GpuStorage).buffer,
        offset: offset * bytesPer(storage.dtype),
        bytes: length * bytesPer(storage.dtype),
      })),
      arrays.map(({ buffer }) => new Uint8Array(buffer)),
    );
    await this.#settle();
    return arrays;
  }

  override async idle(): Promise<void> {
    // Blocks inside the call until the queue is empty; awaiting it would add 10 ms.
    this.gpu.queue.onSubmittedWorkDone().catch(() => {});
    await this.#settle();
  }

  override async compile(recording: Recording): Promise<Executable> {
    this.gpu.pushErrorScope("out-of-memory");
    this.gpu.pushErrorScope("validation");
    try {
      return await compileGpuPlan(this, recording, this.#pipelines, this.#workspace);
    } finally {
      const invalid = await this.gpu.popErrorScope();
      const full = await this.gpu.popErrorScope();
      if (full) {
        throw new DeviceError(
          "out-of-memory",
          `Cannot allocate plan "${recording.label}": ${
            messageOf(full)
          }, ${this.liveBytes} bytes are in use`,
        );
      }
      if (invalid) {
        throw new ShaderError(`Cannot compile plan "${recording.label}": ${messageOf(invalid)}`);
      }
    }
  }

  /** Throws the first error the device reported since it was opened. */
  checkFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  override [Symbol.dispose](): void {
    this.#readback[Symbol.dispose]();
    this.gpu.destroy();
  }

  /** Gives pending error events their turn, then throws if there was one. */
  async #settle(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.checkFault();
  }

  #allocate(
    spec: {
      readonly label: string;
      readonly role: Role;
      readonly dtype: DType;
      readonly length: number;
    },
    usage: GPUBufferUsageFlags,
  ): GpuStorage {
    this.checkFits(spec.label, spec.length * bytesPer(spec.dtype));
    const storage = new GpuStorage(
      this.gpu,
      spec,
      usage,
      (bytes) => this.account(spec.role, -bytes),
    );
    this.account(spec.role, storage.buffer.size);
    return storage;
  }
}
