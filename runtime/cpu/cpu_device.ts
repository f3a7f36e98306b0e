/**
 * The executor of `--device cpu`: matrix products and other kernels with vector code run as
 * WebAssembly in threads, all others as the plain loops of the reference executor, in float32.
 *
 * @module
 */
import type { Kernel } from "../record/kernel.ts";
import type { Executable, Recording } from "../plan/executable.ts";
import { totalCost } from "../record/recorder.ts";
import { HOST_LIMITS, type HostMemory, ReferenceDevice } from "../reference/reference_device.ts";
import type { Numbers } from "../tensor/dtype.ts";
import { assemble } from "../wasm/vector_code.ts";
import { SharedMemory } from "./shared_memory.ts";
import { ThreadPool, type Threads } from "./thread_pool.ts";

/** Work of a plan from which on threads are started. */
const THREADED_FLOPS = 1e7;

/** Work of a launch, on average, for which a thread is worth waking: some 20 microseconds. */
const FLOPS_PER_THREAD = 5e5;

/** Most arguments of a launch. */
const MAX_ARGUMENTS = 64;

/**
 * The executor of plans on the cores of a CPU, without GPU and driver. Its memory is shared by
 * threads; memory beyond 4 GiB, and kernels with operands in it, are left to plain loops.
 *
 * @example
 * ```ts
 * import { add, CpuDevice, ONE_THREAD } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new CpuDevice(ONE_THREAD);
 * using plan = await device.plan("sum", (rec) => {
 *   const a = rec.input("a", [2], "f32");
 *   return { inputs: { a }, outputs: { c: add(rec, a, a) } };
 * });
 * plan.run({ a: Float32Array.of(1, 2) });
 * assertEquals([...(await plan.read("c")).c], [2, 4]);
 * ```
 */
export class CpuDevice extends ReferenceDevice {
  readonly #memory = new SharedMemory();
  readonly #pool: ThreadPool;
  readonly #launch: number;
  readonly #modules = new Map<Kernel, number>();
  #warn: ((sentence: string) => void) | undefined;

  /**
   * Opens the executor; threads start with the first plan that has work for them.
   *
   * @param warn receives one sentence when memory of the threads is exhausted
   */
  constructor(threads: Threads, warn: (sentence: string) => void = console.warn) {
    super({
      precision: "f32",
      limits: { ...HOST_LIMITS, fusedAttention: false },
      adapter: "CPU (WebAssembly)",
    });
    this.#warn = warn;
    this.#pool = new ThreadPool(this.#memory, threads);
    this.#launch = this.#memory.allocate(4 * MAX_ARGUMENTS)!;
  }

  /** Binds every command to its memory, and starts the threads if it is much work. */
  override compile(recording: Recording): Promise<Executable> {
    const { flops } = totalCost(recording.nodes);
    if (flops >= THREADED_FLOPS) {
      this.#pool.open(Math.ceil(flops / recording.commands.length / FLOPS_PER_THREAD));
    }
    return super.compile(recording);
  }

  /** Memory of all threads, while there is some. */
  protected override memory(bytes: number): HostMemory {
    const byteOffset = this.#memory.allocate(bytes);
    if (byteOffset === undefined) {
      this.#warn?.(
        "device: the 4 GiB of WebAssembly are exhausted; what is beyond them is computed by plain loops, which " +
          "are slow",
      );
      this.#warn = undefined;
      return super.memory(bytes);
    }
    const free = () => this.#memory.free(byteOffset, bytes);
    return { buffer: this.#memory.buffer, byteOffset, free };
  }

  /** Vector code where the kernel has some for operands like these. */
  protected override bind(
    kernel: Kernel,
    operands: Readonly<Record<string, Numbers>>,
  ): (sizes: Readonly<Record<string, number>>) => void {
    const { vectorCode, bindings, scalars } = kernel;
    const arrays = bindings.map(({ name }) => operands[name] as Float32Array);
    const isOutside = arrays.some(({ buffer }) => buffer instanceof ArrayBuffer);
    const loops = super.bind(kernel, operands);
    if (vectorCode === undefined || isOutside || bindings.some(({ dtype }) => dtype === "f16")) {
      return loops;
    }
    const numbers = [
      ...kernel.constants.map(({ name }) => ({ name, type: "u32" as const })),
      ...scalars.map(({ name, type }) => ({ name, type })),
      ...vectorCode.extra.map((name) => ({ name, type: "u32" as const })),
    ];
    const module = this.#moduleOf(
      kernel,
      () => assemble(vectorCode, { operands: bindings.map(({ name }) => name), numbers }),
    );
    const addresses = arrays.map(({ byteOffset }) => byteOffset);
    const lengths = Object.fromEntries(bindings.map(({ name }, n) => [name, arrays[n]!.length]));
    const { buffer } = this.#memory;
    const ints = new Int32Array(buffer, this.#launch, MAX_ARGUMENTS);
    const floats = new Float32Array(buffer, this.#launch, MAX_ARGUMENTS);
    return (sizes) => {
      const split = vectorCode.split(sizes, this.#pool.count, lengths);
      if (split === undefined) return loops(sizes);
      const { items, ...extra } = split;
      ints.set(addresses);
      let n = addresses.length;
      for (const { name, type } of numbers) {
        const value = sizes[name] ?? (extra as Record<string, number>)[name]!;
        if (type === "f32") floats[n++] = value;
        else ints[n++] = value;
      }
      this.#pool.run(module, this.#launch, items);
    };
  }

  /** Address of a kernel's module: its length, then its bytes. */
  #moduleOf(kernel: Kernel, assembled: () => Uint8Array): number {
    let address = this.#modules.get(kernel);
    if (address === undefined) {
      const bytes = assembled();
      address = this.#memory.allocate(4 + bytes.length);
      if (address === undefined) throw new RangeError("Cannot add a module: memory is exhausted");
      const { buffer } = this.#memory;
      new Uint32Array(buffer, address, 1)[0] = bytes.length;
      new Uint8Array(buffer, address + 4, bytes.length).set(bytes);
      this.#modules.set(kernel, address);
    }
    return address;
  }

  /** Ends the threads. */
  override [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}
