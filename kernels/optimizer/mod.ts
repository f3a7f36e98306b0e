/**
 * Optimizers, gradient clipping and the loss scale.
 *
 * @module
 */
export { FIRST_SCALE, LARGEST_SCALE, LossScale, SCALE_WINDOW } from "./loss_scale/mod.ts";
export { type ParameterRole, roleByShape, type RoleOf } from "./groups.ts";
export { DEFAULT_BETAS } from "./optimizer.ts";
export type {
  Optimizer,
  OptimizerDefinition,
  OptimizerSettings,
  OptimizerState,
  OptimizerStates,
  StateSpec,
  UpdateRule,
} from "./optimizer.ts";
export {
  openOptimizer,
  type OptimizerChoice,
  type OptimizerName,
  OPTIMIZERS,
  optimizerStates,
} from "./registry.ts";
export { recordUpdate, type UpdateOptions, type UpdateResult } from "./update.ts";
export { type MatrixBatch, matrixBatches, type MatrixSource } from "./muon/matrices.ts";
