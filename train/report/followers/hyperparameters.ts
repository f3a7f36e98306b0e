/**
 * Settings of a run for programs that compare runs.
 *
 * @module
 */
import { flagSpecs, type HyperParameter, settingsByFlag } from "@transformer-xl/runtime";
import { type TrainConfig, trainSchema } from "../../config.ts";

/** Groups of flags whose settings are hyperparameters. */
const HYPERPARAMETERS = new Set(["Model", "Optimization", "Training"]);

/** Further ones. */
const FURTHER: readonly string[] = ["preset", "dataset", "vocab", "fp16", "seed"];

/** The settings that shape a run, by flag; those without a value are left out. */
export function hyperparameters(config: TrainConfig): Record<string, HyperParameter> {
  const settings = settingsByFlag(config);
  return Object.fromEntries(
    flagSpecs(trainSchema)
      .filter(({ name, group }) => HYPERPARAMETERS.has(group) || FURTHER.includes(name))
      .map(({ name }) => [name, settings[name]] as const)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, asHyperparameter(value)]),
  );
}

function asHyperparameter(value: unknown): HyperParameter {
  return typeof value === "number" || typeof value === "boolean" ? value : wordOf(value);
}

/** A value as a word: JSON, or a string as it is. */
export function wordOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}
