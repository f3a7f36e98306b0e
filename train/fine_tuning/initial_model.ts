/**
 * The model of a run before its next step: new, with the weights of another run, or resumed.
 *
 * @module
 */
import {
  createModel,
  extendModel,
  type Model,
  type ModelCheckpoint,
  type ModelConfig,
  modelOfCheckpoint,
} from "@transformer-xl/model";
import type { Device } from "@transformer-xl/runtime";
import type { TrainConfig } from "../config.ts";

/** A checkpoint that gives a new run its weights, and nothing else of its training state. */
export interface InitialWeights {
  /** The checkpoint, whose symbols are the first ones of the text. */
  readonly weightsOf: ModelCheckpoint;
}

/** The checkpoint that is resumed, if one is. */
export function resumedOf(
  from: ModelCheckpoint | InitialWeights | undefined,
): ModelCheckpoint | undefined {
  return from !== undefined && "weightsOf" in from ? undefined : from;
}

/**
 * The model that training starts with.
 *
 * @throws {CheckpointError} when a weight is missing or has another shape
 * @throws {DeviceError} when memory is short, or the device lacks half precision
 */
export async function initialModel(
  device: Device,
  modelConfig: ModelConfig,
  { seed, fp16 }: Pick<TrainConfig, "seed" | "fp16">,
  from: ModelCheckpoint | InitialWeights | undefined,
): Promise<Model> {
  const kind = { training: true, fp16 };
  if (from === undefined) return await createModel(device, modelConfig, { seed, ...kind });
  return "weightsOf" in from
    ? await extendModel(device, from.weightsOf, modelConfig, { seed, ...kind })
    : await modelOfCheckpoint(device, from, { config: modelConfig, ...kind });
}
