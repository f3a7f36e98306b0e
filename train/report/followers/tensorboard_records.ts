/**
 * Records of a run for TensorBoard: losses and speeds by step, its configuration as a text, and its
 * settings as hyperparameters.
 *
 * @module
 */
import {
  bitsPerCharacter,
  type EvalResult,
  type LossStyle,
  perplexity,
} from "@transformer-xl/eval";
import { settingsByFlag, type TensorBoardLog } from "@transformer-xl/runtime";
import type { TrainConfig } from "../../config.ts";
import type { EvalEvent, LogEvent } from "../../events.ts";
import type { Facts } from "../history/run_history.ts";
import { hyperparameters, wordOf } from "./hyperparameters.ts";
import { stepNumbers } from "../../step/step_numbers.ts";
import type { RunFollower } from "./run_follower.ts";

/** What a run says at its start. */
export interface RunStart {
  /** Steps done before. */
  readonly step: number;
  /** Settings of training. */
  readonly config: TrainConfig;
  /** Tables of further facts by heading: model, text, machine. */
  readonly tables: Readonly<Record<string, Facts>>;
}

/** Writer of the records. */
export class TensorBoardRecords implements RunFollower {
  readonly #log: TensorBoardLog;
  readonly #style: LossStyle;
  #step = 0;

  constructor(log: TensorBoardLog, style: LossStyle) {
    this.#log = log;
    this.#style = style;
  }

  /** Writes the configuration and the hyperparameters. */
  begin({ step, config, tables }: RunStart): void {
    this.#step = step;
    this.#log.text(step, "configuration", tableText("Settings", settingsByFlag(config)));
    for (const [heading, facts] of Object.entries(tables)) {
      this.#log.text(step, heading.toLowerCase(), tableText(heading, facts));
    }
    const results = ["valid", "test"].flatMap((split) => Object.keys(this.#losses(split, 0)));
    this.#log.start(hyperparameters(config), ["train/loss", ...results]);
  }

  /** Writes a log line. */
  step(event: LogEvent, lossNats: number): void {
    const { step, lr, msPerBatch, tokensPerSecond } = event;
    const { gradientNorm, lossScale, skipped } = stepNumbers(event.metrics);
    this.#step = step;
    this.#log.scalars(step, {
      ...this.#losses("train", lossNats),
      "train/learning_rate": lr,
      ...(gradientNorm !== undefined && { "train/gradient_norm": gradientNorm }),
      "train/loss_scale": lossScale,
      "train/skipped_updates": skipped,
      "train/tokens_per_second": tokensPerSecond,
      "train/ms_per_step": msPerBatch,
    });
  }

  /** Writes a validation. */
  validation({ step, result }: EvalEvent): void {
    this.#log.scalars(step, this.#losses("valid", result.lossNats));
  }

  /** Writes the test, at the last step. */
  test({ lossNats }: EvalResult): void {
    this.#log.scalars(this.#step, this.#losses("test", lossNats));
  }

  /** Writes that the run has finished. */
  summary(): void {
    this.#log.end();
  }

  #losses(split: string, lossNats: number): Record<string, number> {
    return {
      [`${split}/loss`]: lossNats,
      ...(this.#style.characters
        ? { [`${split}/bits_per_character`]: bitsPerCharacter(lossNats) }
        : { [`${split}/perplexity`]: perplexity(lossNats) }),
    };
  }
}

/** A table in Markdown. */
function tableText(heading: string, facts: Facts): string {
  const rows = Object.entries(facts).map(([name, value]) => `| ${name} | ${cell(wordOf(value))} |`);
  return [`| ${heading} | |`, "| --- | --- |", ...rows].join("\n");
}

/** A text as the cell of a table. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
