/**
 * Sessions of ONNX Runtime Web, `npm:onnxruntime-web`, which is loaded when one is opened: by its
 * address, so that neither other programs nor executables contain it.
 *
 * @module
 */
import {
  CheckpointError,
  chooseAdapter,
  DeviceError,
  messageOf,
  oneLine,
  type OnnxContent,
  quoted,
} from "@transformer-xl/runtime";
import {
  onnxPackage,
  type OnnxPackageOptions,
  type OnnxProvider,
} from "./onnx_package/onnx_package.ts";

/** Longest part of a message of the package in one of this program. */
const QUOTED = 160;

/** Element types of tensors that the models of this program have. */
export interface TensorArrays {
  /** Numbers. */
  readonly float32: Float32Array<ArrayBuffer>;
  /** Numbers in half precision. */
  readonly float16: Float16Array<ArrayBuffer>;
  /** Integers. */
  readonly int64: BigInt64Array<ArrayBuffer>;
}

/** A tensor of the package. */
export interface OnnxTensor {
  /** Its elements; throws for a tensor that stays on a GPU. */
  readonly data: TensorArrays[keyof TensorArrays];
  /** Sizes of its axes. */
  readonly dims: readonly number[];
  /** Frees it. */
  dispose(): void;
}

/** The part of the package that is used here. */
interface OnnxRuntimeWeb {
  readonly Tensor: new <T extends keyof TensorArrays>(
    type: T,
    data: TensorArrays[T],
    dims: readonly number[],
  ) => OnnxTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: Record<string, unknown>): Promise<PackageSession>;
  };
  readonly env: { readonly versions: { readonly web?: string } };
}

interface PackageSession {
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

/** The package with one execution provider. */
export class OnnxRuntime {
  /** The execution provider. */
  readonly provider: OnnxProvider;
  readonly #package: OnnxRuntimeWeb;

  private constructor(provider: OnnxProvider, loaded: OnnxRuntimeWeb) {
    this.provider = provider;
    this.#package = loaded;
  }

  /**
   * Loads the package.
   *
   * @throws {DeviceError} when it is not installed, or the provider finds no adapter
   */
  static async load(
    provider: OnnxProvider,
    options: OnnxPackageOptions = {},
  ): Promise<OnnxRuntime> {
    if (provider === "webgpu" && await chooseAdapter(navigator.gpu) === undefined) {
      throw new DeviceError(
        "no-adapter",
        "Cannot run ONNX Runtime on WebGPU: no adapter answers",
        { need: "a graphics driver, or ONNX Runtime on the CPU" },
      );
    }
    const address = await onnxPackage(provider, options);
    try {
      return new OnnxRuntime(provider, await import(address));
    } catch (error) {
      throw new DeviceError(
        "unsupported",
        `Cannot load ONNX Runtime Web: ${oneLine(messageOf(error), QUOTED)}`,
        { need: "the package of ONNX Runtime", cause: error },
      );
    }
  }

  /** Name and version, with the provider. */
  get description(): string {
    const { web = "of unknown version" } = this.#package.env.versions;
    return `ONNX Runtime Web ${web}, ${this.provider}`;
  }

  /** Makes a tensor; its elements are not copied. */
  tensor<T extends keyof TensorArrays>(
    type: T,
    data: TensorArrays[T],
    dims: readonly number[],
  ): OnnxTensor {
    return new this.#package.Tensor(type, data, dims);
  }

  /**
   * Opens a session.
   *
   * @param path name of the model in messages
   * @param resident outputs that the next run reads; they stay on the GPU if there is one
   * @throws {CheckpointError} when the model is damaged
   * @throws {DeviceError} when memory is short, or the package may not read its own files
   */
  async open(
    path: string,
    { model, external }: OnnxContent,
    resident: readonly string[],
  ): Promise<OnnxSession> {
    const places = Object.fromEntries(resident.map((name) => [name, "gpu-buffer"]));
    try {
      const session = await this.#package.InferenceSession.create(model, {
        executionProviders: [this.provider],
        logSeverityLevel: 3, // errors
        ...(external && { externalData: [external] }),
        ...(this.provider === "webgpu" && { preferredOutputLocation: places }),
      });
      return new OnnxSession(path, session);
    } catch (error) {
      const reason = oneLine(messageOf(error), QUOTED);
      if (isShortage(reason)) throw shortage(path, reason, error);
      if (reason.startsWith("no available backend")) {
        const denied = /R(equires \w+ access to "[^"]+")/.exec(messageOf(error))?.[1];
        const why = denied === undefined ? reason : `it r${denied}`;
        throw new DeviceError("unsupported", `Cannot start ONNX Runtime Web: ${why}`, {
          need: "permissions of ONNX Runtime",
          cause: error,
        });
      }
      throw new CheckpointError(
        `Cannot use ONNX file ${quoted(path)}: ONNX Runtime rejects it (${reason})`,
        { need: "an export", cause: error },
      );
    }
  }
}

/** A model that ONNX Runtime runs. The caller owns it. */
export class OnnxSession implements AsyncDisposable {
  readonly #path: string;
  readonly #session: PackageSession;

  /** Called by {@link OnnxRuntime.open}. */
  constructor(path: string, session: PackageSession) {
    this.#path = path;
    this.#session = session;
  }

  /**
   * Runs the model.
   *
   * @throws {DeviceError} when that fails, as when memory is short
   */
  async run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Record<string, OnnxTensor>> {
    try {
      return await this.#session.run(feeds);
    } catch (error) {
      const reason = oneLine(messageOf(error), QUOTED);
      if (isShortage(reason)) throw shortage(this.#path, reason, error);
      throw new DeviceError(
        "validation",
        `Cannot run ONNX file ${quoted(this.#path)}: ${reason}`,
        { need: "an export", cause: error },
      );
    }
  }

  /** Frees the model. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
  }
}

/** Whether a message is one about memory: that of C++, of JavaScript, or of WebAssembly. */
function isShortage(reason: string): boolean {
  return /bad_alloc|out of memory|memory access|allocat/i.test(reason);
}

function shortage(path: string, reason: string, cause: unknown): DeviceError {
  return new DeviceError(
    "out-of-memory",
    `Cannot run ONNX file ${quoted(path)}: memory of ONNX Runtime is short (${reason})`,
    { need: "fewer columns, or shorter segments", cause },
  );
}
