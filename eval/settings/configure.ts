/**
 * The configuration of an evaluation from its sources: defaults < preset <
 * configuration file < flags.
 *
 * @module
 */
import {
  chosenConfigFile,
  type FlagOrigin,
  type ParsedFlags,
  parseFlags,
  scanFlags,
  settingsYaml,
  withUserPaths,
} from "@transformer-xl/runtime";
import { type EvalConfig, evalSchema } from "../config.ts";
import { EVAL_PRESETS } from "../presets.ts";
import { EVAL_REFERENCE_FLAGS } from "./reference_flags.ts";

/**
 * Reads flags and configuration file.
 *
 * @throws {ConfigError} when one of them is unknown or wrong
 */
export async function configureEvaluation(
  argv: readonly string[],
): Promise<ParsedFlags<EvalConfig>> {
  const foreign = EVAL_REFERENCE_FLAGS;
  const file = await chosenConfigFile(scanFlags(evalSchema, argv, foreign), "eval");
  const { preset } = scanFlags(evalSchema, argv, foreign, file);
  const layers = { preset: EVAL_PRESETS[preset ?? ""] ?? {}, file, foreign };
  const parsed = parseFlags(evalSchema, argv, layers);
  const config = withUserPaths(parsed.config, [
    ...["workDir", "model", "data", "configFile", "manualFile"] as const,
  ]);
  const compare = config.compare.map((path) =>
    withUserPaths({ compare: path }, ["compare"]).compare
  );
  return { ...parsed, config: { ...config, compare } };
}

/** Settings that an evaluation adapts unless they are given. */
const ADAPTED = ["batchSize", "tgtLen", "memLen", "gpus", "workDir"] as const;

/** Whether an evaluation may adapt a setting, which nobody gave. */
export function isAdapted(
  key: typeof ADAPTED[number],
  origin: ReadonlyMap<string, FlagOrigin>,
): boolean {
  return ["default", "preset"].includes(origin.get(key) ?? "default");
}

/** The configuration as the YAML of a configuration file. */
export function evaluationYaml(
  config: EvalConfig,
  origin: ReadonlyMap<string, FlagOrigin>,
): string {
  return settingsYaml(evalSchema, config, ADAPTED.filter((key) => isAdapted(key, origin)))
    .trimEnd();
}
