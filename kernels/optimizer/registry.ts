/**
 * The optimizers by name. The names are the values of `--optim`, and everything that depends on the
 * optimizer (states, checkpoints, scalars of a step) follows from this table.
 *
 * @module
 */
import type { Device, ParameterStore } from "@transformer-xl/runtime/core";
import { adagrad } from "./adagrad/mod.ts";
import { adam, adamw } from "./adam/mod.ts";
import { lamb } from "./lamb/mod.ts";
import type { Optimizer, OptimizerDefinition, OptimizerSettings } from "./optimizer.ts";
import { sgd } from "./sgd/mod.ts";

/** Definitions by name; `jitlamb` is the reference's name of a compiled LAMB. */
export const OPTIMIZERS = {
  lamb,
  jitlamb: lamb,
  adam,
  adamw,
  sgd,
  adagrad,
} as const satisfies Readonly<Record<string, OptimizerDefinition>>;

/** Name of an optimizer. */
export type OptimizerName = keyof typeof OPTIMIZERS;

/** Optimizer and its hyperparameters. */
export interface OptimizerChoice extends OptimizerSettings {
  /** Name in the registry. */
  readonly kind: OptimizerName;
}

/** States that an optimizer keeps beside every weight: name and label of the buffers. */
export function optimizerStates(
  { kind, ...settings }: OptimizerChoice,
): Readonly<Record<string, string>> {
  return OPTIMIZERS[kind].states(settings);
}

/**
 * Allocates the states of an optimizer for the parameters of `store`.
 *
 * @throws {DeviceError} when memory is short
 */
export function openOptimizer(
  device: Device,
  store: ParameterStore,
  { kind, ...settings }: OptimizerChoice,
): Optimizer {
  const definition: OptimizerDefinition = OPTIMIZERS[kind];
  using owned = new DisposableStack();
  const states: Record<string, ReturnType<ParameterStore["likeWeights"]>> = {};
  for (const [name, label] of Object.entries(definition.states(settings))) {
    states[name] = store.likeWeights(device, label);
    for (const storage of states[name]) owned.use(storage);
  }
  const { scalars, record } = definition.rule(states, settings);
  const kept = owned.move();
  return { states, scalars, record, [Symbol.dispose]: () => kept.dispose() };
}
