/**
 * The model in what a file holds: NVIDIA's checkpoint, a network that was pickled whole, or a state
 * dict.
 *
 * @module
 */
import {
  attributesOf,
  FileFault,
  PickleObject,
  type PickleValue,
  quoted,
  type SafetensorsReader,
  type TorchFile,
  TorchTensor,
} from "@transformer-xl/runtime";
import type { Compat } from "../../settings/compat.ts";
import { type Dataset, datasetOf } from "../../text/data_sets.ts";
import { cannotImport } from "./import_error.ts";
import { datasetIn, exportedFacts } from "./imported_facts.ts";
import { isModule, parametersOf, unwrapped } from "./module_tensors.ts";
import {
  safetensorsSource,
  type SourceTensor,
  type SourceTensors,
  torchSource,
} from "./source_tensors.ts";
import { namedTensors } from "./state_names.ts";
import {
  moduleArguments,
  type StatedSettings,
  statedSettings,
} from "./settings/stated_settings.ts";

/** Programs whose layouts are read. */
export type Layout = "nvidia" | "authors" | "huggingface" | "own";

/** A model in a file. */
export interface SourceModel {
  /** The program that wrote it. */
  readonly layout: Layout;
  /** Its parameters by their names in checkpoints. */
  readonly tensors: SourceTensors;
  /** Settings that the file states. */
  readonly stated: StatedSettings;
  /** The whole configuration as JSON, in files of `deno task export`. */
  readonly config?: string | undefined;
  /** The object of its vocabulary. */
  readonly vocabulary: PickleValue | undefined;
  /** The data set of its training, if the file names it. */
  readonly dataset?: Dataset | undefined;
  /** Version that it was trained with. */
  readonly compat: Compat;
}

/** What programs call a state dict within a file, NVIDIA's first. */
const STATES = ["model_state", "state_dict", "model_state_dict", "model"];

/** `format` of files of `deno task export`. */
const OWN_FORMAT = "transformer-xl";

/** Members that checkpoints of NVIDIA have since 2020. */
const SINCE_2020 = ["epoch", "last_iter", "rng_states"];

/**
 * Finds the model in a file of PyTorch.
 *
 * @throws {CheckpointError} When there is none, or what is stated of it is of another type
 */
export function findModel(file: TorchFile): SourceModel {
  const { path, value } = file;
  const holder = value instanceof Map ? value : new Map<PickleValue, PickleValue>();
  const key = STATES.find((name) => isModule(holder.get(name)) || isState(holder.get(name)));
  const state = key === undefined ? value : holder.get(key)!;
  const network = isModule(state) ? unwrapped(state) : undefined;
  const tensors = network === undefined ? stateOf(state) : modulesOf(path, network);
  if (tensors.size === 0) throw cannotImport(path, `it holds no model, but ${contentOf(value)}`);
  const sources = new Map<string, SourceTensor>(
    Array.from(tensors, ([name, tensor]) => [name, torchSource(file, tensor)]),
  );
  const stated = network !== undefined
    ? statedSettings(path, "its modules", moduleArguments(network))
    : statedSettings(path, "its model_config", attributesOf(holder.get("model_config")));
  const found = modelOf(path, sources, stated, {
    isOfNvidia: holder.has("model_config"),
    isSince2020: SINCE_2020.some((name) => holder.has(name)) ||
      attributesOf(holder.get("args")).has("config_file"),
  });
  const vocabulary = holder.get("vocab");
  if (holder.get("format") !== OWN_FORMAT) {
    return { ...found, vocabulary, dataset: datasetIn(holder.get("args")) };
  }
  const config = holder.get("model");
  if (typeof config !== "string") throw cannotImport(path, "it has no configuration of its model");
  const facts = exportedFacts(holder.get("trained"));
  const dataset = facts && datasetOf(facts);
  return { ...found, stated: { ...facts }, vocabulary, dataset, layout: "own", config };
}

/**
 * The model in a state dict that is a safetensors file.
 *
 * @throws {CheckpointError} When it is a checkpoint of this program
 */
export function findInSafetensors(file: SafetensorsReader): SourceModel {
  if (file.metadata["format"] === OWN_FORMAT) {
    throw cannotImport(file.path, "it is a checkpoint already, which other commands read as it is");
  }
  const sources = new Map<string, SourceTensor>(
    file.names.map((name) => [name, safetensorsSource(file, name)]),
  );
  return modelOf(file.path, sources, {}, { isOfNvidia: false, isSince2020: false });
}

function modelOf(
  path: string,
  sources: SourceTensors,
  stated: StatedSettings,
  { isOfNvidia, isSince2020 }: { readonly isOfNvidia: boolean; readonly isSince2020: boolean },
): SourceModel {
  const { tensors, isHuggingFace, hasSoftmaxLayers } = namedTensors(path, sources);
  const compat = !isHuggingFace && (!hasSoftmaxLayers || isSince2020) ? "head" : "2019";
  const layout = isHuggingFace
    ? "huggingface"
    : isOfNvidia || !hasSoftmaxLayers
    ? "nvidia"
    : "authors";
  return { layout, tensors, stated, compat, vocabulary: undefined };
}

function modulesOf(path: string, network: PickleObject): Map<string, TorchTensor> {
  try {
    return parametersOf(network);
  } catch (error) {
    if (error instanceof FileFault) throw cannotImport(path, error.message);
    throw error;
  }
}

/** Whether a value is a state dict: a dictionary of tensors. */
function isState(value: PickleValue | undefined): boolean {
  return stateOf(value).size > 0;
}

function stateOf(value: PickleValue | undefined): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  if (!(value instanceof Map)) return tensors;
  for (const [name, tensor] of value) {
    if (typeof name === "string" && tensor instanceof TorchTensor) tensors.set(name, tensor);
  }
  return tensors;
}

/** A few words about what a file holds instead. */
function contentOf(value: PickleValue): string {
  if (value instanceof PickleObject) return `an object of ${quoted(value.className, 80)}`;
  if (value instanceof Map) {
    const keys = [...value.keys()].filter((key) => typeof key === "string");
    return `a dictionary of ${quoted(keys.slice(0, 20), 80)}`;
  }
  if (value instanceof TorchTensor) return "one tensor";
  if (Array.isArray(value)) return `a list of ${value.length} values`;
  return "a value that is none";
}
