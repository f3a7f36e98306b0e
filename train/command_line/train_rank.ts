/**
 * One rank of a run from its opened device to its exit code: trainer, files, logs, events.
 *
 * @module
 */
import {
  type Corpus,
  type ModelCheckpoint,
  type ModelConfig,
  unverifiedLine,
} from "@transformer-xl/model";
import {
  decideOnFirst,
  type Device,
  exists,
  type FlagOrigin,
  NOT_PASSED,
  type ProcessGroup,
  type ProgressLine,
  sweepTemporaries,
  type TextLog,
} from "@transformer-xl/runtime";
import { CheckpointFiles } from "../checkpoint/checkpoint_files.ts";
import type { WorkDirectory } from "../checkpoint/work_directory.ts";
import type { TrainConfig } from "../config.ts";
import { initialLine } from "../fine_tuning/initial_settings.ts";
import type { Interrupt } from "../interrupt.ts";
import { canProfile } from "../profile/step_profiler.ts";
import { writeProfile } from "../profile/write_profile.ts";
import type { Reporter } from "../report/report.ts";
import { RunOutputs } from "../report/run_outputs.ts";
import { TrainingProgress } from "../report/training_progress.ts";
import { noProfile } from "../settings/flag_errors.ts";
import { recordedLines } from "../telemetry/detail_lines.ts";
import type { StartUp } from "../telemetry/start_up.ts";
import { Trainer } from "../trainer.ts";

/** The initial state of every rank. */
export interface Start {
  /** Checked settings. */
  readonly config: TrainConfig;
  /** Origin of every setting. */
  readonly origin: ReadonlyMap<string, FlagOrigin>;
  /** Lines about flags and settings, to print first. */
  readonly notes: readonly string[];
  /** Where `--restart` looks for a checkpoint, or for sub-folders with one. */
  readonly base: string;
  /** The checkpoint that is resumed, or that gives a new run its weights and symbols. */
  readonly source: ModelCheckpoint | undefined;
  /** The checkpoint that is resumed. */
  readonly checkpoint: ModelCheckpoint | undefined;
  /** All ranks. */
  readonly group: ProcessGroup;
  /** Signals. */
  readonly interrupt: Interrupt;
  /** Times of the start. */
  readonly startUp: StartUp;
}

/** Output of a run. */
export interface Outputs {
  /** The log of people. */
  readonly text: TextLog;
  /** The progress line of a terminal. */
  readonly progress: ProgressLine;
  /** Held by rank 0 if files are written. */
  readonly folder: WorkDirectory | undefined;
  /** Whether the run continues in the folder of its checkpoint. */
  readonly continuesLogs: boolean;
}

/**
 * Trains, tests and reports.
 *
 * @returns exit code, as that of the program
 */
export async function trainRank(
  device: Device,
  modelConfig: ModelConfig,
  corpus: Corpus,
  { config, source, checkpoint, group, interrupt, startUp }: Start,
  { text, progress, folder, continuesLogs }: Outputs,
): Promise<number> {
  const { rank } = group;
  if (!config.debug && rank === 0) await sweepTemporaries(config.workDir);
  const from = checkpoint ?? (source && { weightsOf: source });
  device.onPlan = startUp.addPlan;
  startUp.begin("model and plans");
  using trainer = await Trainer.create(device, config, modelConfig, corpus, from, group);
  // An open file would keep its disk space after the next save replaces it.
  source?.[Symbol.dispose]();
  const files = config.debug ? undefined : new CheckpointFiles(config.workDir, {
    saveAll: config.saveAll,
    beforeSave: () => folder?.assertHeld(),
  });
  if (!continuesLogs && rank === 0) await files?.clear();
  const mode = continuesLogs ? "append" : "truncate";
  const facts = { config, model: modelConfig, corpus, device: device.info };
  const { count: parameters } = trainer.store;
  const { step } = trainer.progress;
  await using outputs = await RunOutputs.open(
    { ...facts, parameters, step },
    { rank, mode, text },
  );
  const { reporter } = outputs;
  for (const line of recordedLines({ device, plans: trainer.plans })) text.detail(line);
  interrupt.startSaving(); // before the line about the progress of the run
  if (source) {
    text.write(
      checkpoint
        ? `Continuing from "${checkpoint.path}" at step ${step}`
        : initialLine(source, corpus.vocabulary),
    );
    const unverified = unverifiedLine(source);
    if (unverified !== undefined) text.write(unverified);
  }
  if (config.profile) {
    const isPossible = await decideOnFirst(group, () => Promise.resolve(canProfile(device)));
    if (isPossible) trainer.profileSteps();
    else text.write(noProfile(device.info.adapter), "WARNING");
  }
  startUp.begin("first step");
  try {
    const run = { config, group, interrupt, startUp, text, progress, files };
    return await trainAndTest(trainer, device, reporter, run);
  } catch (error) {
    reporter.failed(error);
    throw error;
  }
}

/** What training and its test need beside the trainer. */
interface Run
  extends
    Pick<Start, "config" | "group" | "interrupt" | "startUp">,
    Pick<Outputs, "text" | "progress"> {
  /** Checkpoint files; undefined where nothing is written. */
  readonly files: CheckpointFiles | undefined;
}

async function trainAndTest(
  trainer: Trainer,
  device: Device,
  reporter: Reporter,
  { config, group, interrupt, startUp, text, progress, files }: Run,
): Promise<number> {
  const { rank } = group;
  const startMs = performance.now();
  const steps = new TrainingProgress({ firstStep: trainer.progress.step, maxStep: config.maxStep });
  const { signal } = interrupt;
  for await (const event of trainer.train(signal, files, interrupt.takeSaveRequest)) {
    if (!startUp.isOver) {
      await device.idle();
      startUp.end();
      reporter.started(startUp);
    }
    reporter.report(event);
    if (steps.follow(event) && progress.shows) progress.update(steps.parts);
    if (event.kind === "profile") {
      const tokens = config.batchSize * config.tgtLen / group.size;
      const facts = { device: device.info.adapter, tokens, ranks: group.size };
      await writeProfile(config.workDir, event.profile, facts, text);
    }
    if (event.kind === "interrupted") return interrupt.exitCode();
  }
  progress.clear();

  const elapsedMs = performance.now() - startMs;
  const best = files?.best;
  if (best !== undefined && !config.noTest && !config.noEval) {
    if (rank === 0) await files!.beginTest();
    if (await decideOnFirst(group, () => exists(best))) {
      const result = await trainer.test(best);
      if (result === undefined) {
        reporter.testInterrupted();
        return interrupt.exitCode();
      }
      reporter.test(result);
    }
  }
  const bestNats = trainer.progress.bestLossNats ?? undefined;
  reporter.summary(elapsedMs, bestNats, config);
  if (rank === 0) await files?.endTest();
  const isPassed = reporter.compare(bestNats, config);
  return await decideOnFirst(group, () => Promise.resolve(isPassed)) ? 0 : NOT_PASSED;
}
