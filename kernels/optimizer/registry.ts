/**
 * The optimizers by name. The names are the values of `--optim`, and everything that depends on the
 * optimizer (states, checkpoints, scalars of a step) follows from this table.
 *
 * @module
 */
import {
  allocateState,
  ConfigError,
  type Device,
  type ParameterStore,
  partOf,
} from "@transformer-xl/runtime/core";
import { adagrad } from "./adagrad/mod.ts";
import { adam, adamw } from "./adam/mod.ts";
import { lamb } from "./lamb/mod.ts";
import { roleByShape, type RoleOf } from "./groups.ts";
import type {
  Optimizer,
  OptimizerDefinition,
  OptimizerSettings,
  OptimizerState,
  StateSpec,
} from "./optimizer.ts";
import { muon } from "./muon/mod.ts";
import { sgd } from "./sgd/mod.ts";

/** Definitions by name; `jitlamb` is the reference's name of a compiled LAMB. */
export const OPTIMIZERS = {
  lamb,
  jitlamb: lamb,
  adam,
  adamw,
  sgd,
  adagrad,
  muon,
} as const satisfies Readonly<Record<string, OptimizerDefinition>>;

/** Name of an optimizer. */
export type OptimizerName = keyof typeof OPTIMIZERS;

/** Optimizer and its hyperparameters. */
export interface OptimizerChoice extends OptimizerSettings {
  /** Name in the registry. */
  readonly kind: OptimizerName;
}

/** @throws {ConfigError} for a name that is not in the registry */
function definitionOf(kind: OptimizerName): OptimizerDefinition {
  if (Object.hasOwn(OPTIMIZERS, kind)) return OPTIMIZERS[kind];
  throw new ConfigError(
    `Cannot use optimizer ${JSON.stringify(kind)}: expected one of ${
      Object.keys(OPTIMIZERS).join(", ")
    }`,
  );
}

/** States that an optimizer keeps beside the weights, by name. */
export function optimizerStates(
  { kind, ...settings }: OptimizerChoice,
): Readonly<Record<string, StateSpec>> {
  return definitionOf(kind).states(settings);
}

/**
 * Allocates the states of an optimizer for the parameters of `store`.
 *
 * @param roleOf roles of the parameters; by their shapes when left out
 * @throws {ConfigError} for a name that is not in the registry
 * @throws {DeviceError} when memory is short
 */
export function openOptimizer(
  device: Device,
  store: ParameterStore,
  { kind, ...settings }: OptimizerChoice,
  roleOf: RoleOf = roleByShape,
): Optimizer {
  const definition = definitionOf(kind);
  using owned = new DisposableStack();
  const states: Record<string, OptimizerState> = {};
  for (const [name, { label, covers }] of Object.entries(definition.states(settings))) {
    const layout = partOf(store, (parameter) => covers?.(roleOf(parameter)) ?? true);
    const buffers = allocateState(device, layout, label);
    for (const storage of buffers) owned.use(storage);
    states[name] = { layout, buffers };
  }
  const { scalars, record } = definition.rule(states, settings, roleOf);
  const kept = owned.move();
  return { states, scalars, record, [Symbol.dispose]: () => kept.dispose() };
}
