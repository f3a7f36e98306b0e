/**
 * The output of training: the reference's lines on console and in the log file, and one JSON object
 * per event.
 *
 * @module
 */
import {
  compareTargets,
  type EvalResult,
  type LossStyle,
  mean,
  scoredDetail,
  targetLines,
  type Targets,
} from "@transformer-xl/eval";
import type { TextLog } from "@transformer-xl/runtime";
import { HOW_TO_CONTINUE, HOW_TO_TEST_AGAIN } from "../settings/flag_errors.ts";
import type {
  DroppedEvent,
  EvalEvent,
  LogEvent,
  SavedEvent,
  TrainEvent,
  UnsavedEvent,
} from "../events.ts";
import { stepNumbers } from "../step/step_numbers.ts";
import { checkpointDetail, stepDetail } from "../telemetry/detail_lines.ts";
import type { StartUp } from "../telemetry/start_up.ts";
import type { RunFollower } from "./followers/run_follower.ts";
import type { RecordSink } from "./run_records.ts";
import {
  droppedLine,
  skippedLine,
  stepLine,
  summaryLines,
  testLines,
  throughputOf,
  validationLines,
} from "./report_lines.ts";

/** Options of a {@link Reporter}. */
export interface ReportStyle extends LossStyle {
  /** Losses of this process alone, not means over all. */
  readonly own?: boolean;
}

/** Printer of the events of a run. */
export class Reporter {
  readonly #text: TextLog;
  readonly #json: RecordSink | undefined;
  readonly #style: ReportStyle;
  readonly #followers: readonly RunFollower[];
  readonly #lines: LogEvent[] = [];
  #trainLossNats: number | undefined;
  #validationLines: readonly string[] = [];
  #test: EvalResult | undefined;
  #tokensPerSecond: number | undefined;

  constructor(
    text: TextLog,
    json: RecordSink | undefined,
    style: ReportStyle,
    followers: readonly RunFollower[] = [],
  ) {
    this.#text = text;
    this.#json = json;
    this.#style = style;
    this.#followers = followers;
  }

  /** Reports one event. */
  report(event: TrainEvent): void {
    if (event.kind === "log") this.#log(event);
    else if (event.kind === "eval") this.#validation(event);
    else if (event.kind === "checkpoint") this.#checkpoint(event);
    else if (event.kind === "dropped") this.#dropped(event);
    else if (event.kind === "unsaved") this.#unsaved(event);
    else if (event.kind === "interrupted") {
      this.#interrupted(`Interrupted at step ${event.step}; ${HOW_TO_CONTINUE}`);
    }
  }

  /** Reports the start, once the first step is done. */
  started(startUp: Pick<StartUp, "lines" | "phases">): void {
    for (const line of startUp.lines) this.#text.detail(line);
    for (const follower of this.#followers) follower.start?.(startUp.phases);
  }

  /** Reports that a signal stopped the test. */
  testInterrupted(): void {
    this.#interrupted(`Interrupted in the test; ${HOW_TO_TEST_AGAIN}`);
  }

  /** Reports an error that ends the run, to those that follow it; the program prints it. */
  failed(error: unknown): void {
    for (const follower of this.#followers) follower.fail?.(error);
  }

  /** Reports the test at the end. */
  test(result: EvalResult): void {
    const { elapsedMs, lossNats, tokens } = result;
    this.#test = result;
    this.#results(testLines({ elapsedMs, lossNats }, this.#style));
    this.#json?.write({ kind: "test", lossNats, tokens, elapsedMs });
    for (const follower of this.#followers) follower.test?.(result);
  }

  /**
   * Reports how long training took and how fast it was.
   *
   * @param elapsedMs time of the loop, validations included, the test not
   * @param validLossNats smallest validation loss; undefined without a validation
   */
  summary(
    elapsedMs: number,
    validLossNats: number | undefined,
    settings: Parameters<typeof throughputOf>[1],
  ): void {
    const tokensPerSecond = throughputOf(this.#lines, settings);
    this.#tokensPerSecond = tokensPerSecond;
    if (this.#test === undefined) {
      for (const line of this.#validationLines) this.#text.recall(line);
    }
    this.#results(summaryLines({ elapsedMs, tokensPerSecond }));
    this.#json?.write({ kind: "end", elapsedMs, tokensPerSecond });
    const losses = { trainLossNats: this.#trainLossNats, validLossNats, test: this.#test };
    for (const follower of this.#followers) {
      follower.summary({ elapsedMs, tokensPerSecond, ...losses });
    }
  }

  /**
   * Reports how the run compares with its targets, after its summary.
   *
   * @param lossNats smallest validation loss; undefined without a validation
   * @returns whether it reached all of them
   */
  compare(lossNats: number | undefined, targets: Targets): boolean {
    const results = compareTargets({ lossNats, tokensPerSecond: this.#tokensPerSecond }, targets);
    for (const result of results) {
      this.#results(targetLines(result));
      this.#json?.write({ kind: "target", ...result });
    }
    return results.every(({ passed }) => passed);
  }

  #log(event: LogEvent): void {
    this.#lines.push(event);
    const { ownMetrics, ...shown } = event;
    const metrics = this.#style.own ? ownMetrics : event.metrics;
    const lossNats = mean(metrics.map(({ lossNats }) => lossNats));
    this.#text.write(stepLine(event, lossNats, this.#style));
    const skipped = skippedLine({ step: event.step, metrics });
    if (skipped !== undefined) this.#text.write(skipped, "WARNING");
    this.#text.detail(stepDetail(event, stepNumbers(metrics)));
    this.#json?.write({ ...shown, metrics, lossNats });
    for (const follower of this.#followers) follower.step(event, lossNats);
    this.#trainLossNats = lossNats;
  }

  #dropped(event: DroppedEvent): void {
    this.#text.write(droppedLine(event));
    this.#json?.write({ ...event });
  }

  #validation(event: EvalEvent): void {
    const { index, step, result, best } = event;
    const { lossNats, elapsedMs, tokens } = result;
    this.#validationLines = validationLines({ index, step, lossNats, elapsedMs }, this.#style);
    for (const line of this.#validationLines) this.#text.write(line);
    this.#text.detail(scoredDetail(result));
    this.#json?.write({ kind: "eval", step, lossNats, tokens, elapsedMs, best });
    for (const follower of this.#followers) follower.validation(event);
  }

  #checkpoint(event: SavedEvent): void {
    this.#text.detail(checkpointDetail(event));
    this.#json?.write({ ...event });
    for (const follower of this.#followers) follower.save?.(event);
  }

  #unsaved(event: UnsavedEvent): void {
    this.#text.write(
      `${event.reason}; the run goes on and saves again after the next interval`,
      "WARNING",
    );
    this.#json?.write({ ...event });
    for (const follower of this.#followers) follower.save?.(event);
  }

  #interrupted(line: string): void {
    this.#text.result(line);
    for (const follower of this.#followers) follower.interrupt?.();
  }

  #results(lines: readonly string[]): void {
    for (const line of lines) this.#text.result(line);
  }
}
