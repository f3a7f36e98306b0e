/**
 * A model on a device: with initial weights, or those of a checkpoint.
 *
 * @module
 */
import { ConfigError, type Device, ParameterStore } from "@transformer-xl/runtime/core";
import { z } from "zod";
import { MAX_LENGTH, MAX_VOCABULARY } from "./settings/bounds.ts";
import { loadWeights, type ModelCheckpoint } from "./checkpoint/checkpoint.ts";
import {
  type ModelConfig,
  modelConfigSchema,
  modelFields,
  type ModelSection,
  resolveModel,
} from "./config.ts";
import { initialise } from "./init.ts";
import { precisionFor, PRECISIONS } from "./precision.ts";
import { assertCutoffs } from "./text/vocabulary/cutoffs.ts";
import type { Vocabulary } from "./text/vocabulary/vocabulary.ts";
import { TransformerXL } from "./transformer_xl.ts";

/** How a model is placed on a device. */
export interface BuildOptions {
  /** Allocate gradients too (default false: weights alone, for scoring). */
  readonly training?: boolean;
  /** Half-precision weights, activations and gradients (default false). */
  readonly fp16?: boolean;
}

/** How a checkpoint becomes a model. */
export interface LoadOptions extends BuildOptions {
  /** Configuration in place of the stored one. */
  readonly config?: ModelConfig;
}

/** A network with parameters on a device. The caller owns it. */
export class Model extends TransformerXL implements Disposable {
  /** The device. */
  readonly device: Device;
  /** The parameters. */
  readonly store: ParameterStore;

  /** Declares the parameters; `model.store.allocate` or {@link Model.allocate} places them. */
  constructor(device: Device, config: ModelConfig, { fp16 = false }: BuildOptions = {}) {
    const store = new ParameterStore({ dtype: PRECISIONS[fp16 ? "fp16" : "fp32"].weights });
    super(store, config, device.limits);
    this.device = device;
    this.store = store;
  }

  /**
   * A model whose parameters are all 0, for weights from another source.
   *
   * @throws {DeviceError} when memory is short, or the device lacks half precision
   */
  static allocate(device: Device, config: ModelConfig, options: BuildOptions = {}): Model {
    return allocated(new Model(device, config, checked(device, options)), options);
  }

  /** Frees weights and gradients. */
  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }
}

/** A model with the symbols it was trained on. */
export class LoadedModel extends Model {
  /** Symbols of the token ids. */
  readonly vocabulary: Vocabulary;

  /** Called by {@link loadModel}. */
  constructor(
    device: Device,
    config: ModelConfig,
    options: BuildOptions,
    vocabulary: Vocabulary,
  ) {
    super(device, config, options);
    this.vocabulary = vocabulary;
  }
}

function checked(device: Device, options: BuildOptions): BuildOptions {
  precisionFor(options.fp16 ?? false, device);
  return options;
}

function allocated<M extends Model>(model: M, { training = false }: BuildOptions): M {
  model.store.allocate(model.device, { gradients: training });
  return model;
}

/** Sizes of a new model; omitted ones have the program's defaults. */
export interface ModelSettings extends Partial<ModelSection> {
  /** Symbols of the vocabulary: token ids are below it. */
  readonly vocabSize: number;
  /** Rows of learned positions (attention types 1 and 3): tgtLen + extLen + memLen of training. */
  readonly positionRows?: number;
}

const settingsSchema = z.strictObject({
  ...modelFields,
  dModel: modelConfigSchema.shape.dModel.default(512),
  vocabSize: z.int().min(2).max(MAX_VOCABULARY),
  positionRows: z.int().min(1).max(3 * MAX_LENGTH).optional(),
});

const HEAD_WIDTH = 64; // of the base and large models, as is a feed-forward layer of 4 D

/**
 * The configuration of a new model. Heads are 64 wide (at most) and together as wide as the model,
 * and a feed-forward layer is four times as wide, unless given.
 *
 * @throws {ConfigError} naming the setting that is wrong
 */
export function modelConfig({ ...given }: ModelSettings): ModelConfig {
  const { dModel = 512, dHead } = given;
  const nHead = given.nHead ?? Math.max(1, Math.ceil(dModel / (dHead ?? HEAD_WIDTH)));
  const widths = {
    nHead,
    dHead: dHead ?? Math.max(1, Math.floor(dModel / nHead)),
    dInner: 4 * dModel,
  };
  const result = settingsSchema.safeParse({ ...widths, ...given });
  if (!result.success) {
    const [{ path, message } = { path: [], message: "" }] = result.error.issues;
    const name = path.join(".");
    const value = JSON.stringify(given[path[0] as keyof ModelSettings]);
    throw new ConfigError(
      name === ""
        ? `Cannot create a model: ${message}`
        : `Cannot create a model with ${name} ${value}: ${message}`,
    );
  }
  const { vocabSize, ...section } = result.data;
  assertCutoffs(section.cutoffs, vocabSize);
  return resolveModel(section, vocabSize, section.cutoffs);
}

/**
 * Creates a model with initial weights.
 *
 * @param settings sizes, see {@link modelConfig}, or a whole configuration
 * @param options `seed` fixes the weights (default 1111)
 * @throws {ConfigError} naming the setting that is wrong
 * @throws {DeviceError} when memory is short, or the device lacks half precision
 * @example
 * ```ts
 * import { createModel } from "@transformer-xl/model";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f32" });
 * using model = await createModel(device, { vocabSize: 10, nLayer: 2, dModel: 32 }, { seed: 7 });
 * const { nHead, dHead, dInner } = model.config;
 * assertEquals([nHead, dHead, dInner], [1, 32, 128]);
 * ```
 */
// deno-lint-ignore require-await -- what it throws must be a rejection, as that of loadModel
export async function createModel(
  device: Device,
  settings: ModelSettings | ModelConfig,
  { seed = 1111, ...options }: BuildOptions & { readonly seed?: number } = {},
): Promise<Model> {
  const config = "nToken" in settings ? settings : modelConfig(settings);
  const model = Model.allocate(device, config, options);
  initialise(device, model.store, seed);
  return model;
}

/**
 * A model with the weights and the vocabulary of an open checkpoint.
 *
 * @param options `config` replaces the stored configuration, for other attention spans
 * @throws {CheckpointError} when a weight is missing or has another shape
 * @throws {DeviceError} when memory is short, or the device lacks half precision
 */
export async function modelOfCheckpoint(
  device: Device,
  checkpoint: ModelCheckpoint,
  { config, ...options }: LoadOptions = {},
): Promise<LoadedModel> {
  const { config: stored, vocabulary } = checkpoint;
  const model = allocated(
    new LoadedModel(device, config ?? stored, checked(device, options), vocabulary),
    options,
  );
  try {
    await loadWeights(device, model.store, checkpoint);
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
  return model;
}
