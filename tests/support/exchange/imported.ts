/**
 * Imports of files, and the losses of imported models on the tokens of the golden numbers.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { mean, PlanScorer } from "@transformer-xl/eval";
import { loadModel, type Segment } from "@transformer-xl/model";
import { isUserError, ReferenceDevice } from "@transformer-xl/runtime";
import { importModel } from "@transformer-xl/train";
import { type Flags, words } from "../program.ts";
import type { TorchGolden } from "../pytorch/torch_fixtures.ts";

/** Imports a file with flags; returns the printed lines. */
export async function imported(file: string, flags: Flags): Promise<string[]> {
  const lines: string[] = [];
  assertEquals(await importModel([file, ...words(flags)], (line) => lines.push(line)), 0);
  return lines;
}

/** The sentence of an import that is refused. */
export async function importRefusal(file: string, flags: Flags): Promise<string> {
  const error = await assertRejects(() => imported(file, flags), Error);
  if (!isUserError(error)) throw error;
  return error.message;
}

/** Mean loss of every segment, in float64, memories carried from one to the next. */
export async function segmentLosses(path: string, golden: TorchGolden): Promise<number[]> {
  const { tokens, tgt_len: tgtLen, mem_len: memLen } = golden;
  const batchSize = tokens[0]!.length;
  using device = new ReferenceDevice({ precision: "f64" });
  using model = await loadModel(device, path);
  using scorer = await PlanScorer.open(model, { batchSize, tgtLen, extLen: 0, memLen });
  const losses: number[] = [];
  for (let start = 0; start + tgtLen < tokens.length; start += tgtLen) {
    const rows = (from: number) => Uint32Array.from(tokens.slice(from, from + tgtLen).flat());
    const segment: Segment = {
      inputs: rows(start),
      targets: rows(start + 1),
      ...{ rows: tgtLen, targetRows: tgtLen, columns: batchSize, start, scored: true },
    };
    scorer.run(segment);
    const nll = (await scorer.tokenLosses()).subarray(0, segment.targets.length);
    losses.push(mean([...nll]));
  }
  return losses;
}
