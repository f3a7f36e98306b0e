/**
 * Presets of NVIDIA's models on WikiText-103, with the values of its configuration files, and of its
 * regression tests, which stop early on the curve of the whole run and name the perplexity to reach.
 *
 * @module
 */
import type { Preset, Presets } from "./preset.ts";

/** 192 million parameters. */
const BASE: Preset = {
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
};

/** 285 million parameters. */
const LARGE: Preset = {
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
};

/** Presets of NVIDIA's models. */
export const NVIDIA_PRESETS: Presets = {
  "wt103-base": BASE,
  "wt103-base-short": {
    ...BASE,
    maxStep: 5000,
    maxStepScheduler: 40_000,
    targetPerplexity: 43.5,
  },
  "wt103-base-long": {
    ...BASE,
    maxStep: 30_000,
    maxStepScheduler: 40_000,
    targetPerplexity: 24.2,
  },
  "wt103-base-full": { ...BASE, targetPerplexity: 23.4 },
  trainbench: { ...BASE, logInterval: 1, maxStep: 500, maxStepScheduler: 40_000 },
  "wt103-large": LARGE,
  "wt103-large-multinode": {
    ...LARGE,
    lr: 0.02,
    maxStep: 25_000,
    batchSize: 512,
    evalBatchSize: 128,
    evalInterval: 1000,
  },
};
