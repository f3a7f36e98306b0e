/**
 * A checkpoint as a file of PyTorch, in one of several layouts.
 *
 * @module
 */
import {
  CheckpointError,
  orderedDict,
  PythonName,
  PythonObject,
  type PythonValue,
  quoted,
  TorchTensors,
  writeTorchFile,
} from "@transformer-xl/runtime";
import { checkpointMetadata, type ModelCheckpoint } from "../checkpoint/checkpoint.ts";
import type { WeightDtype } from "../checkpoint/stored_weights.ts";
import { trainedFacts, trainedRecord } from "../checkpoint/trained_facts.ts";
import type { ModelConfig } from "../config.ts";
import { datasetOf } from "../text/data_sets.ts";
import type { VocabularyRecord } from "../text/vocabulary/vocabulary.ts";
import { linearState } from "./linear_state.ts";
import { modelArguments, programArguments, type ReferenceLengths } from "./reference_arguments.ts";
import { referenceState } from "./reference_state.ts";
import { referenceVocabulary } from "./reference_vocabulary.ts";

/** Layouts of a file, the first one by default. */
export const PYTORCH_LAYOUTS = ["plain", "nvidia", "authors", "huggingface"] as const;

/** Layout of a file: values that need no code to be read, or what a program reads. */
export type PytorchLayout = (typeof PYTORCH_LAYOUTS)[number];

/** Form of a file. */
export interface PytorchOptions {
  /** Layout (default "plain"). */
  readonly layout?: PytorchLayout;
  /** Type of the weights (default float32). */
  readonly dtype?: WeightDtype;
}

/**
 * Writes the weights of a checkpoint, whole or not at all.
 *
 * - "plain": the state dict of NVIDIA's model, arguments of its constructor and the vocabulary, as
 *   tensors and plain values, which `torch.load(weights_only=True)` of PyTorch 1.13 or later reads.
 *   Rates of dropout are 0 in the arguments: releases before 2.0 refuse floats. The exact
 *   configuration is JSON under `model`.
 * - "nvidia": the keys that NVIDIA's `eval.py` reads, with objects of its classes.
 * - "authors", "huggingface": a state dict alone.
 *
 * @throws {CheckpointError} when the model does not fit the layout, a weight is beyond half precision, or
 * the file cannot be written
 */
export async function savePytorch(
  path: string,
  checkpoint: ModelCheckpoint,
  { layout = "plain", dtype = "F32" }: PytorchOptions = {},
): Promise<void> {
  checkFits(path, checkpoint.config, layout);
  const tensors = new TorchTensors();
  const sources = layout === "authors" || layout === "huggingface"
    ? linearState(checkpoint, dtype, layout)
    : referenceState(checkpoint, dtype);
  const state = orderedDict(
    new Map(Array.from(sources, ([name, source]) => [name, tensors.add(source)])),
  );
  const value = layout === "plain"
    ? plainFile(checkpoint, state)
    : layout === "nvidia"
    ? nvidiaFile(checkpoint, state)
    : state;
  await writeTorchFile(path, value, tensors);
}

/** Rejects a model that the program of a layout does not have. */
function checkFits(path: string, { untieR, attnType }: ModelConfig, layout: PytorchLayout): void {
  const problem = layout === "huggingface" && attnType !== 0
    ? `its attention is of type ${attnType}, and theirs of type 0`
    : untieR && (layout === "nvidia" || layout === "authors")
    ? "every layer of the model has biases of its own, and theirs share them"
    : undefined;
  if (problem === undefined) return;
  throw new CheckpointError(
    `Cannot write ${quoted(path)} for ${PROGRAMS[layout]}: ${problem}`,
    { need: "a plain file of PyTorch" },
  );
}

const PROGRAMS: Readonly<Record<PytorchLayout, string>> = {
  plain: "PyTorch",
  nvidia: "NVIDIA's programs",
  authors: "the authors' programs",
  huggingface: "Hugging Face's programs",
};

function plainFile(checkpoint: ModelCheckpoint, state: PythonValue): Map<string, PythonValue> {
  const { config, vocabulary } = checkpoint;
  return new Map<string, PythonValue>([
    ...Object.entries(checkpointMetadata(config, undefined, trainedRecord(checkpoint))),
    ["model_config", new Map([...modelArguments(config, lengthsOf(checkpoint)), ...NO_DROPOUT])],
    ["model_state", state],
    ["vocab", plainVocabulary(vocabulary.toJSON())],
  ]);
}

function nvidiaFile(checkpoint: ModelCheckpoint, state: PythonValue): Map<string, PythonValue> {
  const { config, vocabulary } = checkpoint;
  const lengths = lengthsOf(checkpoint);
  const facts = trainedFacts(checkpoint);
  const dataset = facts && datasetOf(facts);
  const args = programArguments(config, lengths, { kind: vocabulary.kind, dataset });
  return new Map<string, PythonValue>([
    ["args", new PythonObject(new PythonName("argparse", "Namespace"), args)],
    ["model_config", modelArguments(config, lengths)],
    ["model_state", state],
    ["vocab", referenceVocabulary(vocabulary)],
  ]);
}

const NO_DROPOUT = [["dropout", 0], ["dropatt", 0]] as const;

/** Lengths of training; unknown ones are those of the reference's evaluation, or of learned tables. */
function lengthsOf(checkpoint: ModelCheckpoint): ReferenceLengths {
  const { positionRows } = checkpoint.config;
  return trainedFacts(checkpoint) ??
    (positionRows > 0
      ? { tgtLen: positionRows, extLen: 0, memLen: 0 }
      : { tgtLen: 64, extLen: 0, memLen: 640 });
}

function plainVocabulary(record: VocabularyRecord): Map<string, PythonValue> {
  return new Map<string, PythonValue>(Object.entries(record));
}
