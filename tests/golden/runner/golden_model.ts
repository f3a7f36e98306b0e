/**
 * The network of a case: its shape from `config`, its weights from `p/<name>` or the generator.
 *
 * @module
 */
import { type Compat, type Lengths, Model, type ModelConfig } from "@transformer-xl/model";
import {
  ConfigError,
  DataError,
  type Device,
  gradientsOf,
  type ParameterStore,
  readParameters,
  sizeOf,
  weightsOf,
  writeWeights,
} from "@transformer-xl/runtime";
import type { CaseConfig, GeneratorInit } from "./case_schema.ts";
import type { Floats, GoldenCase } from "./golden_case.ts";
import { generatedWeights } from "./weight_generator.ts";

/** What a case says of its network. */
export interface NetworkRecord {
  /** Settings. */
  readonly config: CaseConfig;
  /** Of the weight generator. */
  readonly seed: number;
  /** Of the weight generator. */
  readonly init?: GeneratorInit | undefined;
  /** Which version of the reference. */
  readonly semantics: "HEAD" | "2019";
}

/** A network with its parameters on a device. */
export interface GoldenModel extends Disposable {
  /** Its parameters. */
  readonly store: ParameterStore;
  /** Its forward pass. */
  readonly model: Model;
  /** Its device. */
  readonly device: Device;
}

/** The model configuration of a case. */
export function configOf({ config, semantics }: NetworkRecord): ModelConfig {
  const { d_embed = -1, d_model, attn_type, tgt_len, ext_len, mem_len } = config;
  return {
    nToken: config.n_token,
    nLayer: config.n_layer,
    nHead: config.n_head,
    dHead: config.d_head,
    dModel: d_model,
    dInner: config.d_inner,
    dEmbed: d_embed < 0 ? d_model : d_embed,
    divVal: config.div_val,
    cutoffs: config.cutoffs,
    tieProjs: config.tie_projs,
    tieWeight: config.tie_weight,
    attnType: attn_type,
    untieR: false,
    positionRows: attn_type === 1 || attn_type === 3 ? tgt_len + ext_len + mem_len : 0,
    preLnorm: config.pre_lnorm,
    clampLen: config.clamp_len,
    sameLength: config.same_length,
    dropout: config.dropout,
    dropatt: config.dropatt,
    // Weights are always given; these only complete the configuration.
    init: "normal",
    initRange: 0.1,
    initStd: 0.02,
    embInit: null,
    embInitRange: null,
    projInitStd: 0.01,
    compat: compatOf(semantics),
  };
}

/** The version of the reference as the product names it. */
export function compatOf(semantics: NetworkRecord["semantics"]): Compat {
  return semantics === "HEAD" ? "head" : semantics;
}

/** Lengths of a case for `batchSize` columns. */
export function lengthsOf(config: CaseConfig, batchSize: number): Lengths {
  return { batchSize, tgtLen: config.tgt_len, extLen: config.ext_len, memLen: config.mem_len };
}

/**
 * Builds the network of a case on a device.
 *
 * @throws {DataError} when a stored parameter is not one of the network's, or has another shape
 */
export async function buildModel(
  device: Device,
  golden: GoldenCase,
  record: NetworkRecord,
): Promise<GoldenModel> {
  const config = configOf(record);
  const model = Model.allocate(device, config, { training: true });
  const { store } = model;
  try {
    await loadWeights(device, store, golden, record);
  } catch (error) {
    store[Symbol.dispose]();
    throw error;
  }
  return { store, model, device, [Symbol.dispose]: () => store[Symbol.dispose]() };
}

/** Writes `p/<name>`, or generated values where it is absent. */
export async function loadWeights(
  device: Device,
  store: ParameterStore,
  golden: GoldenCase,
  { seed, init }: NetworkRecord,
): Promise<void> {
  const names = new Set(store.parameters.map(({ name }) => name));
  const unknown = golden.under("p/").find((name) => !names.has(name));
  if (unknown !== undefined) {
    throw new DataError(
      `Cannot load "p/${unknown}" of "${golden.folder}": the network has no such parameter`,
    );
  }
  const stored = new Map<string, Floats>();
  for (const { name, shape } of store.parameters) {
    if (!golden.has(`p/${name}`)) continue;
    const given = golden.shape(`p/${name}`);
    if (given.join() !== shape.join()) {
      throw new DataError(
        `Cannot load "p/${name}" of "${golden.folder}": its shape is [${given}], ` +
          `the network's is [${shape}]`,
      );
    }
    stored.set(name, await golden.floats(`p/${name}`));
  }
  writeWeights(device, store, ({ name, shape }) => {
    const values = stored.get(name);
    if (values !== undefined) return values;
    if (init === undefined) {
      throw new ConfigError(
        `Cannot generate "${name}" of "${golden.folder}": case.json has no "init"`,
      );
    }
    return generatedWeights(name, sizeOf(shape), seed, init);
  });
}

/** Sets all gradients to zero. */
export function clearGradients({ device, store }: GoldenModel): void {
  for (const gradients of gradientsOf(store)) {
    device.write(gradients, 0, new Float32Array(gradients.length));
  }
}

/** Gradients or weights of a network by name. */
export async function readByName(
  { device, store }: Pick<GoldenModel, "device" | "store">,
  which: "gradients" | "weights",
): Promise<Map<string, Floats>> {
  const buffers = which === "gradients" ? gradientsOf(store) : weightsOf(store);
  const values = new Map<string, Floats>();
  for await (const [{ name }, elements] of readParameters(device, store, buffers)) {
    values.set(name, elements);
  }
  return values;
}

/** L2 norm over everything. */
export function normOf(tensors: Iterable<ArrayLike<number>>): number {
  let sum = 0;
  for (const values of tensors) {
    for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  }
  return Math.sqrt(sum);
}

/** Arithmetic mean. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
