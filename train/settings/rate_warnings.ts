/**
 * Warnings about unusual learning rates.
 *
 * @module
 */
import type { TrainConfig } from "../config.ts";
import { scheduleOf } from "../run_plan.ts";
import { rateAfter } from "../schedule.ts";

/** One line for each unusual learning-rate setting. */
export function rateWarnings(config: TrainConfig): string[] {
  const { lr, etaMin, scheduler, maxStep, warmupStep } = config;
  const schedule = scheduleOf(config);
  const rate = (step: number) => rateAfter(schedule, step).toExponential(3);
  const warnings: string[] = [];
  if (scheduler === "cosine" && etaMin > lr) {
    warnings.push(
      `warning: --eta_min ${etaMin} is above --lr ${lr}: the rate will rise to ${etaMin}; ` +
        "give --eta_min 0 to let it fall",
    );
  } else if (lr === 0) {
    warnings.push("warning: --lr 0: no weight will change; give a rate above 0 to train");
  }
  if (scheduler !== "inv_sqrt" && warmupStep > maxStep) {
    warnings.push(
      `warning: --max_step ${maxStep} is below --warmup_step ${warmupStep}: the rate ends at ` +
        `${rate(maxStep)} and never reaches --lr ${lr}; lower --warmup_step to get there`,
    );
  }
  if (scheduler === "cosine" && maxStep > schedule.steps && maxStep > warmupStep) {
    warnings.push(
      `warning: --max_step ${maxStep} is past the end of the cosine at step ${schedule.steps}: ` +
        `the rate is ${rate(schedule.steps)} there and ${rate(maxStep)} at the end; give ` +
        `--max_step_scheduler ${maxStep} to stretch the curve`,
    );
  }
  return warnings;
}
