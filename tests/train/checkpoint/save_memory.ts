/**
 * Host memory that a save adds, on the plain-loop device:
 *
 *     deno run -A tests/train/checkpoint/save_memory.ts
 *
 * It trains one step of a model whose weights, gradients and moments are far larger than their largest
 * tensor, and prints one JSON line. It needs Linux, whose kernel keeps the peak of a process's memory.
 *
 * @module
 */
import { openDevice } from "@transformer-xl/runtime";
import { CheckpointFiles, modelOf, Trainer } from "@transformer-xl/train";
import { Scratch, smallConfig, smallCorpus } from "../../support/small_run.ts";

/** What a save did, in bytes. */
export interface SaveMemory {
  /** Length of the checkpoint. */
  readonly fileBytes: number;
  /** Length of its largest tensor. */
  readonly largestTensorBytes: number;
  /** Peak of the resident memory during the save, above the memory before it. */
  readonly raisedBytes: number;
}

const WIDTH = 256;
const INNER = 16_384;

/** Checkpoints whose saves are measured. */
class MeasuredFiles extends CheckpointFiles {
  raisedBytes = 0;

  override async save(...args: Parameters<CheckpointFiles["save"]>): Promise<string> {
    // Writing 5 makes the present memory the peak; garbage of the step must not hide the save.
    (globalThis as { gc?: () => void }).gc?.();
    await Deno.writeTextFile("/proc/self/clear_refs", "5");
    const before = await residentBytes("VmHWM");
    const path = await super.save(...args);
    this.raisedBytes = Math.max(this.raisedBytes, await residentBytes("VmHWM") - before);
    return path;
  }
}

async function residentBytes(field: "VmHWM"): Promise<number> {
  const status = await Deno.readTextFile("/proc/self/status");
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)![1]);
}

if (import.meta.main) {
  await using scratch = new Scratch();
  const config = smallConfig({
    device: "cpu",
    nLayer: 2,
    dModel: WIDTH,
    dInner: INNER,
    batchSize: 2,
    batchChunk: 1,
    tgtLen: 2,
    memLen: 2,
    evalTgtLen: 2,
    maxStep: 1,
    warmupStep: 0,
    noEval: true,
    noTest: true,
  });
  const corpus = await smallCorpus();
  const files = new MeasuredFiles(scratch.path, { saveAll: false });
  using device = await openDevice("cpu", () => {});
  using trainer = await Trainer.create(
    device,
    config,
    modelOf(config, corpus.vocabulary.size, []),
    corpus,
  );
  for await (const _ of trainer.train(new AbortController().signal, files));
  const result: SaveMemory = {
    fileBytes: (await Deno.stat(files.last)).size,
    largestTensorBytes: 4 * WIDTH * INNER,
    raisedBytes: files.raisedBytes,
  };
  console.log(JSON.stringify(result));
}
