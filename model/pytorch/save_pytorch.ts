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
import { datasetOf } from "../text/data_sets.ts";
import type { VocabularyRecord } from "../text/vocabulary/vocabulary.ts";
import { modelArguments, programArguments, type ReferenceLengths } from "./reference_arguments.ts";
import { referenceState } from "./reference_state.ts";
import { referenceVocabulary } from "./reference_vocabulary.ts";

/** Layouts of a file, the first one by default. */
export const PYTORCH_LAYOUTS = ["plain", "nvidia"] as const;

/** Layout of a file: values that need no code to be read, or objects of NVIDIA's programs. */
export type PytorchLayout = (typeof PYTORCH_LAYOUTS)[number];

/** Form of a file. */
export interface PytorchOptions {
  /** Layout (default "plain"). */
  readonly layout?: PytorchLayout;
  /** Type of the weights (default float32). */
  readonly dtype?: WeightDtype;
}

/**
 * Writes the weights under the reference's names, with arguments of its model and the vocabulary, whole
 * or not at all.
 *
 * - "plain": tensors and plain values, which `torch.load(weights_only=True)` reads, of PyTorch 1.13 or
 *   later. Rates of dropout are 0 in the arguments: releases before 2.0 refuse floats. The exact
 *   configuration is JSON under `model`.
 * - "nvidia": the keys that NVIDIA's `eval.py` reads, with objects of its classes.
 *
 * @throws {CheckpointError} when the model does not fit the layout, a weight is beyond half precision, or
 * the file cannot be written
 */
export async function savePytorch(
  path: string,
  checkpoint: ModelCheckpoint,
  { layout = "plain", dtype = "F32" }: PytorchOptions = {},
): Promise<void> {
  const { config, vocabulary } = checkpoint;
  if (config.untieR && layout === "nvidia") {
    throw new CheckpointError(
      `Cannot write ${
        quoted(path)
      } for NVIDIA's programs: every layer of the model has biases of ` +
        "its own, and theirs share them",
      { need: "a plain file of PyTorch" },
    );
  }
  const facts = trainedFacts(checkpoint);
  const lengths = facts ?? defaultLengths(checkpoint);
  const tensors = new TorchTensors();
  const state = orderedDict(
    new Map(
      Array.from(referenceState(checkpoint, dtype), ([name, source]) => [
        name,
        tensors.add(source),
      ]),
    ),
  );
  const value: Record<PytorchLayout, () => Map<string, PythonValue>> = {
    plain: () =>
      new Map<string, PythonValue>([
        ...Object.entries(checkpointMetadata(config, undefined, trainedRecord(checkpoint))),
        ["model_config", new Map([...modelArguments(config, lengths), ...NO_DROPOUT])],
        ["model_state", state],
        ["vocab", plainVocabulary(vocabulary.toJSON())],
      ]),
    nvidia: () =>
      new Map<string, PythonValue>([
        [
          "args",
          new PythonObject(
            new PythonName("argparse", "Namespace"),
            programArguments(config, lengths, {
              kind: vocabulary.kind,
              dataset: facts && datasetOf(facts),
            }),
          ),
        ],
        ["model_config", modelArguments(config, lengths)],
        ["model_state", state],
        ["vocab", referenceVocabulary(vocabulary)],
      ]),
  };
  await writeTorchFile(path, value[layout](), tensors);
}

const NO_DROPOUT = [["dropout", 0], ["dropatt", 0]] as const;

/** Lengths of the reference's evaluation, or those that learned tables were made for. */
function defaultLengths({ config: { positionRows } }: ModelCheckpoint): ReferenceLengths {
  return positionRows > 0
    ? { tgtLen: positionRows, extLen: 0, memLen: 0 }
    : { tgtLen: 64, extLen: 0, memLen: 640 };
}

function plainVocabulary(record: VocabularyRecord): Map<string, PythonValue> {
  return new Map<string, PythonValue>(Object.entries(record));
}
