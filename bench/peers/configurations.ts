/**
 * Configurations that peers are compared on.
 *
 * @module
 */
import type { LengthSettings } from "@transformer-xl/model";
import type { PeerModel, Task } from "./peer.ts";

/** Sizes of a comparison. */
export interface PeerConfiguration {
  /** The model. */
  readonly model: PeerModel;
  /** Lengths of a step, by task. */
  readonly lengths: Readonly<Record<Task, LengthSettings>>;
}

/** Words of WikiText-2. */
const WORDS = 33_278;

const same = (lengths: LengthSettings) => ({ train: lengths, eval: lengths });

/** Configurations by name. */
export const CONFIGURATIONS = {
  /** The base model of WikiText-103 over the words of WikiText-2; its evaluation with a full context. */
  base16: {
    model: {
      ...{ vocabSize: WORDS, cutoffs: [], nLayer: 16, nHead: 8, dHead: 64, dModel: 512 },
      ...{ dInner: 2048, dropout: 0.1 },
    },
    lengths: {
      train: { batchSize: 1, tgtLen: 192, memLen: 192 },
      eval: { batchSize: 1, tgtLen: 64, memLen: 640 },
    },
  },
  /** Two layers of the base model: most of the work is the softmax. */
  wide: {
    model: {
      ...{ vocabSize: WORDS, cutoffs: [], nLayer: 2, nHead: 8, dHead: 64, dModel: 512 },
      ...{ dInner: 2048, dropout: 0 },
    },
    lengths: same({ batchSize: 4, tgtLen: 64, memLen: 64 }),
  },
  /** A small model of WikiText-2 with an adaptive softmax, whose training is a golden trajectory. */
  treal: {
    model: {
      ...{ vocabSize: WORDS, cutoffs: [2000, 8000, 16_000], nLayer: 4, nHead: 4, dHead: 32 },
      ...{ dModel: 128, dInner: 512, dropout: 0 },
    },
    lengths: same({ batchSize: 16, tgtLen: 32, memLen: 32 }),
  },
  /** The preset of the quickstart, with the printable characters of ASCII. */
  tiny: {
    model: {
      ...{ vocabSize: 96, cutoffs: [], nLayer: 2, nHead: 2, dHead: 32, dModel: 64 },
      ...{ dInner: 256, dropout: 0 },
    },
    lengths: same({ batchSize: 8, tgtLen: 64, memLen: 64 }),
  },
} as const satisfies Readonly<Record<string, PeerConfiguration>>;

/** Name of a configuration. */
export type ConfigurationName = keyof typeof CONFIGURATIONS;

/** Names of all configurations. */
export const CONFIGURATION_NAMES = Object.keys(CONFIGURATIONS) as [
  ConfigurationName,
  ...ConfigurationName[],
];
