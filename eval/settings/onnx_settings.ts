/**
 * Settings of an evaluation of an ONNX file, which has lengths, attention spans and precision built
 * in.
 *
 * @module
 */
import type { GraphLengths, ModelConfig, OnnxFacts } from "@transformer-xl/model";
import { ConfigError, flagName, type FlagOrigin, quoted } from "@transformer-xl/runtime";
import type { EvalConfig } from "../config.ts";

/**
 * Checks the flags of an ONNX file.
 *
 * @throws {ConfigError} when there is none, or flags are given that are about other runtimes
 */
export function checkOnnx(config: EvalConfig): void {
  const { type, model, manualConfig, compare } = config;
  if (type !== "onnx") return;
  if (manualConfig !== null) {
    throw new ConfigError(
      "Cannot score --manual_config with --type onnx, which runs exported models; leave one of them out",
    );
  }
  if (model !== null || compare.length > 0) return;
  throw new ConfigError(
    "Cannot score with --type onnx: no ONNX file is given; write one with deno task export --onnx FILE, " +
      "and give it with --model FILE",
  );
}

/** What a file determines. */
export interface FixedSettings extends Pick<OnnxFacts, "config" | "outputs" | "half"> {
  /** T is the largest number of target rows. */
  readonly lengths: GraphLengths;
}

/**
 * The configuration with the lengths of a file.
 *
 * @throws {ConfigError} when given flags want something else than the file has
 */
export function onnxSettings(
  config: EvalConfig,
  origin: ReadonlyMap<string, FlagOrigin>,
  { config: model, lengths, half, outputs }: FixedSettings,
  path: string,
): EvalConfig {
  const isGiven = (key: keyof EvalConfig) =>
    !["default", "preset"].includes(origin.get(key) ?? "default");
  const refuse = (key: keyof EvalConfig, has: unknown, remedy: string): never => {
    throw new ConfigError(
      `Cannot score ${quoted(path)} with ${
        spelled(key, config[key])
      }: it was exported with ${has}; ${remedy}`,
    );
  };
  const again = (key: keyof EvalConfig) =>
    `leave it out, or export again with ${spelled(key, config[key])}`;
  for (const key of ["memLen", "extLen"] as const) {
    if (isGiven(key) && config[key] !== lengths[key]) refuse(key, lengths[key], again(key));
  }
  if (isGiven("tgtLen") && config.tgtLen > lengths.tgtLen) {
    refuse("tgtLen", lengths.tgtLen, again("tgtLen"));
  }
  for (const key of ["clampLen", "sameLength"] as const satisfies readonly (keyof ModelConfig)[]) {
    if (config[key] !== null && config[key] !== model[key]) {
      refuse(key, spelled(key, model[key]), again(key));
    }
  }
  if (config.compat !== "auto" && config.compat !== model.compat) {
    refuse("compat", model.compat, again("compat"));
  }
  if (config.fp16 && !half) refuse("fp16", "float32", again("fp16"));
  if (config.perToken && outputs === "losses") {
    refuse("perToken", "losses alone", "export again with --onnx_outputs log_probabilities");
  }
  if (config.cache === "keys") {
    refuse("cache", "hidden states as its memory", "leave it out");
  }
  const tgtLen = isGiven("tgtLen") ? config.tgtLen : lengths.tgtLen;
  return { ...config, ...lengths, tgtLen, cache: "hidden", fp16: half };
}

/** A flag with its value, as it is typed. */
function spelled(key: string, value: unknown): string {
  const name = flagName(key);
  if (typeof value === "boolean") return value ? `--${name}` : `--no_${name}`;
  return `--${name} ${value}`;
}
