/**
 * Dawn, Chrome's implementation of WebGPU, from the npm package `webgpu`.
 *
 * @module
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { DeviceError, messageOf } from "../../base/errors.ts";
import type { NamedGpu } from "../../gpu/adapter.ts";
import { tryProgram } from "../programs.ts";
import { vulkanAdapters } from "../vulkan_adapters.ts";
import { pacePolls } from "./pace_polls.ts";
import { silently } from "./silence.ts";

/** The package; its hash is in `dawn.lock`. */
export const DAWN_PACKAGE = "npm:webgpu@0.6.2";

/** Variable with the path of the package's `dawn.node`, for machines without the package. */
export const DAWN_VARIABLE = "TXL_DAWN";

/** The part of the native module that is used. */
export interface DawnModule {
  /** A source of adapters, with options in Dawn's words: `backend=null`, `enable-dawn-features=...`. */
  create(options: readonly string[]): GPU;
}

/** Option that enables features under development. */
const EXPERIMENTAL = "enable-dawn-features=allow_unsafe_apis";

const BACKENDS: Readonly<Record<string, string>> = {
  linux: "vulkan",
  darwin: "metal",
  windows: "d3d12",
};

let loaded: Promise<NamedGpu> | undefined;

/** How Dawn is loaded. */
export interface DawnOptions {
  /** Whether the package may be downloaded; true by default. */
  readonly mayDownload?: boolean;
  /** Receives one sentence before a download. */
  readonly notice?: (sentence: string) => void;
}

/**
 * Dawn, loaded once. The package is downloaded at the first use on a machine.
 *
 * @throws {DeviceError} when the package cannot be loaded
 */
export function loadDawn(options: DawnOptions = {}): Promise<NamedGpu> {
  return loaded ??= load(options).catch((cause) => {
    loaded = undefined;
    throw cause;
  });
}

/**
 * The native module itself, for backends that compute nothing.
 *
 * @throws {DeviceError} when the package cannot be loaded
 */
export async function loadDawnModule(options: DawnOptions = {}): Promise<DawnModule> {
  const path = await dawnPath(options);
  try {
    return createRequire(import.meta.url)(path) as DawnModule;
  } catch (cause) {
    throw notLoaded(messageOf(cause).split("\n")[0]!, { cause });
  } finally {
    pacePolls();
  }
}

async function load(options: DawnOptions): Promise<NamedGpu> {
  const dawn = await loadDawnModule(options);
  const backend = BACKENDS[Deno.build.os];
  return new DawnGpu(dawn, [
    ...(backend === undefined ? [] : [`backend=${backend}`]),
    "disable-dawn-features=timestamp_quantization", // steps of 0.1 ms
  ]);
}

/** Path of the native module: that of the variable, or in Deno's cache. */
async function dawnPath({ mayDownload = true, notice }: DawnOptions): Promise<string> {
  const given = Deno.env.get(DAWN_VARIABLE);
  if (given !== undefined && given !== "") return given;
  if (Deno.build.standalone) throw notLoaded("an executable does not contain it");
  const env = { NO_COLOR: "1" };
  let result = await tryProgram(dawnCommand({ mayDownload: false }), { env });
  if (result.code !== 0 && mayDownload) {
    notice?.(`Downloading ${DAWN_PACKAGE}, once`);
    result = await tryProgram(dawnCommand(), { env });
  }
  if (result.code === 0) return fileURLToPath(result.stdout.trim());
  throw notLoaded(reasonIn(result.stderr));
}

/** The program that prints the address of the native module, under the lock file of the package. */
export function dawnCommand({ mayDownload = true }: DawnOptions = {}): readonly string[] {
  return [
    ...[Deno.execPath(), "run", "-q", "--allow-all", "--no-config", "--frozen"],
    `--lock=${fileURLToPath(new URL("dawn.lock", import.meta.url))}`,
    ...(mayDownload ? [] : ["--cached-only"]),
    fileURLToPath(new URL("package_main.ts", import.meta.url)),
    DAWN_PACKAGE,
  ];
}

/** The cause of an uncaught error, without its place. */
function reasonIn(stderr: string): string {
  const cause = /^ *0: (.+?)\.?$/m.exec(stderr) ?? /^error: (?:.*Error: )?(.+?)\.?$/m.exec(stderr);
  return cause?.[1] ?? "no reason was given";
}

function notLoaded(reason: string, options: ErrorOptions = {}): DeviceError {
  return new DeviceError("unsupported", `Cannot load Dawn from ${DAWN_PACKAGE}: ${reason}`, {
    ...options,
    need: "the package of Dawn, or the built-in WebGPU",
  });
}

/**
 * Dawn behind the standard interface. Adapters and devices are held: the binding uses them after
 * they were collected, which ends the program.
 */
class DawnGpu implements NamedGpu {
  readonly implementation = "Dawn";
  readonly #dawn: DawnModule;
  readonly #options: readonly string[];
  readonly #gpu: GPU;
  readonly #held: (GPUAdapter | GPUDevice)[] = [];
  #experimental: DawnGpu | undefined;

  constructor(dawn: DawnModule, options: readonly string[]) {
    this.#dawn = dawn;
    this.#options = options;
    this.#gpu = dawn.create(options);
  }

  /** With what Chrome does not offer to pages yet; created when it is asked for. */
  get experimental(): GPU {
    return this.#experimental ??= this.#options.includes(EXPERIMENTAL)
      ? this
      : new DawnGpu(this.#dawn, [...this.#options, EXPERIMENTAL]);
  }

  getPreferredCanvasFormat(): GPUTextureFormat {
    return this.#gpu.getPreferredCanvasFormat();
  }

  async requestAdapter(options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> {
    const adapter = await silently(() => this.#gpu.requestAdapter(options));
    if (adapter === null) return null;
    this.#held.push(adapter);
    const request = adapter.requestDevice.bind(adapter);
    const requestDevice: GPUAdapter["requestDevice"] = async (descriptor) => {
      const device = await request(descriptor);
      this.#held.push(device);
      takeAnyData(device.queue);
      return device;
    };
    return Object.defineProperties(adapter, {
      requestDevice: { value: requestDevice },
      info: { value: namedInfo(adapter.info) },
    });
  }
}

/**
 * Makes a queue take what the standard lets it write: the binding refuses a `DataView` and ends the
 * program on halves and on shared memory.
 */
function takeAnyData(queue: GPUQueue): void {
  const write = queue.writeBuffer.bind(queue);
  const writeBuffer: GPUQueue["writeBuffer"] = (buffer, at, data, from = 0, size) =>
    write(buffer, at, bytesOf(data as BufferSource, from, size));
  Object.defineProperty(queue, "writeBuffer", { value: writeBuffer });
}

/** Bytes of some elements of a view, or of some bytes of others; a copy of shared ones. */
function bytesOf(data: BufferSource, from: number, size?: number): Uint8Array<ArrayBuffer> {
  const unit = "BYTES_PER_ELEMENT" in data ? data.BYTES_PER_ELEMENT as number : 1;
  const [buffer, start] = ArrayBuffer.isView(data) ? [data.buffer, data.byteOffset] : [data, 0];
  const length = size === undefined ? data.byteLength - from * unit : size * unit;
  const bytes = new Uint8Array(buffer, start + from * unit, length);
  return buffer instanceof ArrayBuffer ? bytes : bytes.slice();
}

/** Dawn describes an adapter by its driver; the other one by its name, which is in `device`. */
function namedInfo(info: GPUAdapterInfo): GPUAdapterInfo {
  const listed = vulkanAdapters().find(({ name }) =>
    name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-") === info.device
  );
  const copied = Object.fromEntries(INFO.map((key) => [key, Reflect.get(info, key)]));
  const description = listed?.name ?? info.description;
  return { ...copied, description } as GPUAdapterInfo;
}

const INFO = [
  ...["vendor", "architecture", "device", "isFallbackAdapter"],
  ...["subgroupMinSize", "subgroupMaxSize", "subgroupMatrixConfigs"],
] as const;
