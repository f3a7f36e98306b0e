/**
 * The training loop, as an async generator of events; printing, logs and exit codes belong to the
 * command line. Epochs repeat until `max_step`, memory carries over between epochs, and the last
 * step is evaluated; `--compat 2019` does neither of the last two. Nothing is read from the device
 * between log lines.
 *
 * @module
 */
import { type EvalResult, Evaluator } from "@transformer-xl/eval";
import type {
  Corpus,
  Memory,
  Model,
  ModelCheckpoint,
  ModelConfig,
  SegmentSource,
  SentencePosition,
} from "@transformer-xl/model";
import {
  type Device,
  type ParameterStore,
  type ProcessGroup,
  SoloGroup,
} from "@transformer-xl/runtime";
import {
  type Progress,
  restoreTraining,
  trainingRecord,
  writeTrainingCheckpoint,
} from "./checkpoint/training_checkpoint.ts";
import type { TrainConfig } from "./config.ts";
import type { CheckpointFiles } from "./checkpoint/checkpoint_files.ts";
import type { EvalEvent, SaveEvent, TrainEvent } from "./events.ts";
import {
  broadcastWeights,
  loadSharedWeights,
  meanLosses,
  sharedSpeed,
} from "./data_parallel/shared_numbers.ts";
import type { RunRequest } from "./data_parallel/request.ts";
import { planRun, type RunPlan, withProcesses } from "./run_plan.ts";
import { continuedProgress } from "./checkpoint/resume.ts";
import { LearningRates } from "./schedule.ts";
import type { StepMetrics } from "./step/metric_rings.ts";
import { evaluateInGroup } from "./data_parallel/evaluate_in_group.ts";
import { saveInGroup, type SaveRequest } from "./checkpoint/save_in_group.ts";
import { firstProgress } from "./checkpoint/first_progress.ts";
import { initialModel, type InitialWeights, resumedOf } from "./fine_tuning/initial_model.ts";
import { profiledSteps, StepProfiler } from "./profile/step_profiler.ts";
import { IntervalMeter } from "./step/interval_meter.ts";
import { StepRunner } from "./profile/step_runner.ts";
import { TrainStep } from "./step/train_step.ts";
import { TrainingHealth } from "./step/training_health.ts";
import { type EndedEpoch, RunSegments, type StepSegment } from "./segments/run_segments.ts";
import { cutStreams, type Streams } from "./segments/streams.ts";

const YIELD_MS = 100; // interval at which signals and the progress line are handled

/** One rank of a training run, with its device and its columns of the batch. */
export class Trainer implements Disposable {
  readonly #group: ProcessGroup;
  readonly #config: TrainConfig;
  readonly #plan: RunPlan;
  readonly #corpus: Corpus;
  readonly #streams: Streams;
  readonly #model: Model;
  readonly #rates: LearningRates;
  #step!: TrainStep;
  #health!: TrainingHealth;
  #evaluator: Evaluator | undefined;
  #runner!: StepRunner;
  #ownRequest: () => RunRequest = () => "none"; // of this process
  #progress: Progress;
  /** Where sentences go on. */
  #place: () => SentencePosition | null;
  /** The loss of the best checkpoint on disk. */
  #bestSavedNats: number | null;

  private constructor(
    model: Model,
    group: ProcessGroup,
    config: TrainConfig,
    corpus: Corpus,
    streams: Streams,
    progress: Progress,
  ) {
    this.#model = model;
    this.#group = group;
    this.#config = config;
    this.#plan = planRun(config, group);
    this.#corpus = corpus;
    this.#streams = streams;
    this.#progress = progress;
    this.#place = () => progress.sentences;
    this.#bestSavedNats = progress.bestLossNats;
    this.#rates = new LearningRates(this.#plan, config, progress);
  }

  /**
   * Allocates and records everything. All ranks create their trainers together and start from the
   * weights of rank 0.
   *
   * @param from a checkpoint to resume, or one that gives a new run its weights
   * @param group the ranks that share the batch; a single process without it
   * @throws {DeviceError} when memory is short, or half precision is requested but not supported
   * @throws {DataError} when the text is too short
   * @throws {CheckpointError} when the checkpoint does not fit
   */
  static async create(
    device: Device,
    settings: TrainConfig,
    modelConfig: ModelConfig,
    corpus: Corpus,
    from?: ModelCheckpoint | InitialWeights,
    group: ProcessGroup = new SoloGroup(),
  ): Promise<Trainer> {
    const config = withProcesses(settings, group.size);
    const checkpoint = resumedOf(from);
    const progress = checkpoint
      ? continuedProgress(trainingRecord(checkpoint), config)
      : firstProgress(config);
    const streams = cutStreams(config, corpus, group);
    using stack = new DisposableStack();
    stack.use(streams.train).readAhead(progress); // while plans are recorded
    const model = await initialModel(device, modelConfig, config, from);
    const trainer = new Trainer(model, group, config, corpus, streams, progress);
    const { trainLengths, evalLengths, step: options } = trainer.#plan;
    const step = await TrainStep.record(model, trainLengths, options, group);
    trainer.#step = step;
    trainer.#runner = new StepRunner(step, group, { isSwapped: config.swapMem });
    if (evalLengths !== undefined) {
      trainer.#evaluator = await Evaluator.create(model, evalLengths);
    }
    trainer.#health = await TrainingHealth.record(step, checkpoint !== undefined);
    if (checkpoint) await restoreTraining(checkpoint, step, progress, streams.train.firstColumn);
    await broadcastWeights(device, group, model.store);
    stack.move();
    return trainer;
  }

  /** Progress of training. */
  get progress(): Progress {
    return this.#progress;
  }

  /** The parameters. */
  get store(): ParameterStore {
    return this.#model.store;
  }

  /** Plans of a step, in order. */
  get plans(): TrainStep["plans"] {
    return this.#step.plans;
  }

  /** Memory of every batch chunk. */
  get memories(): readonly Memory[] {
    return this.#step.memories;
  }

  /** Profiles some of the next steps on rank 0; called on all ranks or on none. */
  profileSteps(): void {
    const steps = profiledSteps(this.#config, this.#progress.step);
    this.#runner.profiler = new StepProfiler(this.#step, steps, this.#group.rank === 0);
  }

  /**
   * Trains until `max_step`, or until `signal` aborts, which still saves.
   *
   * All ranks call it together, and all stop if one receives a signal. If a signal interrupts an
   * evaluation, the state before it is saved, and the evaluation is due on restart.
   *
   * @param files checkpoint files of rank 0; nothing is saved without them
   * @param takeSaveRequest whether this rank received a save request since the last call
   * @throws {DeviceError} when losses or gradients are no longer finite
   * @throws {GroupError} when another rank has ended
   */
  async *train(
    signal: AbortSignal,
    files?: CheckpointFiles,
    takeSaveRequest: () => boolean = () => false,
  ): AsyncGenerator<TrainEvent> {
    this.#ownRequest = () => signal.aborted ? "stop" : takeSaveRequest() ? "save" : "none";
    const { maxStep, logInterval, evalInterval, noEval } = this.#config;
    const runner = this.#runner;
    const { rules } = this.#plan;
    let lastYieldMs = -Infinity; // the first step is followed by a progress event
    const meter = new IntervalMeter();
    if (this.#progress.evaluationDue && !noEval) {
      const { step } = this.#progress;
      if (yield* this.#pause(true, 0, files)) return yield { kind: "interrupted", step };
      meter.restart();
    }
    const from = { ...this.#progress, sentences: this.#place() };
    runner.start(new RunSegments(this.#streams.train, from, maxStep));
    let pending = 0; // steps of this epoch since its last log line
    for (let next = await runner.next(); next !== undefined; next = await runner.next()) {
      const { step, epoch, segment, place, ended } = next;
      if (ended !== undefined) {
        yield* this.#endEpoch(ended);
        pending = 0;
        meter.restart();
      }
      const request = await runner.run(next, this.#rates.of(step), this.#ownRequest);
      pending++;
      this.#rates.follow(step);
      const lastStart = segment.start;
      this.#progress = { ...this.#progress, epoch, step, lastStart, ...this.#rates.state };
      this.#place = place;
      meter.add(segment.targets.length, runner.profiler?.elapsedOf(step));

      const last = step === maxStep;
      const evaluates = step % evalInterval === 0 || last && rules.evaluatesLastStep;
      if (step % logInterval === 0) {
        yield await this.#log(next, pending, meter);
        pending = 0;
        meter.restart();
      }
      const profile = runner.profileAfter(step);
      if (profile !== undefined) yield { kind: "profile", step, profile };
      if (performance.now() - lastYieldMs > YIELD_MS) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        yield { kind: "progress", step };
        lastYieldMs = performance.now();
      }
      const agreed = request();
      if (evaluates || last || agreed !== "none") {
        const pausedMs = performance.now();
        const stops = yield* this.#pause(evaluates && !noEval, pending, files, agreed);
        if (stops) return yield { kind: "interrupted", step };
        meter.resume(pausedMs);
      }
    }
  }

  /**
   * Evaluates the test text with the weights of a checkpoint, which only rank 0 reads.
   *
   * @returns undefined when a signal stopped it
   * @throws {CheckpointError} when it cannot be read
   * @throws {GroupError} when another rank has ended
   */
  async test(path: string): Promise<EvalResult | undefined> {
    const { device, store } = this.#model;
    await loadSharedWeights(device, this.#group, store, path);
    const result = await this.#evaluate(this.#streams.test!, false);
    if (typeof result === "string") return undefined;
    this.#health.checkEvaluation(result.lossNats, "test text");
    return result;
  }

  /** Frees everything. */
  [Symbol.dispose](): void {
    this.#streams.train[Symbol.dispose]();
    this.#evaluator?.[Symbol.dispose]();
    this.#health[Symbol.dispose]();
    this.#step[Symbol.dispose]();
    this.#model[Symbol.dispose]();
  }

  *#endEpoch({ epoch, dropped }: EndedEpoch): Generator<TrainEvent> {
    const { keepsMemoryAcrossEpochs } = this.#plan.rules;
    const keepsMemory = keepsMemoryAcrossEpochs || this.#streams.train.continues;
    if (!keepsMemory) this.memories.forEach((memory) => memory.reset());
    if (dropped.pairs > 0) {
      yield { kind: "dropped", epoch, step: this.#progress.step, ...dropped };
    }
  }

  /** A log line on the last `pending` steps, of which `last` was the last. */
  async #log(last: StepSegment, pending: number, meter: IntervalMeter): Promise<TrainEvent> {
    const { step, epoch, batch, batchCount } = last;
    const { metrics, ownMetrics } = await this.#finiteMetrics(pending);
    // Read after the device is done with these steps.
    const speed = await sharedSpeed(this.#group, meter.read());
    const lr = this.#rates.after(step);
    const dataWaitMs = this.#runner.takeWaitMs();
    const facts = { epoch, step, batch, batchCount, lr };
    return { kind: "log", ...facts, ...speed, dataWaitMs, metrics, ownMetrics };
  }

  /**
   * Evaluates and saves; true when the run has to stop. The evaluation is reported first: a kill
   * before the save repeats it, so none is lost. An interrupted evaluation starts again, after a
   * restart if necessary.
   */
  async *#pause(
    evaluates: boolean,
    pending: number,
    files: CheckpointFiles | undefined,
    requested: RunRequest = "none",
  ): AsyncGenerator<TrainEvent, boolean> {
    await this.#finiteMetrics(pending);
    let request = requested;
    let evaluated: EvalEvent | undefined;
    let isSaved = files === undefined;
    for (let saves = true; evaluates && evaluated === undefined;) {
      const found = request === "none" ? await this.#validate(saves) : request;
      if (typeof found !== "string") evaluated = found;
      else {
        if (files !== undefined && !isSaved) {
          const event = await this.#save(files, { due: true, required: found === "stop" });
          isSaved = event.kind === "checkpoint";
          yield event;
        }
        saves = false; // the state stays the same until the evaluation is done
        if (found === "stop") return true;
      }
      request = "none";
    }
    if (evaluated !== undefined) yield evaluated;
    const stops = request === "stop";
    const required = stops || this.#progress.step >= this.#config.maxStep;
    if (files !== undefined) yield await this.#save(files, { evaluated, required });
    return stops;
  }

  async #validate(saves: boolean): Promise<EvalEvent | RunRequest> {
    const { step, bestLossNats } = this.#progress;
    const result = await this.#evaluate(this.#streams.valid!, saves);
    if (typeof result === "string") return result;
    this.#health.checkEvaluation(result.lossNats, `validation text after step ${step}`);
    this.#rates.observe(result.lossNats);
    const best = bestLossNats === null || result.lossNats < bestLossNats;
    this.#progress = {
      ...this.#progress,
      ...this.#rates.state,
      bestLossNats: best ? result.lossNats : bestLossNats,
    };
    return {
      kind: "eval",
      step,
      index: Math.floor(step / this.#config.evalInterval),
      result,
      best,
    };
  }

  #evaluate(batches: SegmentSource, saves: boolean): Promise<EvalResult | RunRequest> {
    const options = { maxSegments: this.#config.evalMaxSteps, saves };
    return evaluateInGroup(this.#group, this.#evaluator!, batches, this.#ownRequest, options);
  }

  /**
   * Rank 0 writes the state of all ranks; returns when it is on disk, or when an optional write
   * failed.
   */
  async #save(files: CheckpointFiles, request: SaveRequest): Promise<SaveEvent> {
    const { step } = this.#progress;
    await this.#health.checkState(step);
    const { validRows } = this.#step.memories[0]!;
    this.#progress = {
      ...this.#progress,
      sentences: this.#place(),
      filled: validRows,
      evaluationDue: request.due ?? false,
    };
    const { vocabulary, source } = this.#corpus;
    const training = { config: this.#config, progress: this.#progress, text: source.identity };
    const { failure, isWritten, bytes, elapsedMs } = await saveInGroup(
      this.#group,
      files,
      (path) => writeTrainingCheckpoint(path, this.#step, this.#group, vocabulary, training),
      step,
      request,
    );
    if (request.evaluated?.best && isWritten) this.#bestSavedNats = this.#progress.bestLossNats;
    if (failure !== undefined) {
      // The best checkpoint is still an earlier one.
      this.#progress = { ...this.#progress, bestLossNats: this.#bestSavedNats };
      return { kind: "unsaved", step, reason: failure };
    }
    this.#health.saved = true;
    return { kind: "checkpoint", step, path: files.last, bytes, elapsedMs };
  }

  /**
   * Metrics of the last `count` steps; stops a run that cannot recover and keeps its last
   * checkpoint.
   */
  async #finiteMetrics(
    count: number,
  ): Promise<{ readonly metrics: StepMetrics[]; readonly ownMetrics: StepMetrics[] }> {
    if (count === 0) return { metrics: [], ownMetrics: [] }; // all of them were reported already
    const ownMetrics = await this.#runner.metrics(count);
    const metrics = await meanLosses(this.#group, ownMetrics);
    await this.#health.checkSteps(metrics, this.#progress.step - count + 1);
    return { metrics, ownMetrics };
  }
}
