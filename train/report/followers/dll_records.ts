/**
 * Records of a training run for DLLogger: names and steps are the reference's.
 *
 * @module
 */
import { bitsPerCharacter, type LossStyle, perplexity } from "@transformer-xl/eval";
import type { DllData, DllLog } from "@transformer-xl/runtime";
import type { EvalEvent, LogEvent } from "../../events.ts";
import type { RunFollower, RunSummary } from "./run_follower.ts";

/** How records are written. */
export interface DllRecordStyle extends LossStyle {
  /**
   * Repeats the errors of the reference: batches count from 2, the unit of `valid_elapsed` is
   * minutes while its values are seconds, a character model's summary has a perplexity, and a run
   * without a log line has an infinite loss and no throughput.
   */
  readonly repeatsErrors: boolean;
}

/** Writer of the records. */
export class DllRecords implements RunFollower {
  readonly #log: DllLog;
  readonly #style: DllRecordStyle;

  constructor(log: DllLog, style: DllRecordStyle) {
    this.#log = log;
    this.#style = style;
  }

  /** Writes the settings, by flag, and the units. */
  begin(settings: DllData): void {
    this.#log.write("PARAMETER", settings);
    const { repeatsErrors } = this.#style;
    const units: readonly (readonly [metric: string, unit: string | null])[] = [
      ["train_throughput", "tokens/s"],
      ["train_elapsed", "min"],
      ["valid_elapsed", repeatsErrors ? "min" : "s"],
      [this.#lossName("train", repeatsErrors), null],
      [this.#lossName("valid", repeatsErrors), null],
      ["train_loss", null],
      ["valid_loss", null],
    ];
    for (const [metric, unit] of units) this.#log.metadata(metric, { unit });
  }

  /** Writes a log line. */
  step(event: Omit<LogEvent, "kind" | "metrics" | "ownMetrics">, lossNats: number): void {
    const { epoch, step, batch, lr, msPerBatch, tokensPerSecond } = event;
    this.#log.write([step], {
      epoch,
      train_batch: this.#style.repeatsErrors ? batch + 1 : batch,
      lr,
      "train_time/batch": msPerBatch,
      train_throughput: tokensPerSecond,
      ...this.#losses("train", lossNats),
    });
  }

  /** Writes a validation. */
  validation({ step, result }: Pick<EvalEvent, "step" | "result">): void {
    this.#log.write([step], {
      valid_elapsed: result.elapsedMs / 1000,
      ...this.#losses("valid", result.lossNats),
    });
  }

  /** Writes the summary. */
  summary({ test, elapsedMs, tokensPerSecond, trainLossNats, validLossNats }: RunSummary): void {
    const { repeatsErrors } = this.#style;
    this.#log.write([], {
      ...(test && {
        test_elapsed: test.elapsedMs / 1000,
        ...this.#losses("test", test.lossNats),
      }),
      train_throughput: tokensPerSecond ?? (repeatsErrors ? 0 : null),
      train_elapsed: elapsedMs / 60_000,
      train_loss: trainLossNats ?? (repeatsErrors ? Infinity : null),
      valid_loss: validLossNats ?? null,
      [this.#lossName("valid", repeatsErrors)]: null,
      ...(validLossNats !== undefined && this.#losses("valid", validLossNats, repeatsErrors)),
    });
  }

  #losses(split: string, lossNats: number, alwaysPerplexity = false): DllData {
    const inBits = this.#style.characters && !alwaysPerplexity;
    return {
      [`${split}_loss`]: lossNats,
      [this.#lossName(split, alwaysPerplexity)]: inBits
        ? bitsPerCharacter(lossNats)
        : perplexity(lossNats),
    };
  }

  #lossName(split: string, alwaysPerplexity = false): string {
    const { characters } = this.#style;
    return `${split}_${characters && !alwaysPerplexity ? "bits_per_character" : "perplexity"}`;
  }
}
