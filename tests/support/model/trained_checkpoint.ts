/**
 * Checkpoints that training wrote, of networks of a few hundred weights.
 *
 * @module
 */
import { ReferenceDevice } from "@transformer-xl/runtime";
import { CheckpointFiles, modelOf, type TrainConfig, Trainer } from "@transformer-xl/train";
import { smallConfig, smallCorpus } from "../small_run.ts";

/**
 * Trains for a few steps on the loops.
 *
 * @returns path of the last checkpoint, in `folder`
 */
export async function trainedCheckpoint(
  folder: string,
  settings: Partial<TrainConfig> = {},
): Promise<string> {
  using device = new ReferenceDevice({ precision: "f32" });
  const config = smallConfig({
    ...{ device: "cpu", nLayer: 2, dModel: 4, nHead: 1, dHead: 4, dInner: 4, noTest: true },
    ...{ adaptive: true, cutoffs: [10, 20], divVal: 2, maxStep: 7, noEval: true, roll: true },
    ...settings,
  });
  const corpus = await smallCorpus();
  const model = modelOf(config, corpus.vocabulary.size, config.cutoffs);
  using trainer = await Trainer.create(device, config, model, corpus);
  const files = new CheckpointFiles(folder, { saveAll: false });
  for await (const _ of trainer.train(new AbortController().signal, files));
  return files.last;
}
