/**
 * A model with the weights of a checkpoint and further rows in its tables.
 *
 * @module
 */
import { type Device, type Parameter, writeArrivingWeights } from "@transformer-xl/runtime/core";
import { type BuildOptions, Model } from "../build.ts";
import { type ModelCheckpoint, readFloats } from "./checkpoint.ts";
import { checkWeight } from "./checkpoint_checks.ts";
import type { ModelConfig } from "../config.ts";
import { initialValues } from "../init.ts";

/** Tables and biases with a row per symbol. */
const ROWS_OF_SYMBOLS = /^(?:word_emb\.emb_layers|crit\.out_layers_(?:weights|biases))\./;

/**
 * Loads the weights of a checkpoint into a model for a larger vocabulary. Its symbols keep their ids
 * and clusters; rows of further symbols lie behind them in the last cluster and have the values that
 * a new model with `seed` has there.
 *
 * @param config the stored configuration with a larger `nToken`; spans and rates may differ too
 * @throws {CheckpointError} when a weight is missing or has another shape
 * @throws {DeviceError} when memory is short, or the device lacks half precision
 */
export async function extendModel(
  device: Device,
  checkpoint: ModelCheckpoint,
  config: ModelConfig,
  { seed = 1111, ...options }: BuildOptions & { readonly seed?: number } = {},
): Promise<Model> {
  const model = Model.allocate(device, config, options);
  try {
    await writeArrivingWeights(
      device,
      model.store,
      (parameter) => extendedValues(checkpoint, parameter, seed),
    );
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
  return model;
}

/** The stored values of a parameter, with initial ones in rows behind them. */
async function extendedValues(
  { file }: ModelCheckpoint,
  parameter: Parameter,
  seed: number,
): ReturnType<typeof readFloats> {
  const { name, shape: [rows = 1, ...rest] } = parameter;
  const stored = file.has(name) ? file.shape(name)[0] ?? 1 : rows;
  const kept = ROWS_OF_SYMBOLS.test(name) ? Math.min(stored, rows) : rows;
  checkWeight(file, name, [kept, ...rest]);
  const values = await readFloats(file, name);
  if (kept === rows) return values;
  const extended = values instanceof Float64Array
    ? Float64Array.from(initialValues(parameter, seed))
    : initialValues(parameter, seed);
  extended.set(values);
  return extended;
}
