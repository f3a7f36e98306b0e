/**
 * Initial values by kind of parameter, as in the reference's `weights_init`: one rule for all
 * matrices, and for tables unless they have their own, normal projections, gains around 1, biases
 * 0. Values depend on seed, parameter name and element index only, not on layout or device.
 *
 * @module
 */
import {
  type Device,
  fillNormal,
  fillUniform,
  hashName,
  type Init,
  type Parameter,
  type ParameterStore,
  sizeOf,
  writeWeights,
} from "@transformer-xl/runtime/core";
import type { ModelConfig } from "./config.ts";

type InitSection = Pick<ModelConfig, "init" | "initRange" | "initStd" | "projInitStd">;

/** Linear layers, cluster columns, attention biases. */
export function matrixInit(config: InitSection): Init {
  return config.init === "normal"
    ? { kind: "normal", mean: 0, std: config.initStd }
    : { kind: "uniform", range: config.initRange };
}

/**
 * Embedding tables and untied softmax tables. The reference reads `emb_init` and `emb_init_range` and
 * ignores them.
 */
export function tableInit(
  { embInit, embInitRange, ...config }: InitSection & Pick<ModelConfig, "embInit" | "embInitRange">,
): Init {
  return matrixInit({
    ...config,
    init: embInit ?? config.init,
    initRange: embInitRange ?? config.initRange,
  });
}

/** Embedding and softmax projections. */
export function projectionInit(config: InitSection): Init {
  return { kind: "normal", mean: 0, std: config.projInitStd };
}

/** Gains of layer normalisation: N(1, init_std), also with uniform matrices. */
export function gainInit(config: InitSection): Init {
  return { kind: "normal", mean: 1, std: config.initStd };
}

/** The same value everywhere. */
export function constantInit(value: number): Init {
  return { kind: "constant", value };
}

/** The initial values of a parameter: they depend on the seed, its name and the index of an element. */
export function initialValues(
  { name, shape, init }: Parameter,
  seed: number,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(sizeOf(shape));
  const stream = hashName(name);
  if (init.kind === "constant") values.fill(init.value);
  else if (init.kind === "normal") fillNormal(values, seed, stream, init);
  else fillUniform(values, seed, stream, { low: -init.range, high: init.range });
  return values;
}

/** Writes the initial weights of `seed` into an allocated store. */
export function initialise(device: Device, store: ParameterStore, seed: number): void {
  writeWeights(device, store, (parameter) => initialValues(parameter, seed));
}
