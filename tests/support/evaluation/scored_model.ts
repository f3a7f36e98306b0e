/**
 * Checkpoints of small random models, and evaluations with them on the loops.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createModel, saveModel, type Vocabulary } from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { callProgram } from "../processes/called_program.ts";
import { type Ended, type Flags, runProgram } from "../program.ts";

/** Saves a model of random weights with these symbols. */
export async function saveRandomModel(
  path: string,
  vocabulary: Vocabulary,
  { seed = 3, cutoffs = [] }: { readonly seed?: number; readonly cutoffs?: readonly number[] } = {},
): Promise<string> {
  using device = new ReferenceDevice({ precision: "f32" });
  const sizes = { vocabSize: vocabulary.size, nLayer: 2, nHead: 2, dModel: 16, dHead: 8 };
  using model = await createModel(device, {
    ...sizes,
    ...(cutoffs.length > 0 && { adaptive: true, cutoffs: [...cutoffs], divVal: 2 }),
  }, { seed });
  await saveModel(path, model, vocabulary);
  return path;
}

/** Evaluates on the loops; returns what was printed. */
export async function evaluateText(flags: Flags, input?: string): Promise<string> {
  const { code, stdout, stderr } = await evaluated({ device: "cpu", ...flags }, input);
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

/** The sentence of an evaluation that is refused. */
export async function refusalOf(flags: Flags, input?: string): Promise<string> {
  const { code, stderr } = await evaluated({ device: "cpu", ...flags }, input);
  assertEquals(code, 2);
  return stderr;
}

/** Standard input belongs to a process. */
function evaluated(flags: Flags, input?: string): Promise<Ended> {
  return input === undefined ? callProgram("eval", flags) : runProgram("eval", flags, {}, input);
}

/** The records of one kind in the JSON log of an evaluation. */
export async function evalRecords<T>(folder: string, kind: string): Promise<T[]> {
  const text = await Deno.readTextFile(`${folder}/eval_log.jsonl`);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter((record) => record.kind === kind) as T[];
}
