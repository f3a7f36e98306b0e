/**
 * Presets for a processor without a GPU: one to two minutes for `tiny`, up to 40 for the others, on two
 * cores.
 *
 * @module
 */
import type { Preset, Presets } from "./preset.ts";

/** Words of a small corpus, with dropout against its few epochs. */
const WORDS = {
  adaptive: true,
  roll: true,
  nLayer: 4,
  dModel: 128,
  nHead: 4,
  dHead: 32,
  dInner: 512,
  dropout: 0.1,
  dropatt: 0,
  optim: "adam",
  lr: 0.001,
  etaMin: 0.0001,
  warmupStep: 200,
  tgtLen: 64,
  memLen: 64,
  evalTgtLen: 64,
  maxStep: 4000,
  batchSize: 16,
  evalBatchSize: 16,
  logInterval: 50,
  evalInterval: 1000,
} satisfies Preset;

/** Presets for a processor. */
export const SMALL_PRESETS: Presets = {
  /** Characters of this repository, or of `--data`. */
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
  /** The sizes of nanoGPT's run on a processor, here with memory. */
  "shakespeare-char": {
    dataset: "shakespeare",
    nLayer: 4,
    nHead: 4,
    dHead: 32,
    dModel: 128,
    dInner: 512,
    dropout: 0,
    optim: "adam",
    lr: 0.001,
    etaMin: 0.0001,
    warmupStep: 100,
    clip: 1,
    maxStep: 2000,
    batchSize: 12,
    tgtLen: 64,
    memLen: 64,
    evalTgtLen: 64,
    evalBatchSize: 12,
    evalMaxSteps: 40,
    evalInterval: 250,
    logInterval: 50,
  },
  "wt2-small": { ...WORDS, dataset: "wt2" },
  "ptb-small": { ...WORDS, dataset: "ptb", lowerCase: true, dropout: 0.2 },
};
