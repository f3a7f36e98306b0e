/**
 * Weights and ids that all peers of a comparison start from, in files.
 *
 * @module
 */
import { createModel, saveModel, type Segment, WordVocabulary } from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { zipfSegments } from "../gpu_report/zipf_segments.ts";
import type { PeerModel, Workload, WorkloadFiles } from "./peer.ts";

/** Segments of ids. */
const SEGMENTS = 4;

/** Files in a folder of their own, which is removed with them. */
export class SharedFiles implements WorkloadFiles, AsyncDisposable {
  readonly weights: string;
  readonly ids: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.weights = `${folder}/weights.safetensors`;
    this.ids = `${folder}/ids`;
  }

  /** Draws weights as a new model does, and ids as frequent as words. */
  static async write(
    { model: sizes, lengths, seed }: Pick<Workload, "model" | "lengths" | "seed">,
  ): Promise<SharedFiles> {
    const files = new SharedFiles(await Deno.makeTempDir({ prefix: "peers-" }));
    await using stack = new AsyncDisposableStack();
    stack.use(files);
    using device = new ReferenceDevice({ precision: "f32" });
    using model = await createModel(device, modelSettings(sizes), { seed });
    const words = Array.from({ length: sizes.vocabSize }, (_, id) => `w${id}`);
    await saveModel(files.weights, model, new WordVocabulary(["<eos>", ...words.slice(1)]));
    const ids = segmentsOf({ model: sizes, lengths, seed }).flatMap((
      { inputs, targets },
    ) => [...inputs, ...targets]);
    await Deno.writeFile(files.ids, new Uint8Array(Uint32Array.from(ids).buffer));
    stack.move();
    return files;
  }

  /** Removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** The segments of the file of ids. */
export function segmentsOf(
  { model, lengths, seed }: Pick<Workload, "model" | "lengths" | "seed">,
): Segment[] {
  return zipfSegments(lengths, model.vocabSize, seed, SEGMENTS);
}

/** The settings of a model for this program. */
function modelSettings({ cutoffs, ...sizes }: PeerModel): Parameters<typeof createModel>[1] {
  return { ...sizes, ...(cutoffs.length > 0 && { adaptive: true, cutoffs: [...cutoffs] }) };
}
