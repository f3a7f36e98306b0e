/**
 * Differences between this implementation and the supported versions of the reference, by name.
 *
 * @module
 */
import { z } from "zod";

/**
 * What a run follows: the papers, which is the reference of February 2023 with its accidents
 * repaired; that reference exactly; or its first release, of November 2019.
 */
export const COMPATS = ["none", "head", "2019"] as const;

/** What a run follows. */
export type Compat = (typeof COMPATS)[number];

/** {@link Compat} in a file; `head` in older ones without this field. */
export const storedCompat: z.ZodDefault<z.ZodEnum<{ none: "none"; head: "head"; "2019": "2019" }>> =
  z.enum(COMPATS).default("head");

/** Behaviour of a version. */
export interface CompatRules {
  /** Evaluations fill the memory before the first scored segment. */
  readonly warmsUp: boolean;
  /** The memory is kept from one epoch to the next, though another text precedes it. */
  readonly keepsMemoryAcrossEpochs: boolean;
  /**
   * Sentences that leave a batch incomplete are kept: columns go on with the next file of training,
   * and evaluations score them as far as they fill rows of all columns.
   */
  readonly keepsSentences: boolean;
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
  /** A repetition of an evaluation starts with the memory that the one before left. */
  readonly keepsMemoryAcrossRepetitions: boolean;
  /** Without memory, evaluations during training have what targets lose as extended context. */
  readonly extendsEvaluation: boolean;
  /** Pre-norm normalises the rows of the queries too, in attention types 2 and 3. */
  readonly normalisesQueries: boolean;
  /** Memory rows keep the positions added to them, in attention types 2 and 3. */
  readonly keepsPositions: boolean;
  /** Distances are clamped to the same value in every attention type. */
  readonly clampsEveryKind: boolean;
  /** Distances beyond the tables of attention types 1 and 3 read the farthest row. */
  readonly extendsTables: boolean;
  /** The reported throughput drops another warm-up measurement and weights the others by time. */
  readonly weightsThroughput: boolean;
  /** Byte pairs: white space around a text is lost, and line ends are line feeds. */
  readonly stripsBytePairs: boolean;
  /** An adaptive softmax has the cutoffs of words for byte pairs too, and a cluster of no symbol. */
  readonly cutsBytePairsAsWords: boolean;
  /** Records for DLLogger have the reference's errors, and a resumed run replaces them. */
  readonly repeatsRecordErrors: boolean;
}

/** The rules of every version. */
export const COMPAT_RULES: Readonly<Record<Compat, CompatRules>> = {
  none: {
    warmsUp: true,
    keepsMemoryAcrossEpochs: false,
    keepsSentences: true,
    evaluatesLastStep: true,
    sharesMasks: false,
    movesZeroTensors: true,
    startsCosineAtZero: false,
    seesWholeMemory: true,
    keepsMemoryAcrossRepetitions: false,
    extendsEvaluation: true,
    normalisesQueries: true,
    keepsPositions: false,
    clampsEveryKind: true,
    extendsTables: true,
    weightsThroughput: true,
    stripsBytePairs: false,
    cutsBytePairsAsWords: false,
    repeatsRecordErrors: false,
  },
  head: {
    warmsUp: true,
    keepsMemoryAcrossEpochs: true,
    keepsSentences: false,
    evaluatesLastStep: true,
    sharesMasks: true,
    movesZeroTensors: true,
    startsCosineAtZero: false,
    seesWholeMemory: true,
    keepsMemoryAcrossRepetitions: true,
    extendsEvaluation: false,
    normalisesQueries: false,
    keepsPositions: true,
    clampsEveryKind: false,
    extendsTables: false,
    weightsThroughput: true,
    stripsBytePairs: true,
    cutsBytePairsAsWords: true,
    repeatsRecordErrors: true,
  },
  "2019": {
    warmsUp: false,
    keepsMemoryAcrossEpochs: false,
    keepsSentences: false,
    evaluatesLastStep: false,
    sharesMasks: false,
    movesZeroTensors: false,
    startsCosineAtZero: true,
    seesWholeMemory: false,
    keepsMemoryAcrossRepetitions: true,
    extendsEvaluation: false,
    normalisesQueries: false,
    keepsPositions: true,
    clampsEveryKind: false,
    extendsTables: false,
    weightsThroughput: false,
    stripsBytePairs: true,
    cutsBytePairsAsWords: true,
    repeatsRecordErrors: true,
  },
};
