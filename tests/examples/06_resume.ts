/**
 * Resuming: a run that stops and goes on from its checkpoint ends with the same bits as one that
 * never stopped.
 *
 *     deno run -A tests/examples/06_resume.ts
 *
 * @module
 */
import { openCheckpoint, openCorpus } from "@transformer-xl/model";
import { openDevice, parseFlags, readParameters, weightsOf } from "@transformer-xl/runtime";
import { CheckpointFiles, modelOf, PRESETS, Trainer, trainSchema } from "@transformer-xl/train";
import { assertEquals } from "@std/assert";

const directory = await Deno.makeTempDir();
const path = `${directory}/text.txt`;
await Deno.writeTextFile(path, "she sells sea shells by the sea shore\n".repeat(60));
const corpus = await openCorpus({ dataset: "text", path, vocab: "char" });
const flags = "--n_layer 2 --d_model 16 --d_inner 32 --batch_size 4 --tgt_len 16 --mem_len 16 " +
  "--eval_interval 100 --log_interval 2 --warmup_step 2 --dropout 0.1 --no_eval --no_test";
using device = await openDevice("auto", console.log);

/** Trains to `maxStep`, from the checkpoint in `folder` if there is one; returns the weights. */
async function train(folder: string, maxStep: number, resume: boolean): Promise<number[]> {
  const { config } = parseFlags(
    trainSchema,
    [...flags.split(" "), "--max_step", `${maxStep}`, "--max_step_scheduler", "6"],
    { preset: PRESETS["tiny"]! },
  );
  const files = new CheckpointFiles(`${directory}/${folder}`, { saveAll: false });
  await Deno.mkdir(files.directory, { recursive: true });
  using checkpoint = resume ? await openCheckpoint(files.last) : undefined;
  const shape = modelOf(config, corpus.vocabulary.size, []);
  using trainer = await Trainer.create(device, config, shape, corpus, checkpoint);
  for await (const event of trainer.train(new AbortController().signal, files)) {
    if (event.kind === "log") console.log(folder, event.step, event.metrics.at(-1)!.lossNats);
  }
  const weights: number[] = [];
  for await (const [, values] of readParameters(device, trainer.store, weightsOf(trainer.store))) {
    weights.push(...values);
  }
  return weights;
}

const whole = await train("whole", 6, false);
await train("stopped", 3, false);
const resumed = await train("stopped", 6, true);
assertEquals(resumed, whole);
console.log(`${whole.length} weights are equal bit by bit`);
await Deno.remove(directory, { recursive: true });
