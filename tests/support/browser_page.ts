/**
 * A script of a browser page: a checkpoint from a `Blob`, its weights, the losses of a text. It
 * needs no Deno; a test bundles it.
 *
 * @module
 */
import {
  Batches,
  Memory,
  modelOfCheckpoint,
  NO_DROPOUT,
  readCheckpoint,
} from "@transformer-xl/model/core";
import { blobSource, ReferenceDevice, SafetensorsReader } from "@transformer-xl/runtime/core";

/** Loss of every character of `text` but the first, in nats, by the plain loops. */
export async function score(file: Blob, text: string): Promise<readonly number[]> {
  const reader = await SafetensorsReader.read(blobSource(file, "model.safetensors"));
  using checkpoint = await readCheckpoint(reader);
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await modelOfCheckpoint(device, checkpoint);
  const lengths = { batchSize: 1, tgtLen: 4, extLen: 0, memLen: 8 };
  using memory = new Memory(device, model, lengths, "memory");
  using plan = await device.plan("score", (rec) => {
    const batch = model.inputs(rec, lengths);
    const options = { lengths, memory, drop: NO_DROPOUT, differentiate: false } as const;
    const { nll } = model.forward(rec, batch, options);
    return { inputs: batch.inputs, outputs: { nll }, kept: batch };
  });
  const losses: number[] = [];
  const ids = checkpoint.vocabulary.encode(text);
  for (const segment of new Batches(ids, { batchSize: 1, tgtLen: lengths.tgtLen }).segments()) {
    plan.run(plan.kept.values(segment, memory, { chunks: 1, seed: 0, step: 0, stream: 0 }));
    memory.advance(segment.rows);
    losses.push(...(await plan.read("nll")).nll.slice(0, segment.targetRows));
  }
  return losses;
}
