/**
 * The whole program in seconds.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Evaluator } from "@transformer-xl/eval";
import { Batches, createModel, type Lengths } from "@transformer-xl/model";
import {
  type Device,
  parseFlags,
  readParameters,
  ReferenceDevice,
  weightsOf,
} from "@transformer-xl/runtime";
import { modelOf, stepOptions, trainLengths, trainSchema, TrainStep } from "@transformer-xl/train";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

const STEPS = 20;
const FLAGS = "--n_layer 2 --n_head 2 --d_head 8 --d_model 16 --d_inner 32 --batch_size 4 " +
  "--tgt_len 16 --mem_len 16 --log_interval 20 --dropout 0.1 --adaptive --cutoffs 8 16";

/** Ids in a repeating pattern, so that there is something to learn. */
const TEXT = Uint32Array.from({ length: 4 * 400 }, (_, i) => (i * i + 3 * i) % 24);

interface Trained {
  readonly losses: readonly number[];
  readonly weights: readonly number[];
  readonly lossNats: number;
}

async function trainAndEvaluate(device: Device): Promise<Trained> {
  const { config } = parseFlags(trainSchema, FLAGS.split(" "));
  const modelConfig = modelOf(config, 24, config.cutoffs);
  using model = await createModel(device, modelConfig, { training: true, seed: 1 });
  using step = await TrainStep.record(model, trainLengths(config), stepOptions(config));
  const segments = [...new Batches(TEXT, { batchSize: 4, tgtLen: 16 }).segments()];
  for (let n = 0; n < STEPS; n++) step.run(segments[n]!, { lr: 0.02 });
  const metrics = await step.metrics(STEPS);
  assert(metrics.every(({ applied, gradientNorm }) => applied && gradientNorm > 0));

  const lengths: Lengths = { batchSize: 4, tgtLen: 16, extLen: 0, memLen: 16 };
  using evaluator = await Evaluator.create(model, lengths);
  const batches = new Batches(TEXT, { batchSize: 4, tgtLen: 16 });
  const { lossNats } = await evaluator.evaluate(batches, { maxSegments: 5 });

  const weights: number[] = [];
  for await (const [, values] of readParameters(device, model.store, weightsOf(model.store))) {
    weights.push(...values);
  }
  return { losses: metrics.map(({ lossNats }) => lossNats), weights, lossNats };
}

gpuTest(
  "a tiny model trains on the adapter, twice to the same bits, and frees everything",
  async () => {
    const gpu = await openTestGpu();
    const before = gpu.liveBytes;
    const first = await trainAndEvaluate(gpu);
    assertEquals(gpu.liveBytes, before);
    assertEquals(await trainAndEvaluate(gpu), first);
    // Untrained, the head spreads over 8 words and 2 clusters, a cluster over its 8 words.
    assert(first.losses[0]! > Math.log(10) - 0.1 && first.losses[0]! < Math.log(80) + 0.1);
    assert(first.losses.at(-1)! < first.losses[0]! - 0.1, `last loss ${first.losses.at(-1)}`);
    assert(first.lossNats < first.losses[0]!);

    using reference = new ReferenceDevice({ precision: "f64", limits: gpu.limits });
    const want = await trainAndEvaluate(reference);
    assertEquals(reference.liveBytes, 0);
    first.losses.forEach((loss, n) => {
      assert(
        Math.abs(loss - want.losses[n]!) < 1e-3,
        `step ${n}: got ${loss}, want ${want.losses[n]}`,
      );
    });
    assert(Math.abs(first.lossNats - want.lossNats) < 1e-3);
  },
);
