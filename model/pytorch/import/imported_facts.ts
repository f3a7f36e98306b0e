/**
 * Facts of the training of an imported model: its data set and lengths, which evaluation and generation
 * continue with.
 *
 * @module
 */
import {
  attributesOf,
  JsonFault,
  parseGuardedJson,
  type PickleValue,
} from "@transformer-xl/runtime";
import { type TrainedFacts, trainedFacts } from "../../checkpoint/trained_facts.ts";
import { type Dataset, DATASETS } from "../../text/data_sets.ts";
import type { StatedSettings } from "./settings/stated_settings.ts";

/** Facts that the user may give; null where the file tells. */
export interface GivenFacts {
  readonly dataset: Dataset | null;
  readonly tgtLen: number | null;
  readonly memLen: number | null;
}

/** What a checkpoint of weights alone keeps of training, as far as it is known. */
export interface ImportedFacts {
  readonly config:
    & Pick<TrainedFacts, "dataset" | "data">
    & Partial<Pick<TrainedFacts, "tgtLen" | "extLen" | "memLen">>;
}

const RECORD = { depth: 8, values: 1000 };

/** The name of a data set among the arguments of a program; a name that is not known is left out. */
export function datasetIn(args: PickleValue | undefined): Dataset | undefined {
  const name = attributesOf(args).get("dataset");
  return DATASETS.find((dataset) => dataset === name);
}

/** The facts that `deno task export` wrote as JSON. */
export function exportedFacts(json: PickleValue | undefined): TrainedFacts | undefined {
  if (typeof json !== "string") return undefined;
  try {
    return trainedFacts({ trained: parseGuardedJson(json, RECORD) });
  } catch (error) {
    if (error instanceof JsonFault) return undefined; // evaluation does without
    throw error;
  }
}

/** The facts of a file and of the user. A text without a name is any text. */
export function importedFacts(
  stated: Pick<StatedSettings, "tgtLen" | "extLen" | "memLen">,
  dataset: Dataset | undefined,
  given: GivenFacts,
): ImportedFacts {
  const [tgtLen, memLen] = [given.tgtLen ?? stated.tgtLen, given.memLen ?? stated.memLen];
  const lengths = tgtLen === undefined || memLen === undefined
    ? {}
    : { tgtLen, extLen: stated.extLen ?? 0, memLen };
  return { config: { dataset: given.dataset ?? dataset ?? "text", data: null, ...lengths } };
}
