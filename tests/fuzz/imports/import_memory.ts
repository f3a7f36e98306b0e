/**
 * Host memory that an import takes:
 *
 *     deno run -A tests/fuzz/imports/import_memory.ts
 *
 * It writes a model of random weights in NVIDIA's layout and imports it, with a vocabulary of a quarter
 * of a million words, and prints one JSON line. It needs Linux, whose kernel keeps the peak of a
 * process's memory.
 *
 * @module
 */
import {
  createModel,
  openCheckpoint,
  saveModel,
  savePytorch,
  WordVocabulary,
} from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { PeakMemory } from "../peak_memory.ts";
import { imported } from "../../support/exchange/imported.ts";
import { Scratch } from "../../support/small_run.ts";

const WORDS = 267_735;

/** What an import took, in bytes. */
export interface ImportMemory {
  /** Length of the file of PyTorch. */
  readonly fileBytes: number;
  /** Peak of the resident memory during the import, above the memory before it. */
  readonly raisedBytes: number;
}

if (import.meta.main) {
  await using scratch = new Scratch();
  const symbols = ["<eos>", ...Array.from({ length: WORDS - 1 }, (_, i) => `word${i}`)];
  {
    using device = new ReferenceDevice({ precision: "f32" });
    const sizes = { vocabSize: WORDS, nLayer: 2, nHead: 2, dHead: 64, dModel: 128, dInner: 8192 };
    using model = await createModel(device, { ...sizes, init: "uniform" });
    await saveModel(scratch.at("model.safetensors"), model, new WordVocabulary(symbols));
    using checkpoint = await openCheckpoint(scratch.at("model.safetensors"));
    await savePytorch(scratch.at("model.pt"), checkpoint, { layout: "nvidia" });
  }
  (globalThis as { gc?: () => void }).gc?.();
  const memory = new PeakMemory();
  await imported(scratch.at("model.pt"), { work_dir: scratch.at("run") });
  const result: ImportMemory = {
    fileBytes: (await Deno.stat(scratch.at("model.pt"))).size,
    raisedBytes: memory.grownBytes,
  };
  console.log(JSON.stringify(result));
}
