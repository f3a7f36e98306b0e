/**
 * The progress of training for a terminal: steps, loss, speed and time left. It has no colors.
 *
 * @module
 */
import { mean } from "@transformer-xl/eval";
import { fixed, formatClock, type ProgressPart } from "@transformer-xl/runtime";
import type { TrainEvent } from "../events.ts";

/** Characters of the bar. */
const BAR_LENGTH = 24;

/** Where a run begins and ends. */
export interface ProgressRange {
  /** Steps done before. */
  readonly firstStep: number;
  /** Steps to be done in all. */
  readonly maxStep: number;
}

/** Follows the events of a run. */
export class TrainingProgress {
  readonly #range: ProgressRange;
  readonly #now: () => number;
  readonly #startMs: number;
  #step: number;
  #speed: readonly [loss: string, tokens: string] | undefined;

  /** @param now clock in milliseconds */
  constructor(range: ProgressRange, now: () => number = () => performance.now()) {
    this.#range = range;
    this.#step = range.firstStep;
    this.#now = now;
    this.#startMs = now();
  }

  /** Takes an event; true if the line changes with it. */
  follow(event: TrainEvent): boolean {
    if (event.kind !== "log" && event.kind !== "progress") return false;
    this.#step = event.step;
    if (event.kind === "log") {
      const lossNats = mean(event.metrics.map(({ lossNats }) => lossNats));
      const tokens = Math.round(event.tokensPerSecond).toLocaleString("en");
      this.#speed = [`loss ${fixed(lossNats, 0, 2)}`, `${tokens} tok/s`];
    }
    return true;
  }

  /**
   * The parts of the line, the least important of the largest rank. Loss and speed are those of the
   * last log line, the time is left by the mean pace so far, evaluations included.
   */
  get parts(): readonly ProgressPart[] {
    const { firstStep, maxStep } = this.#range;
    const share = maxStep === 0 ? 1 : this.#step / maxStep;
    const filled = Math.floor(BAR_LENGTH * share);
    const done = this.#step - firstStep;
    const leftMs = (this.#now() - this.#startMs) / done * (maxStep - this.#step);
    const [loss, tokens] = this.#speed ?? [];
    return [
      { text: `step ${this.#step} / ${maxStep}`, rank: 0 },
      { text: `[${"#".repeat(filled).padEnd(BAR_LENGTH, ".")}]`, rank: 5 },
      { text: `${(100 * share).toFixed(1)}%`, rank: 4 },
      ...(loss === undefined ? [] : [{ text: loss, rank: 1 }]),
      ...(tokens === undefined ? [] : [{ text: tokens, rank: 3 }]),
      ...(done > 0 ? [{ text: `${formatClock(leftMs)} left`, rank: 2 }] : []),
    ];
  }
}
