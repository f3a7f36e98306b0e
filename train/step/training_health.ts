/**
 * Health checks of a run: finite losses, weights and optimizer state, and applied updates. A
 * failure is reported before a checkpoint is written, so `--restart` always finds a usable state.
 *
 * @module
 */
import { FiniteCheck, WEIGHT_LIMIT } from "@transformer-xl/kernels";
import { DeviceError, type Need } from "@transformer-xl/runtime";
import type { StepMetrics } from "./metric_rings.ts";
import type { TrainStep } from "./train_step.ts";

/** Updates skipped in a row that end a run. */
const MAX_SKIPPED = 50;

/** Health checks of a run. The caller owns it. */
export class TrainingHealth implements Disposable {
  /** Whether there is a checkpoint that `--restart` continues from. */
  saved: boolean;
  readonly #step: TrainStep;
  readonly #check: FiniteCheck;
  #hasLearnt = false;

  private constructor(step: TrainStep, check: FiniteCheck, saved: boolean) {
    this.#step = step;
    this.#check = check;
    this.saved = saved;
  }

  /**
   * Records the check of weights and moments.
   *
   * @param saved whether the run continues from a checkpoint
   * @throws {DeviceError} when memory is short
   */
  static async record(step: TrainStep, saved: boolean): Promise<TrainingHealth> {
    const { device, store } = step.model;
    const weights = store.buffers.flatMap(({ weights, masters }) =>
      masters === weights ? [weights] : [masters, weights]
    );
    const check = await FiniteCheck.record(device, [
      { name: "weights", storages: weights, limit: WEIGHT_LIMIT },
      {
        name: "states of the optimizer",
        storages: Object.values(step.optimizer.states).flatMap(({ buffers }) => buffers),
      },
    ]);
    return new TrainingHealth(step, check, saved);
  }

  /**
   * Checks the numbers of consecutive steps.
   *
   * @param first number of the first one
   * @throws {DeviceError} when a loss is not finite, or too many updates were skipped in a row
   */
  async checkSteps(metrics: readonly StepMetrics[], first: number): Promise<void> {
    const lost = metrics.findIndex(({ lossNats }) => !Number.isFinite(lossNats));
    if (lost >= 0) {
      this.#stop(
        `Cannot continue training: the loss of step ${first + lost} is ${metrics[lost]!.lossNats}`,
        "smaller updates",
      );
    }
    this.#hasLearnt ||= metrics.some(({ applied, gradientNorm }) => applied && gradientNorm > 0);
    const [scale, , skipped] = await this.#step.lossScale?.read() ?? [];
    if (skipped! >= MAX_SKIPPED) {
      this.#stop(
        `Cannot continue training: the last ${skipped} updates were skipped because gradients ` +
          `overflowed, the loss scale is ${scale}`,
        "smaller updates, or full precision",
      );
    }
  }

  /**
   * Checks the loss of an evaluation.
   *
   * @param text which one, for the message
   * @throws {DeviceError} when it is not finite
   */
  checkEvaluation(lossNats: number, text: string): void {
    if (Number.isFinite(lossNats)) return;
    this.#stop(
      `Cannot continue training: the loss of the ${text} is ${lossNats}`,
      "smaller updates",
    );
  }

  /**
   * Checks the state before it is saved.
   *
   * @throws {DeviceError} when weights or optimizer state are not finite, or a fixed loss scale has
   * skipped every update so far
   */
  async checkState(step: number): Promise<void> {
    const failing = await this.#check.failing();
    if (failing !== undefined) {
      this.#stop(
        `Cannot save step ${step}: the ${failing} are no longer finite`,
        "smaller updates",
      );
    }
    const { lossScale } = this.#step;
    if (!lossScale?.fixed || this.#hasLearnt) return;
    const [scale, , skipped] = await lossScale.read();
    this.#stop(
      `Cannot continue training: with the loss scale ${scale}, every gradient up to step ${step} ` +
        (skipped! > 0 ? "overflowed" : "is zero in float16"),
      skipped! > 0 ? "a smaller loss scale" : "a larger loss scale",
    );
  }

  /** Frees the recording. */
  [Symbol.dispose](): void {
    this.#check[Symbol.dispose]();
  }

  #stop(state: string, need: Need): never {
    throw new DeviceError("not-finite", state, {
      need: [need, this.saved ? "the last checkpoint" : "a new run"],
    });
  }
}
