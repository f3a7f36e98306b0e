/**
 * Exports of checkpoints, and the losses of exported models.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Evaluator } from "@transformer-xl/eval";
import { Batches, loadModel } from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { exportCheckpoint } from "@transformer-xl/train";
import { type Flags, words } from "../program.ts";
import { smallCorpus } from "../small_run.ts";

/** Lengths of {@link lossOf}. */
export const LENGTHS = { batchSize: 2, tgtLen: 8, extLen: 0, memLen: 8 } as const;

/** Exports with flags; returns the printed lines. */
export async function exported(flags: Flags): Promise<string[]> {
  const lines: string[] = [];
  assertEquals(await exportCheckpoint(words(flags), (line) => lines.push(line)), 0);
  return lines;
}

/** The text of {@link lossOf}. */
export async function scoredIds(): Promise<Uint32Array> {
  return (await smallCorpus()).train.slice(0, 100);
}

/** The loss of a model on some text, on the loops. */
export async function lossOf(path: string): Promise<number> {
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await loadModel(device, path);
  using evaluator = await Evaluator.create(model, LENGTHS);
  return (await evaluator.evaluate(new Batches(await scoredIds(), LENGTHS))).lossNats;
}
