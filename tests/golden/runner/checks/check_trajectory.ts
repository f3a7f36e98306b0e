/**
 * Kind `trajectory`: a whole training run with its evaluations, by the trainer.
 *
 * @module
 */
import { type Corpus, openCorpus, WordVocabulary } from "@transformer-xl/model";
import { ConfigError, DataError, type Device } from "@transformer-xl/runtime";
import {
  checkTrainConfig,
  rateOf,
  scheduleOf,
  type TrainConfig,
  Trainer,
  trainSchema,
} from "@transformer-xl/train";
import { z } from "zod";
import type { RecordOf } from "../case_schema.ts";
import { optimizerOf } from "./check_optimizer.ts";
import type { Findings } from "../findings.ts";
import { type GoldenCase, UnsupportedCase } from "../golden_case.ts";
import { compatOf, configOf, loadWeights, readByName } from "../golden_model.ts";
import { filledMemory } from "../segment_plan.ts";
import { isFloat64, limitFor } from "../tolerances.ts";
import { type TrajectoryLimits, trajectoryLimits } from "../trajectory_limits.ts";

/** What a trajectory needs beside its folder. */
export interface TrajectoryOptions {
  /** Folder of the corpus, for cases that do not store their stream. */
  readonly corpusFolder?: string | undefined;
  /** Train in half precision, as `--fp16`. */
  readonly fp16?: boolean | undefined;
  /** Told now and then how far it is. */
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** Checks a case on a device. */
export async function checkTrajectory(
  device: Device,
  golden: GoldenCase,
  record: RecordOf<"trajectory">,
  findings: Findings,
  { corpusFolder, fp16 = false, onProgress }: TrajectoryOptions = {},
): Promise<void> {
  const config = trainConfigOf(record, fp16);
  const schedule = scheduleOf(config);
  const limits = trajectoryLimits(device, record, { fp16 });
  const float64 = !fp16 && isFloat64(device) && record.loss_float64 !== undefined;
  const losses = float64 ? record.loss_float64! : record.loss;
  const validations = new Map(float64 ? record.valid_float64 ?? record.valid : record.valid);
  const corpus = await corpusOf(golden, record, corpusFolder);
  using trainer = await Trainer.create(device, config, configOf(record), corpus);
  await loadWeights(device, trainer.store, golden, record);

  let step = 0;
  const startMs = performance.now();
  for await (const event of trainer.train(new AbortController().signal)) {
    if (event.kind === "eval") {
      const want = validations.get(event.step);
      if (want === undefined) continue;
      const got = event.result.lossNats;
      const limit = limits.validation(event.step);
      findings.compareNumber("validation loss", `step ${event.step}`, got, want, limit);
      validations.delete(event.step);
      continue;
    }
    if (event.kind !== "log") continue;
    step = event.step;
    const i = step - 1;
    const where = `step ${step}`;
    const { lossNats, gradientNorm } = event.metrics[0]!;
    findings.compareNumber("loss", where, lossNats, losses[i]!, limits.loss(step));
    if (record.grad_norm !== undefined) {
      const limit = limits.gradientNorm(step);
      const kind = limit === Infinity ? "later gradient norm" : "gradient norm";
      findings.compareNumber(kind, where, gradientNorm, record.grad_norm[i]!, limit);
    }
    findings.compareNumber("rate used", where, rateOf(schedule, step), record.lr_used[i]!, 1e-12);
    findings.compareNumber("rate printed", where, event.lr, record.lr_printed[i]!, 1e-12);
    if (record.epoch !== undefined) {
      findings.compareExactly("epoch", where, [event.epoch], [record.epoch[i]]);
    }
    await compareState(device, golden, trainer, step, findings, limits);
    if (step % 10 === 0) {
      const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
      onProgress?.(`step ${step} of ${config.maxStep}, loss ${lossNats.toFixed(4)}, ${seconds} s`);
    }
  }
  findings.compareExactly("steps", "end", [step], [record.loss.length]);
  for (const missed of validations.keys()) {
    findings.compareExactly("validations", `step ${missed}`, ["absent"], ["present"]);
  }
}

/** Parameters and memory that the case stores for this step. */
async function compareState(
  device: Device,
  golden: GoldenCase,
  trainer: Trainer,
  step: number,
  findings: Findings,
  limits: TrajectoryLimits,
): Promise<void> {
  const prefix = `step${step}/`;
  if (golden.under(`${prefix}p/`).length > 0) {
    const limit = limits.parameter(step);
    const kind = limit === Infinity ? "later parameter" : "parameter";
    // A step is of the size of the rate, not of the tensor; and where a gradient is nothing but
    // rounding, Adam still takes a step of that size.
    for (const [name, got] of await readByName({ device, store: trainer.store }, "weights")) {
      const want = await golden.floats(`${prefix}p/${name}`);
      const where = `step ${step} ${name}`;
      findings.compareAbsolutely(`${kind} (absolute)`, where, got, want, limitFor(limit, want));
    }
  }
  if (!golden.has(`${prefix}mems`)) return;
  const limit = limits.parameter(step);
  const kind = limit === Infinity ? "later memory" : "memory";
  const [memory, ...others] = trainer.memories;
  if (memory === undefined || others.length > 0) {
    findings.note(`step ${step}: memories of several chunks are not compared`);
    return;
  }
  const want = await golden.floats(`${prefix}mems`);
  findings.compare(kind, `step ${step}`, await filledMemory(memory), want, limitFor(limit, want));
}

/** The run as a training configuration; every step is logged. */
function trainConfigOf(record: RecordOf<"trajectory">, fp16: boolean): TrainConfig {
  const { config, training, optimizer, seed, semantics } = record;
  const { kind, weightDecay, momentum, zeroRatio } = optimizerOf(optimizer, semantics);
  if (zeroRatio === 0 && semantics === "HEAD") {
    throw new UnsupportedCase(
      `optimizer "${optimizer.name}" with semantics "HEAD" is not supported`,
    );
  }
  if (training.roll && semantics === "2019") {
    throw new UnsupportedCase('roll with semantics "2019" is not supported');
  }
  if (!(["cosine", "inv_sqrt", "constant"] as string[]).includes(training.scheduler)) {
    throw new UnsupportedCase(`scheduler "${training.scheduler}" of a trajectory is not supported`);
  }
  const parsed = trainSchema.safeParse({
    fp16,
    compat: compatOf(semantics),
    optim: kind,
    weightDecay,
    mom: momentum,
    lr: optimizer.lr,
    scheduler: training.scheduler,
    maxStepScheduler: training.max_step_scheduler ?? null,
    warmupStep: training.warmup_step,
    etaMin: training.eta_min,
    clip: training.clip,
    maxStep: training.max_step,
    batchSize: training.batch_size,
    batchChunk: training.batch_chunk,
    tgtLen: config.tgt_len,
    extLen: config.ext_len,
    memLen: config.mem_len,
    roll: training.roll,
    seed: training.seed ?? seed,
    logInterval: 1,
    evalInterval: training.eval_interval,
    evalTgtLen: training.eval_tgt_len,
    evalBatchSize: training.eval_batch_size,
    evalMaxSteps: training.eval_max_steps,
    noTest: true,
  });
  if (!parsed.success) {
    throw new ConfigError(`Cannot train as "${record.id}" says: ${z.prettifyError(parsed.error)}`);
  }
  checkTrainConfig(parsed.data);
  return parsed.data;
}

/** The stored streams, or WikiText from `corpusFolder`. */
async function corpusOf(
  golden: GoldenCase,
  { config }: RecordOf<"trajectory">,
  corpusFolder: string | undefined,
): Promise<Corpus> {
  if (golden.has("in/train")) {
    const symbols = Array.from({ length: config.n_token }, (_, id) => String(id));
    const train = await golden.integers("in/train", config.n_token);
    const valid = await golden.integers("in/valid", config.n_token);
    const countsOf = ({ length }: Uint32Array) => ({ tokens: length, lines: 0, unknown: 0 });
    return {
      vocabulary: new WordVocabulary(symbols),
      train,
      valid,
      test: valid,
      counts: { train: countsOf(train), valid: countsOf(valid), test: countsOf(valid) },
      source: {
        dataset: "text",
        files: [golden.folder],
        identity: { split: "files", train: [], valid: [], test: [] },
        leftOut: [],
        key: golden.folder,
        cached: false,
      },
      [Symbol.dispose]: () => {},
    };
  }
  if (corpusFolder === undefined) {
    throw new DataError(
      `Cannot run "${golden.folder}": it stores no text; name the folder of its corpus ` +
        "(wiki.train.tokens, wiki.valid.tokens, wiki.test.tokens) with --data",
    );
  }
  const corpus = await openCorpus({ dataset: "wt2", path: corpusFolder });
  if (corpus.vocabulary.size !== config.n_token) {
    throw new DataError(
      `Cannot run "${golden.folder}" on "${corpusFolder}": the vocabulary has ` +
        `${corpus.vocabulary.size} symbols, the case ${config.n_token}; name its own corpus`,
    );
  }
  return corpus;
}
