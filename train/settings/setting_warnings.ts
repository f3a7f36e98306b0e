/**
 * Warnings about given settings that the chosen optimizer or schedule does not read.
 *
 * @module
 */
import {
  type OptimizerDefinition,
  type OptimizerName,
  OPTIMIZERS,
  type OptimizerSettings,
} from "@transformer-xl/kernels";
import type { FlagOrigin } from "@transformer-xl/runtime";
import { type TrainConfig, trainSchema } from "../config.ts";
import { rateWarnings } from "./rate_warnings.ts";

type Setting = keyof TrainConfig;

/** Flags that only some optimizers read. */
const OF_OPTIMIZERS: readonly (readonly [Setting, string, keyof OptimizerSettings])[] = [
  ["mom", "--mom", "momentum"],
  ["weightDecay", "--weight_decay", "weightDecay"],
  ["adamBeta1", "--adam_beta1", "betas"],
  ["adamBeta2", "--adam_beta2", "betas"],
  ["adamEps", "--adam_eps", "eps"],
];

/** Flags that only one schedule reads. */
const OF_SCHEDULES: readonly (readonly [Setting, string, TrainConfig["scheduler"]])[] = [
  ["etaMin", "--eta_min", "cosine"],
  ["maxStepScheduler", "--max_step_scheduler", "cosine"],
  ["decayRate", "--decay_rate", "dev_perf"],
  ["patience", "--patience", "dev_perf"],
  ["lrMin", "--lr_min", "dev_perf"],
];

/**
 * One line for each unusual learning-rate setting, and for each given one without effect. A value of
 * 0, which asks for nothing, needs no line.
 *
 * @param origin what the settings come from: those of a preset or a checkpoint were not given
 */
export function settingWarnings(
  config: TrainConfig,
  origin: ReadonlyMap<string, FlagOrigin>,
): string[] {
  const defaults = trainSchema.parse({});
  // A file of --print_config has all settings, most of them with their defaults.
  const isGiven = (key: Setting) =>
    origin.get(key) === "flag" || origin.get(key) === "file" && config[key] !== defaults[key];
  const unread = (key: Setting, flag: string, choice: string, readers: readonly string[]) =>
    isGiven(key) && config[key] !== 0 && config[key] !== null
      ? [
        `warning: ${flag} ${config[key]} has no effect with ${choice}: only ${
          readers.join(", ")
        } ` +
        `${readers.length === 1 ? "reads" : "read"} it`,
      ]
      : [];
  const lines = OF_OPTIMIZERS.flatMap(([key, flag, setting]) => {
    const readers = readersOf(setting);
    const isRead = readers.includes(config.optim);
    return isRead ? [] : unread(key, flag, `--optim ${config.optim}`, readers);
  });
  for (const [key, flag, reader] of OF_SCHEDULES) {
    if (config.scheduler === reader) continue;
    lines.push(...unread(key, flag, `--scheduler ${config.scheduler}`, [reader]));
  }
  return [...rateWarnings(config), ...lines];
}

/** Names of the optimizers that read a setting. */
function readersOf(setting: keyof OptimizerSettings): OptimizerName[] {
  const definitions = Object.entries(OPTIMIZERS) as [OptimizerName, OptimizerDefinition][];
  return definitions.filter(([, { settings }]) => settings.includes(setting)).map(([name]) => name);
}
