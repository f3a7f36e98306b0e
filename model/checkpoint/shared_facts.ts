/**
 * Facts that must be equal on all ranks that train or evaluate one model.
 *
 * @module
 */
import type { ModelConfig } from "../config.ts";
import type { Vocabulary } from "../text/vocabulary/vocabulary.ts";
import { type Facts, settingFacts } from "@transformer-xl/runtime";

/**
 * Settings that may differ between ranks: paths, output, numbers of processes. Checkpoint and text are
 * compared by content; a shorter `--heartbeat_s` would take the others for hung.
 */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  "workDir",
  "model",
  "data",
  "tokenizer",
  "configFile",
  "config",
  "restart",
  "initFrom",
  "gpus",
  "oversubscribe",
  "logAllRanks",
]);

/** The program and the settings shared by all ranks. */
export function sharedSettings(config: Readonly<Record<string, unknown>>): Facts {
  return settingFacts(config, OWN_FIELDS);
}

/**
 * The program, its settings, and its checkpoint.
 *
 * @param digest SHA-256 of the checkpoint, or "none"
 * @param step first step
 */
export function startFacts(
  config: Readonly<Record<string, unknown>>,
  digest: string,
  step?: number,
): Facts {
  return {
    ...sharedSettings(config),
    "the checkpoint's SHA-256": digest,
    ...(step !== undefined && { "the first step": String(step) }),
  };
}

/**
 * The text, its symbols and the model.
 *
 * @param splits tokens of each split, and a digest of their source
 */
export function modelFacts(
  splits: Readonly<Record<string, string>>,
  vocabulary: Pick<Vocabulary, "size" | "fingerprint">,
  modelConfig: ModelConfig,
): Facts {
  const named = (prefix: string, values: object) =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        `${prefix} ${key}`,
        typeof value === "string" ? value : JSON.stringify(value) ?? "none",
      ]),
    );
  return {
    ...named("text", splits),
    "the vocabulary": `${vocabulary.size} symbols, ${vocabulary.fingerprint}`,
    ...named("model", modelConfig),
  };
}
