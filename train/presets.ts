/**
 * Named settings, overridden by the configuration file and flags. None sets `batchChunk`, which
 * follows from the memory of the device; see {@link fitChunks}.
 *
 * @module
 */

/** Values of one preset, by key of the training schema. */
export type Preset = Readonly<Record<string, string | number | boolean>>;

/** All presets by name. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  /** One to two minutes on any adapter: characters of this repository, or of `--data`. */
  tiny: {
    vocab: "char",
    nLayer: 2,
    nHead: 2,
    dHead: 32,
    dModel: 64,
    dInner: 256,
    dropout: 0,
    lr: 0.03,
    etaMin: 0.001,
    warmupStep: 20,
    maxStep: 1500,
    batchSize: 8,
    tgtLen: 64,
    memLen: 64,
    evalTgtLen: 64,
    evalBatchSize: 8,
    evalMaxSteps: 40,
    evalInterval: 500,
    logInterval: 50,
  },
  /** NVIDIA's base model on WikiText-103: 192 million parameters. */
  "wt103-base": {
    dataset: "wt103",
    adaptive: true,
    roll: true,
    nLayer: 16,
    dModel: 512,
    nHead: 8,
    dHead: 64,
    dInner: 2048,
    dropout: 0.1,
    dropatt: 0,
    lr: 0.01,
    etaMin: 0.001,
    warmupStep: 1000,
    maxStep: 40_000,
    tgtLen: 192,
    memLen: 192,
    evalTgtLen: 192,
    batchSize: 256,
    logInterval: 10,
    evalInterval: 5000,
  },
  /** NVIDIA's large model on WikiText-103: 285 million parameters. */
  "wt103-large": {
    dataset: "wt103",
    adaptive: true,
    roll: true,
    nLayer: 18,
    dModel: 1024,
    nHead: 16,
    dHead: 64,
    dInner: 4096,
    dropout: 0.2,
    dropatt: 0.2,
    initStd: 0.005,
    divVal: 4,
    lr: 0.01,
    etaMin: 0.0001,
    warmupStep: 16_000,
    maxStep: 100_000,
    tgtLen: 384,
    memLen: 384,
    evalTgtLen: 128,
    batchSize: 128,
    logInterval: 100,
    evalInterval: 5000,
  },
};
