/**
 * Transformer-XL on WebGPU: create or load a model, train it, score and generate text, add ops.
 *
 * Each name here is documented where it is defined. Everything else is exported by the members:
 * `@transformer-xl/runtime` (devices, plans, autograd, files), `@transformer-xl/kernels` (ops),
 * `@transformer-xl/model` (the network and its text), `@transformer-xl/eval` (scoring, generation) and
 * `@transformer-xl/train` (configuration, schedules, the training run). `model/library.md` shows
 * their use.
 *
 * @example A toy model learns to count
 * ```ts
 * import { Batches, createModel, openDevice, TrainStep } from "@transformer-xl/mod";
 * import { assertAlmostEquals, assertLess } from "@std/assert";
 *
 * const tokens = Uint32Array.from({ length: 5000 }, (_, i) => i % 4); // 0 1 2 3 0 1 2 3 ...
 *
 * using device = await openDevice("auto");
 * using model = await createModel(device, { vocabSize: 4, nLayer: 1, dModel: 16 }, { training: true, seed: 1 }); // or loadModel(device, "x.safetensors")
 * using step = await TrainStep.record(model, { batchSize: 2, tgtLen: 8, memLen: 8 }, { optimizer: "adam" });
 * for (const segment of new Batches(tokens, step.lengths).segments()) step.run(segment, { lr: 0.01 }); // counts its own steps and slots
 * const losses = await step.losses();
 *
 * assertAlmostEquals(losses[0]!, Math.log(4), 0.1); // untrained: every symbol is as likely
 * assertLess(losses.at(-1)!, 0.1);
 * ```
 *
 * @module
 */

// Devices, plans and ops: record once, run many times.
export {
  backward,
  defineOp,
  type Device,
  type DeviceChoice,
  kernel,
  openDevice,
  ParameterStore,
  type Plan,
  type Recorder,
  ReferenceDevice,
  type Tensor,
  useWebGpu,
} from "@transformer-xl/runtime";

// User errors, whose messages state the problem and the remedy.
export { CheckpointError, ConfigError, DataError, DeviceError } from "@transformer-xl/runtime";

// Models.
export {
  createModel,
  loadModel,
  Model,
  type ModelConfig,
  type ModelSettings,
  saveModel,
} from "@transformer-xl/model";

// Text: vocabularies, data sets and segments.
export {
  Batches,
  CharacterVocabulary,
  type Corpus,
  openCorpus,
  type Segment,
  type Vocabulary,
  WordVocabulary,
} from "@transformer-xl/model";

// Scoring and generation.
export { type EvalResult, Evaluator, type GeneratedToken, Generator } from "@transformer-xl/eval";

// Training.
export { type StepMetrics, type StepOptions, TrainStep } from "@transformer-xl/train";
