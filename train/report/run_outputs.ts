/**
 * Everything that a run writes beside its text log: the JSON log with its report, records for
 * DLLogger, event files for TensorBoard, and telemetry.
 *
 * @module
 */
import { COMPAT_RULES, type Corpus, isOfCharacters, type ModelConfig } from "@transformer-xl/model";
import {
  type DeviceFacts,
  environmentOf,
  type LogFileOptions,
  settingsByFlag,
  TensorBoardLog,
  type TextLog,
} from "@transformer-xl/runtime";
import { textRecord } from "../checkpoint/training_text.ts";
import type { TrainConfig } from "../config.ts";
import { DllRecords } from "./followers/dll_records.ts";
import type { RunFollower } from "./followers/run_follower.ts";
import { openTelemetry } from "./followers/telemetry_records.ts";
import { TensorBoardRecords } from "./followers/tensorboard_records.ts";
import { type Facts, factsOf } from "./history/run_history.ts";
import { openDllLog, writesFiles } from "./logs.ts";
import { Reporter } from "./report.ts";
import { RunRecords } from "./run_records.ts";

/** What a run is, once its trainer has been created. */
export interface RunFacts {
  /** Settings of training. */
  readonly config: TrainConfig;
  /** The model. */
  readonly model: ModelConfig;
  /** Its parameters. */
  readonly parameters: number;
  /** The text. */
  readonly corpus: Corpus;
  /** What computes. */
  readonly device: DeviceFacts;
  /** Steps done before. */
  readonly step: number;
}

/** Where a rank writes. */
export interface RunPlace extends LogFileOptions {
  /** Number of the process. */
  readonly rank: number;
  /** Console and text log. */
  readonly text: TextLog;
}

/** The outputs of a rank, open until disposed. */
export class RunOutputs implements AsyncDisposable {
  /** Printer of the events of the run. */
  readonly reporter: Reporter;
  readonly #open: AsyncDisposableStack;

  private constructor(reporter: Reporter, open: AsyncDisposableStack) {
    this.reporter = reporter;
    this.#open = open;
  }

  /** Opens the logs and writes what the run is. */
  static async open(facts: RunFacts, { rank, text, ...mode }: RunPlace): Promise<RunOutputs> {
    const { config, model, parameters, corpus, device, step } = facts;
    await using stack = new AsyncDisposableStack();
    const environment = environmentOf(device);
    const textFacts = textRecord(corpus);
    const json = stack.use(await RunRecords.open(config, { rank, text, ...mode }));
    json?.write({ kind: "config", step, config, model, parameters });
    if (!config.noEnv) json?.write({ kind: "environment", ...environment });
    json?.write(textFacts);

    const style = { characters: isOfCharacters(corpus.vocabulary.kind) };
    const followers: RunFollower[] = [];
    const records = stack.use(openDllLog(config, { rank, ...mode }));
    if (records !== undefined) {
      const { repeatsRecordErrors: repeatsErrors } = COMPAT_RULES[config.compat];
      const dll = new DllRecords(records, { ...style, repeatsErrors });
      dll.begin(settingsByFlag(config));
      followers.push(dll);
    }
    if (config.tensorboard && rank === 0 && writesFiles(config)) {
      const firstStep = step === 0 ? 0 : step + 1;
      const log = stack.use(new TensorBoardLog(config.workDir, { ...mode, firstStep }));
      const board = new TensorBoardRecords(log, style);
      const machine: Record<string, Facts> = config.noEnv ? {} : { Machine: { ...environment } };
      const { kind: _kind, ...source } = factsOf(textFacts);
      const tables = { Model: { parameters, ...model }, Text: source, ...machine };
      board.begin({ step, config, tables });
      followers.push(board);
    }
    if (rank === 0) {
      const telemetry = await openTelemetry({ config, parameters, step, adapter: device.adapter });
      if (telemetry !== undefined) followers.push(stack.use(telemetry));
    }
    const reporter = new Reporter(text, json, { ...style, own: rank > 0 }, followers);
    return new RunOutputs(reporter, stack.move());
  }

  /** Writes the last report and closes the logs. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#open.disposeAsync();
  }
}
