/**
 * The configuration of a run from its sources: defaults < preset < checkpoint < configuration file <
 * flags.
 *
 * @module
 */
import { RULE } from "@transformer-xl/eval";
import type { ModelCheckpoint } from "@transformer-xl/model";
import {
  chosenConfigFile,
  flagName,
  type FlagOrigin,
  type Mapping,
  parseFlags,
  scanFlags,
  settingsYaml,
  withUserPaths,
} from "@transformer-xl/runtime";
import { dirname } from "node:path";
import { settingsToContinue } from "../checkpoint/checkpoint_checks.ts";
import { continueCurve } from "../checkpoint/resume.ts";
import { trainingRecord } from "../checkpoint/training_checkpoint.ts";
import { type TrainConfig, trainSchema } from "../config.ts";
import { checkInitial, initialSettings } from "../fine_tuning/initial_settings.ts";
import { PRESETS } from "../presets.ts";
import { checkBeginning } from "../settings/check_initial.ts";
import { followSettings } from "../settings/follow_defaults.ts";
import { TRAIN_REFERENCE_FLAGS } from "../settings/reference_flags.ts";

/** Settings that are paths, relative to the user's folder. */
const PATHS = ["workDir", "configFile", "restart", "initFrom", "data", "tokenizer"] as const;

/** Settings that flags and configuration file give; they decide what else is read. */
export interface Given {
  /** The command line. */
  readonly argv: readonly string[];
  /** Settings of the configuration file. */
  readonly file: Mapping;
  /** Name of the preset. */
  readonly preset: string | null;
  /** Checkpoint to resume, or whether to resume the last one. */
  readonly restart: boolean | string;
  /** Checkpoint or work directory whose weights a new run starts from. */
  readonly initFrom: string | null;
  /** Work directory. */
  readonly workDir: string;
  /** Whether the settings are only printed. */
  readonly printConfig: boolean;
}

/**
 * Reads flags and configuration file.
 *
 * @throws {ConfigError} when one of them is unknown or wrong
 */
export async function readGiven(argv: readonly string[]): Promise<Given> {
  const flags = scanFlags(trainSchema, argv, TRAIN_REFERENCE_FLAGS);
  const file = await chosenConfigFile(flags, "train");
  const given = scanFlags(trainSchema, argv, TRAIN_REFERENCE_FLAGS, file);
  const { preset = null, restart = false, initFrom = null } = given;
  const { workDir = "LM-TFM", printConfig = false } = given;
  checkBeginning({ restart, initFrom });
  return {
    argv,
    file,
    preset,
    printConfig,
    ...withUserPaths({ restart, initFrom, workDir }, PATHS_OF_START),
  };
}

const PATHS_OF_START = ["restart", "initFrom", "workDir"] as const;

/** A configuration and the origin of its values. */
export interface Configured {
  /** The configuration. */
  readonly config: TrainConfig;
  /** Origin of every setting. */
  readonly origin: ReadonlyMap<string, FlagOrigin>;
  /** Lines about flags that set nothing. */
  readonly notes: readonly string[];
}

/**
 * The configuration of a run, with absolute paths.
 *
 * @param checkpoint the checkpoint to resume, or the one whose weights a new run starts from
 * @throws {ConfigError} when a setting is wrong
 * @throws {CheckpointError} when one contradicts the model of a new run's weights
 */
export function configureTraining(
  given: Given,
  checkpoint: ModelCheckpoint | undefined,
): Configured {
  const { argv, file, preset, initFrom } = given;
  if (initFrom !== null && checkpoint !== undefined) return configureInitial(given, checkpoint);
  const stored = checkpoint && settingsToContinue(trainingRecord(checkpoint));
  const parsed = parseFlags(trainSchema, argv, {
    preset: PRESETS[preset ?? ""] ?? {},
    // A run continues in the current folder of its checkpoint, even if it was moved.
    ...(stored && { checkpoint: { ...stored, workDir: dirname(checkpoint.path) } }),
    file,
    foreign: TRAIN_REFERENCE_FLAGS,
  });
  const typed = withUserPaths(parsed.config, PATHS);
  const config = stored ? continueCurve(typed, stored, parsed.origin) : typed;
  return { ...parsed, config: followSettings(config, parsed.origin) };
}

/** The configuration of a new run with the model of `checkpoint`. */
function configureInitial({ argv, file, preset }: Given, checkpoint: ModelCheckpoint): Configured {
  const parsed = parseFlags(trainSchema, argv, {
    preset: PRESETS[preset ?? ""] ?? {},
    checkpoint: initialSettings(checkpoint),
    file,
    foreign: TRAIN_REFERENCE_FLAGS,
  });
  checkInitial(checkpoint, parsed.config, parsed.origin);
  const config = { ...withUserPaths(parsed.config, PATHS), initFrom: checkpoint.path };
  return { ...parsed, config: followSettings(config, parsed.origin) };
}

/** Settings that a run adapts unless they are given. */
const ADAPTED: readonly (keyof TrainConfig)[] = [
  "batchChunk",
  "evalBatchSize",
  "evalTgtLen",
  "gpus",
];

/** The configuration as the YAML of a configuration file. */
export function trainingYaml(config: TrainConfig, origin: Configured["origin"]): string {
  const isAdapted = (key: keyof TrainConfig) =>
    ["default", "preset"].includes(origin.get(key) ?? "default") &&
    (key !== "batchChunk" || config.preset !== null);
  return settingsYaml(trainSchema, config, ADAPTED.filter(isAdapted)).trimEnd();
}

/** The configuration as log lines. */
export function configLines(config: TrainConfig, origin: Configured["origin"]): string[] {
  const lines = Object.entries(config).map(([key, value]) => {
    const from = origin.get(key) === "default" ? "" : ` (${origin.get(key)})`;
    const shown = Array.isArray(value) ? `[${value.join(", ")}]` : value;
    return `    - ${flagName(key)} : ${shown}${from}`;
  });
  return [RULE, ...lines, RULE];
}
