/**
 * Differences between the supported versions of the reference, by name.
 *
 * @module
 */

/** Versions of the reference: of February 2023 and of November 2019. */
export const COMPATS = ["head", "2019"] as const;

/** A version of the reference. */
export type Compat = (typeof COMPATS)[number];

/** Behaviour of a version of the reference. */
export interface CompatRules {
  /** Evaluations fill the memory before the first scored segment. */
  readonly warmsUp: boolean;
  /** The memory is kept from one epoch to the next. */
  readonly keepsMemoryAcrossEpochs: boolean;
  /** The last step is evaluated regardless of the evaluation interval. */
  readonly evaluatesLastStep: boolean;
  /** All ranks draw the dropout masks from one seed; otherwise each rank has its own. */
  readonly sharesMasks: boolean;
  /** LAMB moves tensors whose weights are all zero. */
  readonly movesZeroTensors: boolean;
  /** The cosine schedule starts at step 0; otherwise at the end of the warm-up. */
  readonly startsCosineAtZero: boolean;
  /** With the same length for all, a token sees one row more than the memory has. */
  readonly seesWholeMemory: boolean;
  /** The reported throughput drops two warm-up lines and weights the others by time. */
  readonly weightsThroughput: boolean;
}

/** The rules of every version. */
export const COMPAT_RULES: Readonly<Record<Compat, CompatRules>> = {
  head: {
    warmsUp: true,
    keepsMemoryAcrossEpochs: true,
    evaluatesLastStep: true,
    sharesMasks: true,
    movesZeroTensors: true,
    startsCosineAtZero: false,
    seesWholeMemory: true,
    weightsThroughput: true,
  },
  "2019": {
    warmsUp: false,
    keepsMemoryAcrossEpochs: false,
    evaluatesLastStep: false,
    sharesMasks: false,
    movesZeroTensors: false,
    startsCosineAtZero: true,
    seesWholeMemory: false,
    weightsThroughput: false,
  },
};
