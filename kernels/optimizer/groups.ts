/**
 * Groups of parameters by their role in a model: what is clipped, orthogonalised or updated at a
 * rate of its own. A model says what its parameters are; optimizers know no names.
 *
 * @module
 */
import type { Parameter } from "@transformer-xl/runtime/core";

/** What a parameter is to an optimizer. */
export interface ParameterRole {
  /**
   * `matrix`: linear maps inside a layer; `embedding`: rows looked up by token, with what projects
   * them; `other`: gains, biases, and what belongs to the softmax alone.
   */
  readonly kind: "matrix" | "embedding" | "other";
  /** Matrices of equal size that a `matrix` holds below each other; 1 by default. */
  readonly stacked?: number;
  /** Whether a sampled softmax leaves most rows without a gradient. */
  readonly sparse?: boolean;
}

/** The role of a parameter. */
export type RoleOf = (parameter: Pick<Parameter, "name" | "shape">) => ParameterRole;

/** The roles of parameters of which only the shapes are known: all with two axes are matrices. */
export function roleByShape({ shape }: Pick<Parameter, "shape">): ParameterRole {
  return { kind: shape.length === 2 ? "matrix" : "other" };
}
