/**
 * Settings of a run for programs that compare runs.
 *
 * @module
 */
import { flagSpecs, type HyperParameter } from "@transformer-xl/runtime";
import { type TrainConfig, trainSchema } from "../../config.ts";
import type { Facts } from "../history/run_history.ts";

/** Groups of flags whose settings are hyperparameters. */
const HYPERPARAMETERS = new Set(["Model", "Optimization", "Training"]);

/** Further ones. */
const FURTHER: readonly string[] = ["preset", "dataset", "vocab", "fp16", "seed"];

/** All settings by flag, in the order of the help. */
export function settingsOf(config: TrainConfig): Facts {
  const values = new Map<string, unknown>(Object.entries(config));
  return Object.fromEntries(flagSpecs(trainSchema).map(({ name, key }) => [name, values.get(key)]));
}

/** The settings that shape a run, by flag; those without a value are left out. */
export function hyperparameters(config: TrainConfig): Record<string, HyperParameter> {
  const settings = settingsOf(config);
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
