/**
 * Runs of a second: a generated text, a model of a few thousand weights, and the files of such runs
 * without timings.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { mean } from "@transformer-xl/eval";
import { type Corpus, openCheckpoint, openCorpus, type Segment } from "@transformer-xl/model";
import { type Device, weightsOf } from "@transformer-xl/runtime";
import {
  modelOf,
  type Streams,
  type TrainConfig,
  Trainer,
  trainSchema,
} from "@transformer-xl/train";
import type { Flags } from "./program.ts";

/** Words of the generated text. */
export const WORD_COUNT = 30;

/** Flags of a run of a second on any device: two epochs, chunks, dropout, rotated columns. */
export const SMALL = {
  n_layer: 2,
  n_head: 2,
  d_head: 8,
  d_model: 16,
  d_inner: 32,
  dropout: 0.2,
  dropatt: 0.1,
  batch_size: 4,
  batch_chunk: 2,
  tgt_len: 8,
  mem_len: 8,
  roll: true,
  eval_tgt_len: 8,
  eval_batch_size: 2,
  warmup_step: 4,
  max_step: 60,
  log_interval: 5,
  eval_interval: 12,
} as const satisfies Flags;

/** {@link SMALL} on the CPU: four steps without chunks, two log lines, one evaluation. */
export const FOUR_STEPS = {
  ...SMALL,
  batch_chunk: 1,
  device: "cpu",
  max_step: 4,
  eval_interval: 4,
  warmup_step: 2,
  log_interval: 2,
} as const satisfies Flags;

/** Numbers in [0, 1) that depend on the seed alone. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state ^ state >>> 15) >>> 0) % 2 ** 24 / 2 ** 24;
  };
}

/** Lines of seeded words; most words follow from the one before, so there is something to learn. */
export function wordText(lines: number, seed = 1): string {
  const random = seededRandom(seed);
  let word = 0;
  const next = () => {
    word = random() < 0.7 ? (7 * word + 3) % WORD_COUNT : Math.floor(random() * WORD_COUNT);
    return `word${word}`;
  };
  const line = () => Array.from({ length: 8 }, next).join(" ");
  return Array.from({ length: lines }, line).join("\n") + "\n";
}

/** A folder that is removed with its content. */
export class Scratch implements AsyncDisposable {
  /** Its path. */
  readonly path: string = Deno.makeTempDirSync({ prefix: "small-run-" });

  /** A path inside. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Writes a text into it and returns its path. */
  async text(name: string, text: string): Promise<string> {
    await Deno.writeTextFile(this.at(name), text);
    return this.at(name);
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** A checked configuration: {@link SMALL} by key, and what is given on top. */
export function smallConfig(settings: Partial<TrainConfig> = {}): TrainConfig {
  const small = Object.entries(SMALL).map(([name, value]) => [
    name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return trainSchema.parse({ ...Object.fromEntries(small), ...settings });
}

/** The generated text as a corpus. */
export async function smallCorpus(lines = 100): Promise<Corpus> {
  await using scratch = new Scratch();
  return await openCorpus({
    dataset: "text",
    path: await scratch.text("text.txt", wordText(lines)),
  });
}

/** The segments of an epoch. */
export async function* epochSegments(
  epochs: Streams["train"],
  epoch = 1,
): AsyncGenerator<{ readonly segment: Segment }> {
  const segments = epochs.after({ epoch, lastStart: null, sentences: null });
  for (let next = await segments.next(); next !== undefined; next = await segments.next()) {
    yield next;
  }
}

/** A trainer of a small network. */
export function smallTrainer(
  device: Device,
  config: TrainConfig,
  corpus: Corpus,
): Promise<Trainer> {
  return Trainer.create(device, config, modelOf(config, corpus.vocabulary.size, []), corpus);
}

/** The flat weights of a trainer. */
export async function weightsNow(device: Device, trainer: Trainer): Promise<number[]> {
  const ranges = weightsOf(trainer.store).map((storage) => ({
    storage,
    offset: 0,
    length: storage.length,
  }));
  return (await device.read(ranges)).flatMap((values) => [...values]);
}

const TIMINGS = new Set([
  "msPerBatch",
  "tokensPerSecond",
  "dataWaitMs",
  "elapsedMs",
  "path",
  "bytes",
]);

/** Records of a run's JSON log without timings and places, as `kind step` and text. */
export async function recordsOf(workDir: string): Promise<[string, string][]> {
  const text = await Deno.readTextFile(`${workDir}/train_log.jsonl`);
  return text.trimEnd().split("\n")
    .map((line) => JSON.parse(line) as { kind: string; step?: number })
    .filter(({ kind }) => !["config", "environment"].includes(kind))
    .map((record) => [
      `${record.kind} ${record.step ?? "end"}`,
      JSON.stringify(record, (key, value) => TIMINGS.has(key) ? undefined : value),
    ]);
}

/**
 * Whether a record is that of the run that was not stopped. The first log record after a restart has
 * the later steps of its interval alone, and their mean loss.
 */
export function assertRecord(record: string, want: string | undefined, key: string): void {
  if (record === want || !key.startsWith("log")) return assertEquals(record, want, key);
  type Log = { metrics: { lossNats: number }[]; lossNats: number };
  const { lossNats, metrics, ...got } = JSON.parse(record) as Log;
  const { lossNats: _, metrics: all, ...whole } = JSON.parse(want!) as Log;
  assertEquals([got, metrics], [whole, all.slice(-metrics.length)], key);
  assertEquals(lossNats, mean(metrics.map(({ lossNats }) => lossNats)), key);
}

/** Lines of losses, rates and evaluations on the console, without timings. */
export function lossLines(stdout: string): string[] {
  return stdout.split("\n").filter((line) => line.startsWith("| "))
    .map((line) =>
      line.replace(/ ms\/batch +[\d.]+ \| tok\/s +\d+ \|/, "").replace(/ time: +[\d.]+s \|/, "")
    );
}

/** Everything in a checkpoint that a run determines: tensors byte by byte, and the progress. */
export async function contentOf(path: string): Promise<Record<string, string>> {
  using checkpoint = await openCheckpoint(path);
  const content: Record<string, string> = {};
  for (const name of checkpoint.file.names) {
    content[name] = new Uint8Array(await checkpoint.file.bytes(name)).toHex();
  }
  const { progress } = checkpoint.training as { progress: unknown };
  return { ...content, progress: JSON.stringify(progress) };
}

/** Paths and contents of every file below a folder. */
export async function filesBelow(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) Object.assign(files, { [`${path}/`]: "" }, await filesBelow(path));
    else files[path] = (await Deno.readFile(path)).toHex();
  }
  return files;
}
