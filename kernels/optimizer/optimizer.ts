/**
 * Interface of optimizers: their states, the scalars of a step, and the recording of an update.
 * `registry.ts` lists the optimizers.
 *
 * @module
 */
import type { FlatBuffers, ParameterLayout, Recorder, Scalar } from "@transformer-xl/runtime/core";
import type { GradientNorm } from "./clip/mod.ts";
import type { RecordedChunks } from "./flat/chunks.ts";
import type { ParameterRole, RoleOf } from "./groups.ts";

/** Decay of the first and second moments of Adam and LAMB, unless settings give another. */
export const DEFAULT_BETAS = [0.9, 0.999] as const;

/** Hyperparameters of all optimizers; each one lists those it reads. */
export interface OptimizerSettings {
  /**
   * Weight decay; 0 by default. LAMB adds it to the step, Adam, SGD and Adagrad to the gradient;
   * AdamW and Muon shrink the weights by it times the rate.
   */
  readonly weightDecay?: number;
  /**
   * Update tables with sparse gradients at a rate of their own: by rows with Adam, without momentum
   * and decay with SGD; false by default.
   */
  readonly sparse?: boolean;
  /** Momentum; 0 for SGD and 0.95 for Muon by default. */
  readonly momentum?: number;
  /** Decay of the first and second moments; {@link DEFAULT_BETAS} by default. */
  readonly betas?: readonly [number, number];
  /** Added to a denominator; 1e-6 for LAMB, 1e-8 for Adam and AdamW, 1e-10 for Adagrad by default. */
  readonly eps?: number;
  /**
   * Trust ratio of LAMB for a tensor whose weights or update have the norm 0; 1 by default. With
   * 0, as in the reference of 2019, tensors that start at zero never move.
   */
  readonly zeroRatio?: 0 | 1;
}

/** Update rule of one step. */
export interface UpdateRule<S extends string = string> {
  /**
   * Numbers of one step, for the scalars of {@link UpdateRule.record}.
   *
   * @param step steps done, this one included, from 1
   * @param lr learning rate
   * @param sparseLr learning rate of tables with sparse gradients; `lr` by default
   */
  scalars(step: number, lr: number, sparseLr?: number): Readonly<Record<S, number>>;
  /**
   * Records the update of every weight from its gradient times `norm.control[0]`. Where
   * `norm.control[1]` is 0, weights and states keep every bit.
   *
   * @param chunks parameters of the store, or a group of them that has its own `norm`
   * @param scalars those of {@link UpdateRule.scalars}, by name
   */
  record(
    rec: Recorder,
    chunks: RecordedChunks,
    norm: GradientNorm,
    scalars: Readonly<Record<S, Scalar>>,
  ): void;
}

/** A state of an optimizer: a number for every weight of the parameters that have it. */
export interface OptimizerState {
  /** Which they are, and where they lie. */
  readonly layout: ParameterLayout;
  /** Float32 buffers, zero at first. */
  readonly buffers: FlatBuffers;
}

/** States of an optimizer by name; checkpoints store `optimizer.<state>/NAME`. */
export type OptimizerStates = Readonly<Record<string, OptimizerState>>;

/** Optimizer with its states on a device. The caller owns it. */
export interface Optimizer extends UpdateRule, Disposable {
  /** Its states. */
  readonly states: OptimizerStates;
}

/** Declaration of a state. */
export interface StateSpec {
  /** Label of its buffers. */
  readonly label: string;
  /** Parameters that have it; all by default. */
  readonly covers?: (role: ParameterRole) => boolean;
}

/** Definition of an optimizer: one folder, and one line in `registry.ts`. */
export interface OptimizerDefinition {
  /** Settings that it reads; others have no effect. */
  readonly settings: readonly (keyof OptimizerSettings)[];
  /** Its states by name. */
  states(settings: OptimizerSettings): Readonly<Record<string, StateSpec>>;
  /** States that are averages or sums of squares: a checkpoint with a negative one is damaged. */
  readonly squares: readonly string[];
  /** Its rule over given states. */
  rule(states: OptimizerStates, settings: OptimizerSettings, roleOf: RoleOf): UpdateRule;
}
