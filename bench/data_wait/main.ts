/**
 * `deno run -A bench/data_wait/main.ts`: how long training steps wait for their data, of generated
 * texts in order and of sentences in files, and how long the data takes that is prepared meanwhile.
 *
 * @module
 */
import { zipfIds } from "@transformer-xl/eval";
import { createModel, dataSet, openCorpus } from "@transformer-xl/model";
import {
  type Device,
  DryDevice,
  openDevice,
  PORTABLE_LIMITS,
  SoloGroup,
} from "@transformer-xl/runtime";
import {
  cutStreams,
  type CutText,
  type DataTimes,
  modelOf,
  PRESETS,
  RunSegments,
  stepOptions,
  StepRunner,
  type TrainConfig,
  trainLengths,
  trainSchema,
  TrainStep,
} from "@transformer-xl/train";
import { zipfSegments } from "../gpu_report/zipf_segments.ts";
import { runBenchProgram } from "../harness/bench_program.ts";
import { digits } from "../harness/results.ts";
import { dataWaitSchema } from "./settings.ts";
import { writeSentenceFiles } from "./sentence_files.ts";

/** The smallest word model: the vocabulary is nearly all of its work. */
const NARROW = { nLayer: 1, nHead: 1, dHead: 16, dModel: 16, dInner: 16, divVal: 2 };
const LENGTHS = { batchSize: 8, tgtLen: 32, memLen: 32 };
const COMMON = { noEval: true, optim: "adam", etaMin: 1e-3 } as const;
/** Limits of a GPU that the base model fits into; nothing is allocated. */
const LARGE = { maxBindingBytes: 2 ** 31, maxBufferBytes: 2 ** 31 };
const WT103 = dataSet("wt103");

if (import.meta.main) {
  await runBenchProgram("bench/data_wait/main.ts", dataWaitSchema, async ({ device, steps }) => {
    using opened = await openDevice(device, console.log);
    console.log(
      `data of ${steps} steps; a step of the last row is that of wt103-base, prepared alone`,
    );
    for await (const line of dataWaitLines(opened, steps)) console.log(line);
    return 0;
  });
}

/** The lines of all rows. */
export async function* dataWaitLines(device: Device, steps: number): AsyncGenerator<string> {
  const tiny = trainSchema.parse({ ...PRESETS["tiny"], ...COMMON, maxStep: steps });
  const tinySize = dataSet("self").vocabularySize;
  yield waitLine("tiny", await generated(device, tiny, { size: tinySize, cutoffs: [] }));

  const words = { ...NARROW, ...LENGTHS, ...COMMON, adaptive: true, maxStep: steps };
  const { vocabularySize: size, cutoffs } = WT103;
  const wt103 = trainSchema.parse({ ...words, dataset: "wt103" });
  yield waitLine("267,735 words", await generated(device, wt103, { size, cutoffs }));
  yield waitLine("sentences", await sentences(device, { ...words, dataset: "lm1b" }));
  yield `wt103-base, 256 x 192 tokens  : ${digits(await preparedAlone())} ms to prepare`;
}

/** Data of a run, and how long its steps took. */
export interface MeasuredRun extends DataTimes {
  /** Wall time of all steps but the first. */
  readonly elapsedMs: number;
}

/** One row. */
export function waitLine(name: string, run: MeasuredRun): string {
  const { steps, waitMs, longestWaitMs, readyMs, elapsedMs } = run;
  return `${name.padEnd(30)}: ${digits(elapsedMs / steps)} ms per step, ` +
    `${digits(waitMs / steps)} ms of it waiting for data (at most ${digits(longestWaitMs)}), ` +
    `which took ${digits(readyMs / steps)} ms`;
}

/** The vocabulary of generated ids. */
interface Words {
  readonly size: number;
  readonly cutoffs: readonly number[];
}

async function generated(device: Device, config: TrainConfig, words: Words): Promise<MeasuredRun> {
  const { batchSize, tgtLen, seed } = config;
  const next = zipfIds(words.size, seed);
  const none = new Uint32Array(0);
  const train = Uint32Array.from({ length: 101 * batchSize * tgtLen }, next); // some epochs
  return await measureRun(device, config, { train, valid: none, test: none }, words);
}

async function sentences(
  device: Device,
  settings: Record<string, unknown>,
): Promise<MeasuredRun> {
  const folder = await Deno.makeTempDir();
  try {
    await writeSentenceFiles(folder, { files: 6, sentences: 600, words: 50_000 });
    const corpus = await openCorpus({ dataset: "lm1b", path: folder });
    const cutoffs = [5000, 20_000];
    const config = trainSchema.parse({ ...settings, cutoffs });
    return await measureRun(device, config, corpus, { size: corpus.vocabulary.size, cutoffs });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Trains on a text as a run does, and returns the times of its data. */
export async function measureRun(
  device: Device,
  config: TrainConfig,
  text: CutText,
  { size, cutoffs }: Words,
): Promise<MeasuredRun> {
  const modelConfig = modelOf(config, size, cutoffs);
  using model = await createModel(device, modelConfig, { training: true, seed: config.seed });
  const { train: epochs } = cutStreams(config, text);
  using _reader = epochs;
  const start = { step: 0, epoch: 1, lastStart: null, sentences: null };
  epochs.readAhead(start);
  using step = await TrainStep.record(model, trainLengths(config), stepOptions(config));
  const runner = new StepRunner(step, new SoloGroup(), { isSwapped: false });
  runner.start(new RunSegments(epochs, start, config.maxStep));
  let startMs = 0;
  for (let next = await runner.next(); next !== undefined; next = await runner.next()) {
    await runner.run(next, { lr: 1e-3 }, () => "none");
    if (next.step > 1) continue;
    await runner.metrics(1);
    startMs = performance.now();
  }
  await runner.metrics(1);
  return { ...runner.dataTimes, elapsedMs: performance.now() - startMs };
}

/** Mean milliseconds that a step of the base model takes to prepare, without a device. */
async function preparedAlone(): Promise<number> {
  const config = trainSchema.parse(PRESETS["wt103-base"]!);
  const { vocabularySize: size, cutoffs } = WT103;
  const device = new DryDevice({ ...PORTABLE_LIMITS, ...LARGE });
  using model = await createModel(device, modelOf(config, size, cutoffs), { training: true });
  const lengths = trainLengths(config);
  using step = await TrainStep.record(model, lengths, stepOptions(config));
  const segments = zipfSegments(lengths, size, config.seed, 12);
  for (const segment of segments) step.prepare(segment); // compiled
  const startMs = performance.now();
  for (const segment of segments) step.prepare(segment);
  return (performance.now() - startMs) / segments.length;
}
