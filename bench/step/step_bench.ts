/**
 * Training steps in tokens per second, submitted without awaiting, on generated token ids with the
 * frequencies of words. After each row: the host's share, and the slowest ops.
 *
 * @module
 */
import { clusterShares, createModel, dataSet } from "@transformer-xl/model";
import type { GpuDevice } from "@transformer-xl/runtime";
import {
  modelOf,
  type Preset,
  PRESETS,
  stepOptions,
  trainLengths,
  trainSchema,
  TrainStep,
} from "@transformer-xl/train";
import { zipfSegments } from "../gpu_report/zipf_segments.ts";
import { Bench, type Work } from "../harness/harness.ts";
import { digits } from "../harness/results.ts";
import { slowestOps } from "../harness/slowest_ops.ts";
import { interleave, untilSubmit } from "../harness/timing.ts";

interface Setting {
  readonly preset: Preset;
  readonly nToken: number;
  readonly cutoffs: readonly number[];
  /** Hours on a software driver. */
  readonly needsGpu?: true;
}

/** A word model that two processor cores can step through: 13 million parameters. */
const SMALL_WORDS: Preset = {
  adaptive: true,
  nLayer: 4,
  nHead: 4,
  dHead: 64,
  dModel: 256,
  dInner: 1024,
  tgtLen: 64,
  memLen: 64,
  batchSize: 8,
};

/** The same with the vocabulary of WikiText-2 in one softmax, whole or sampled in training. */
const PLAIN_WORDS: Preset = { ...SMALL_WORDS, adaptive: false };
const SAMPLES = 1024;

const SELF = dataSet("self");
const WT2 = dataSet("wt2");
const WT103 = dataSet("wt103");

const SETTINGS: Readonly<Record<string, Setting>> = {
  "tiny": { preset: PRESETS["tiny"]!, nToken: SELF.vocabularySize, cutoffs: [] },
  "small words": { preset: SMALL_WORDS, nToken: 30_000, cutoffs: [3000, 10_000] },
  "whole softmax of 33,278 words": {
    preset: PLAIN_WORDS,
    nToken: WT2.vocabularySize,
    cutoffs: [],
  },
  "softmax of 33,278 words, 1,024 sampled": {
    preset: { ...PLAIN_WORDS, sampleSoftmax: SAMPLES },
    nToken: WT2.vocabularySize,
    cutoffs: [],
  },
  "wt103-base": {
    preset: PRESETS["wt103-base"]!,
    nToken: WT103.vocabularySize,
    cutoffs: WT103.cutoffs,
    needsGpu: true,
  },
};

const bench = await Bench.open();

for (const [name, setting] of Object.entries(SETTINGS)) {
  const ignore = setting.needsGpu === true && bench.device.info.kind !== "gpu";
  const rounds = 3;
  bench.row(
    `training step, ${name}`,
    { ignore, rounds, sampleMs: 1000 },
    (device) => openStep(device, name, setting),
  );
}

async function openStep(device: GpuDevice, name: string, setting: Setting): Promise<Work> {
  const config = trainSchema.parse(setting.preset);
  const modelConfig = modelOf(config, setting.nToken, setting.cutoffs);
  const model = await createModel(device, modelConfig, { training: true, seed: config.seed });
  const step = await TrainStep.record(model, trainLengths(config), stepOptions(config));
  const segments = zipfSegments(trainLengths(config), setting.nToken, config.seed, 4);
  let steps = 0;
  const run = (): void => {
    step.run(segments[steps++ % segments.length]!, { lr: config.etaMin || 1e-3 });
  };

  const launches = step.plans.reduce((sum, { launchCount }) => sum + launchCount, 0);
  const [host] = await interleave([untilSubmit(device, `${name}, host`, run)], {
    sampleMs: 1,
    rounds: 4,
  });
  console.log(
    `${name}: ${model.store.count} parameters, ${launches} launches; batches, uploads and encoding ` +
      `${digits(host!.medianMs)} ms a step, ${
        digits(host!.medianMs * 1000 / launches)
      } us a launch`,
  );
  if (device.info.features.includes("timestamp-query")) {
    const { plans } = await step.profile(segments[0]!, { lr: 1e-3 });
    for (const line of slowestOps(plans.flatMap(({ ops }) => ops))) console.log(line);
  }
  return {
    run,
    cost: step.cost(clusterShares(modelConfig, segments[0]!.targets)),
    counts: { "tokens/s": config.batchSize * config.tgtLen },
    [Symbol.dispose]() {
      step[Symbol.dispose]();
      model[Symbol.dispose]();
    },
  };
}
