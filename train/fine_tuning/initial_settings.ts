/**
 * Settings of a run that starts from the weights of a checkpoint: its architecture and symbols.
 *
 * @module
 */
import {
  type ModelCheckpoint,
  type ModelSection,
  sectionOf,
  type TextSelection,
  UNKNOWN,
  type Vocabulary,
} from "@transformer-xl/model";
import type { FlagOrigin } from "@transformer-xl/runtime";
import { equal, otherSettings, settingWords } from "../checkpoint/setting_differences.ts";
import type { TrainConfig } from "../config.ts";

/** What a run takes from the checkpoint that it starts from. */
export type InitialSettings =
  & ModelSection
  & Pick<TrainConfig, "vocab" | "lowerCase" | "unknown">;

/** Settings that are no part of the architecture; flags may change them. */
const FREE: ReadonlySet<string> = new Set([
  "dropout",
  "dropatt",
  "clampLen",
  "sameLength",
  "compat",
]);

/** The settings of the model and of its symbols. */
export function initialSettings(
  { config, vocabulary }: Pick<ModelCheckpoint, "config" | "vocabulary">,
): InitialSettings {
  const { kind, lowerCase = false, unknown } = vocabulary.toJSON();
  const counted = vocabulary.has(UNKNOWN) ? UNKNOWN : null;
  // A tokenizer is no value of the setting: the checkpoint has it in itself.
  const vocab = kind === "tokenizer" ? "auto" : kind;
  return { vocab, lowerCase, unknown: unknown ?? counted, ...sectionOf(config) };
}

/**
 * Checks that flags and configuration file do not contradict the model.
 *
 * @throws {CheckpointError} naming the settings that differ
 */
export function checkInitial(
  checkpoint: ModelCheckpoint,
  config: TrainConfig,
  origin: ReadonlyMap<string, FlagOrigin>,
): void {
  const stored = initialSettings(checkpoint);
  const keys = Object.keys(stored) as (keyof InitialSettings)[];
  const differences = keys.filter((key) =>
    !FREE.has(key) && ["flag", "file"].includes(origin.get(key) ?? "default") &&
    !equal(stored[key], config[key]) && !isEquivalent(key, stored, config)
  ).map((key) => settingWords(key, config[key], stored[key]));
  if (differences.length > 0) throw otherSettings("start", checkpoint.path, differences);
}

/** Whether a setting means what is stored: a default, or the first symbol of unknown words. */
function isEquivalent(
  key: keyof InitialSettings,
  stored: InitialSettings,
  { dEmbed, vocab, extendVocab }: TrainConfig,
): boolean {
  if (key === "dEmbed") return dEmbed < 0 && stored.dEmbed === stored.dModel;
  if (key === "vocab") return vocab === "auto";
  return key === "unknown" && stored.unknown === null && extendVocab;
}

/** The treatment of symbols that the checkpoint lacks. */
export function initialSymbols(
  { extendVocab }: Pick<TrainConfig, "extendVocab">,
): Pick<TextSelection, "extend" | "whenMissing"> {
  return extendVocab ? { extend: true } : { whenMissing: "symbols of the text" };
}

/** A log line about the weights and symbols that a new run starts with. */
export function initialLine(
  { path, vocabulary }: Pick<ModelCheckpoint, "path" | "vocabulary">,
  { size }: Pick<Vocabulary, "size">,
): string {
  const added = size - vocabulary.size;
  return `Starting from the weights of "${path}"` +
    (added === 0 ? "" : `, with new rows for ${added} symbols behind its ${vocabulary.size}`);
}
