/**
 * The shared weights of a comparison as an ONNX model.
 *
 * @module
 */
import { Model, openCheckpoint, writeOnnxModel } from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import type { Workload } from "../peer.ts";

/** An exported model. */
export interface ExportedModel {
  /** Its path. */
  readonly path: string;
  /** Its parameters. */
  readonly parameters: number;
}

/** The exported model beside the weights; the first call writes it. */
export async function exportedModel(
  { files: { weights }, lengths }: Workload,
): Promise<ExportedModel> {
  const path = `${weights}.onnx`;
  using checkpoint = await openCheckpoint(weights);
  using device = new ReferenceDevice({ precision: "f32" });
  const parameters = new Model(device, checkpoint.config).store.count;
  const isWritten = await Deno.stat(path).then(() => true, () => false);
  if (!isWritten) {
    await writeOnnxModel(checkpoint, path, { lengths, outputs: "losses", half: false });
  }
  return { path, parameters };
}
