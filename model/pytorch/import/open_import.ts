/**
 * A model of another program, ready to be written as a checkpoint.
 *
 * @module
 */
import {
  type CheckpointError,
  exists,
  JsonFault,
  parseGuardedJson,
  quoted,
  SafetensorsFile,
  type SafetensorsSource,
  TorchFile,
} from "@transformer-xl/runtime";
import { dirname, join } from "node:path";
import type { ModelConfig } from "../../config.ts";
import type { Vocabulary } from "../../text/vocabulary/vocabulary.ts";
import { checkCopies } from "./settings/derived_settings.ts";
import { findInSafetensors, findModel, type Layout, type SourceModel } from "./find_model.ts";
import { type GivenFacts, type ImportedFacts, importedFacts } from "./imported_facts.ts";
import { allBytes, firstBytes } from "./given_file.ts";
import { cannotImport } from "./import_error.ts";
import { readVocabulary, vocabularyOf } from "./imported_vocabulary.ts";
import { importedWeights } from "./imported_weights.ts";
import {
  type GivenSettings,
  type MissingFact,
  resolveSettings,
} from "./settings/resolve_settings.ts";
import { type StatedSettings, statedSettings } from "./settings/stated_settings.ts";

const CONFIG_JSON = { depth: 16, values: 10_000 };
const MAX_CONFIG_BYTES = 1 << 20;

/** Settings of an import. */
export interface ImportSettings extends GivenSettings, GivenFacts {
  /** A file of the vocabulary; null: the file of the model has it. */
  readonly vocabFile: string | null;
  /** A `config.json` of Hugging Face; null: one beside the file, if there is one. */
  readonly sourceConfig: string | null;
  /** Whether words of a list are lower-cased. */
  readonly lowerCase: boolean;
}

/** An opened model. Its weights are read while they are written, so the file stays open. */
export interface ImportedModel extends Disposable {
  /** The program that wrote it. */
  readonly layout: Layout;
  /** Its configuration. */
  readonly config: ModelConfig;
  /** Its symbols. */
  readonly vocabulary: Vocabulary;
  /** Data set and lengths of its training. */
  readonly facts: ImportedFacts;
  /** Its weights under the names of checkpoints. */
  readonly weights: readonly SafetensorsSource[];
  /** The `config.json` that was read, if any. */
  readonly sourceConfig: string | undefined;
}

/**
 * Opens a model of NVIDIA's program, the authors' or Hugging Face's, or one of `deno task export`.
 * Nothing in its file is executed.
 *
 * @throws {CheckpointError} When the file is damaged, holds no such model, contradicts itself, or does
 * not tell a setting or the vocabulary, and the settings do not either
 * @throws {ConfigError} When the settings contradict it
 */
export async function openImport(path: string, settings: ImportSettings): Promise<ImportedModel> {
  const { source, bytes, close } = await openSource(path);
  try {
    const sourceConfig = await configFile(path, source, settings.sourceConfig);
    const stated = sourceConfig === undefined
      ? source.stated
      : { ...source.stated, ...await readConfig(sourceConfig) };
    const { config, missing } = await resolveSettings(path, { ...source, stated }, settings);
    const hasVocabulary = settings.vocabFile !== null || (source.vocabulary ?? null) !== null;
    if (config === undefined || !hasVocabulary) {
      throw missingFacts(path, hasVocabulary ? missing : [...missing, VOCABULARY]);
    }
    await checkCopies(path, source.tensors);
    const weights = importedWeights(path, source, config, bytes);
    const vocabulary = settings.vocabFile !== null
      ? await readVocabulary(settings.vocabFile, settings.lowerCase)
      : await vocabularyOf(path, source.vocabulary!);
    if (vocabulary.size !== config.nToken) {
      throw cannotImport(
        path,
        `its model has ${config.nToken} symbols, ${
          settings.vocabFile === null ? "its vocabulary" : quoted(settings.vocabFile, 80)
        } ${vocabulary.size}`,
      );
    }
    const { layout } = source;
    const facts = importedFacts(stated, source.dataset, settings);
    return { layout, config, facts, vocabulary, weights, sourceConfig, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

const VOCABULARY: MissingFact = {
  name: "its vocabulary",
  need: "a vocabulary of an imported model",
};

function missingFacts(path: string, missing: readonly MissingFact[]): CheckpointError {
  const names = missing.map(({ name }) => name);
  const list = new Intl.ListFormat("en", { type: "conjunction" }).format(names);
  return cannotImport(path, `it does not tell ${list}`, missing.map(({ need }) => need));
}

/** An opened file of either format. */
interface OpenedSource {
  readonly source: SourceModel;
  readonly bytes: number;
  readonly close: () => void;
}

async function openSource(path: string): Promise<OpenedSource> {
  const isSafetensors = path.endsWith(".safetensors") || await hasSafetensorsHeader(path);
  const file = isSafetensors ? await SafetensorsFile.open(path) : await TorchFile.open(path);
  const close = () => file[Symbol.dispose]();
  try {
    const source = file instanceof TorchFile ? findModel(file) : findInSafetensors(file);
    return { source, bytes: (await Deno.stat(path)).size, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Whether a file of any name starts with the length of a JSON header below 4 GiB, and its brace. */
async function hasSafetensorsHeader(path: string): Promise<boolean> {
  const start = await firstBytes(path, 9);
  return start.length === 9 && start[8] === 0x7b &&
    start.subarray(4, 8).every((byte) => byte === 0);
}

/** Path of the configuration of a model of Hugging Face. */
async function configFile(
  path: string,
  { layout }: SourceModel,
  given: string | null,
): Promise<string | undefined> {
  if (given !== null) return given;
  const beside = join(dirname(path), "config.json");
  return layout === "huggingface" && await exists(beside) ? beside : undefined;
}

async function readConfig(path: string): Promise<StatedSettings> {
  let values: unknown;
  try {
    values = parseGuardedJson(await allBytes(path, MAX_CONFIG_BYTES), CONFIG_JSON);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw cannotImport(path, `it ${error.message}`);
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw cannotImport(path, "it is no JSON object");
  }
  return statedSettings(path, "it", new Map(Object.entries(values)));
}
