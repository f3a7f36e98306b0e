/**
 * Small models as ONNX files, and their losses in ONNX Runtime and on a device.
 *
 * @module
 */
import {
  type OnnxProvider,
  OnnxRuntime,
  OnnxScorer,
  openScorer,
  residentOutputs,
  type Scorer,
} from "@transformer-xl/eval";
import {
  Batches,
  CharacterVocabulary,
  createModel,
  type Lengths,
  loadModel,
  modelConfig,
  type ModelSettings,
  type OnnxExport,
  openCheckpoint,
  readOnnxFacts,
  saveModel,
  type Segment,
  writeOnnxModel,
} from "@transformer-xl/model";
import { type Device, OnnxFile, ReferenceDevice } from "@transformer-xl/runtime";

/** Symbols of the models. */
export const SYMBOLS = "abcdefghijklmnopqrstuvwxyz0123";

/** Some text of these symbols. */
export const TOKENS: Uint32Array = Uint32Array.from(
  { length: 55 },
  (_, i) => (7 * i * i + 3 * i) % SYMBOLS.length,
);

/** A model whose attention has something to tell apart. */
export const SMALL_MODEL: ModelSettings = {
  ...{ vocabSize: SYMBOLS.length, nLayer: 2, dModel: 16, nHead: 2, dHead: 4, dInner: 24 },
  initStd: 0.3,
};

/** Settings in place of those of {@link SMALL_MODEL}. */
export interface SmallSettings extends Partial<ModelSettings> {
  /** Gives the last cluster's words to the one before. */
  readonly hasEmptyTail?: boolean;
}

/** Saves a model of random weights; returns its path. */
export async function savedModel(
  folder: string,
  { hasEmptyTail = false, ...settings }: SmallSettings,
): Promise<string> {
  using device = new ReferenceDevice({ precision: "f32" });
  const config = modelConfig({ ...SMALL_MODEL, ...settings });
  const cutoffs = hasEmptyTail ? [...config.cutoffs.slice(0, -1), config.nToken] : config.cutoffs;
  using model = await createModel(device, { ...config, cutoffs }, { seed: 3 });
  const path = `${folder}/model.safetensors`;
  await saveModel(path, model, new CharacterVocabulary([...SYMBOLS]));
  return path;
}

/** Exports a checkpoint; returns the path of the model. */
export async function exportedModel(checkpoint: string, settings: OnnxExport): Promise<string> {
  using opened = await openCheckpoint(checkpoint);
  const [path] = await writeOnnxModel(opened, checkpoint.replace(/safetensors$/, "onnx"), settings);
  return path!;
}

/** Losses of every token of the text, in segments with memory. */
export async function tokenLosses(scorer: Scorer): Promise<number[]> {
  const losses: number[] = [];
  for (const segment of new Batches(TOKENS, scorer.lengths).segments()) {
    losses.push(...await lossesOf(scorer, segment));
  }
  return losses;
}

async function lossesOf(scorer: Scorer, segment: Segment): Promise<number[]> {
  scorer.run(segment);
  await scorer.losses();
  return [...(await scorer.tokenLosses()).slice(0, segment.targets.length)];
}

/** Losses of a checkpoint on a device. */
export async function lossesOnDevice(
  device: Device,
  checkpoint: string,
  lengths: Lengths,
): Promise<number[]> {
  using model = await loadModel(device, checkpoint);
  using scorer = await openScorer("webgpu", model, lengths);
  return await tokenLosses(scorer);
}

/** Runs `use` with the scorer of an ONNX file. */
export async function withOnnxScorer<T>(
  path: string,
  { provider = "wasm", ...sizes }: Lengths & { readonly provider?: OnnxProvider },
  use: (scorer: OnnxScorer) => Promise<T>,
): Promise<T> {
  using file = await OnnxFile.open(path);
  const facts = await readOnnxFacts(file);
  const runtime = await OnnxRuntime.load(provider);
  const content = await file.content();
  await using session = await runtime.open(path, content, residentOutputs(facts));
  using scorer = new OnnxScorer({ runtime, session, facts }, sizes);
  return await use(scorer);
}
