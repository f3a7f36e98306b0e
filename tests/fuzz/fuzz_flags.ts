/**
 * Fuzzing of command lines and configuration files: each ends in a configuration that can be
 * planned, or in one short line.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  checkPrompt,
  checkScored,
  EVAL_REFERENCE_FLAGS,
  evalSchema,
  generateSchema,
} from "@transformer-xl/eval";
import { assertCutoffs, type Corpus, cutoffsFor } from "@transformer-xl/model";
import {
  isUserError,
  parseFlags,
  PORTABLE_LIMITS,
  readConfigFile,
  scanFlags,
  wantsHelp,
} from "@transformer-xl/runtime";
import {
  checkShares,
  checkTrainConfig,
  cutStreams,
  fitEvaluation,
  followSettings,
  footprint,
  modelOf,
  PRESETS,
  rateWarnings,
  TRAIN_REFERENCE_FLAGS,
  type TrainConfig,
  trainSchema,
} from "@transformer-xl/train";
import { smallConfig, smallCorpus } from "../support/small_run.ts";
import { PeakMemory } from "./peak_memory.ts";
import { commandLine, configText, type Random, random } from "./flag_inputs.ts";

/** How much is tried. */
export interface FuzzOptions {
  /** Inputs. */
  readonly count: number;
  /** The same seed gives the same inputs. */
  readonly seed: number;
}

const MAX_MS = 5000;
/** Largest growth of the memory by one input. */
const MAX_BYTES = 256e6;
const MAX_MESSAGE = 400;
/** Layers, over all chunks, of the plans that are recorded here; larger ones take seconds. */
const MAX_RECORDED = 4;

const TRAIN_KEYS = [
  ...Object.keys(trainSchema.shape),
  ...TRAIN_REFERENCE_FLAGS.map(({ name }) => name),
];
const EVAL_KEYS = [
  ...Object.keys(evalSchema.shape),
  ...EVAL_REFERENCE_FLAGS.map(({ name }) => name),
];
const KEYS = {
  train: TRAIN_KEYS,
  eval: EVAL_KEYS,
  generate: Object.keys(generateSchema.shape),
} as const;

/**
 * Tries `count` inputs.
 *
 * @throws {Error} At the first input that is neither planned nor refused in one line, or takes more
 * than 5 s; its message holds the input
 */
export async function fuzzFlags({ count, seed }: FuzzOptions): Promise<void> {
  const generator = random(seed);
  const corpus = await smallCorpus();
  const folder = await Deno.makeTempDir({ prefix: "fuzz-flags-" });
  try {
    for (let n = 0; n < count; n++) await tryOne(n, generator, corpus, `${folder}/config.json`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function tryOne(n: number, from: Random, corpus: Corpus, path: string): Promise<void> {
  const kind = from.pick(["eval", "generate", "train", "train", "file"] as const);
  const input = kind === "file" ? configText(TRAIN_KEYS, from) : commandLine(KEYS[kind], from);
  const small = from.next() < 0.8; // so that hostile values reach the checks behind the parser
  const records = from.next() < 0.02;
  const attempt = async () => {
    if (kind === "eval") evaluate(input as string[]);
    else if (kind === "generate") generate(input as string[]);
    else if (kind === "train") await train(input as string[], {}, { small, records, corpus });
    else {
      await Deno.writeTextFile(path, input as string);
      await train([], await readConfigFile(path, { program: "train", section: null }), {
        small,
        records,
        corpus,
      });
    }
  };
  const memory = new PeakMemory();
  let elapsedMs = Infinity;
  // A machine may pause for a while, but not twice at the same input.
  for (let run = 0; run < 2 && elapsedMs > MAX_MS; run++) {
    const startMs = performance.now();
    try {
      await attempt();
    } catch (error) {
      const problem = problemOf(error);
      if (problem !== undefined) {
        throw new Error(`${where(n, input)}: ${problem}`, { cause: error });
      }
    }
    elapsedMs = performance.now() - startMs;
  }
  const { grownBytes } = memory;
  if (grownBytes > MAX_BYTES) {
    throw new Error(`${where(n, input)}: memory grew by ${grownBytes} bytes`);
  }
  if (elapsedMs > MAX_MS) throw new Error(`${where(n, input)}: ${elapsedMs.toFixed(0)} ms`);
}

function where(n: number, input: unknown): string {
  return `input ${n}, ${JSON.stringify(input).slice(0, 600)}`;
}

/** What is wrong with an error; nothing with one short line for a user. */
function problemOf(error: unknown): string | undefined {
  if (!isUserError(error)) return `uncaught ${error}`;
  if (error.message.length > MAX_MESSAGE) return `a message of ${error.message.length} characters`;
  return /[\p{Cc}\p{Zl}\p{Zp}\u202e]/u.test(error.message)
    ? "a message of several lines"
    : undefined;
}

function evaluate(words: readonly string[]): void {
  if (wantsHelp(words)) return;
  const { config } = parseFlags(evalSchema, words, { foreign: EVAL_REFERENCE_FLAGS });
  checkScored(config, config.compat === "auto" ? "none" : config.compat);
  assertEquals(parseFlags(evalSchema, [], { file: config }).config, config);
}

function generate(words: readonly string[]): void {
  if (!wantsHelp(words)) checkPrompt(parseFlags(generateSchema, words).config);
}

async function train(
  words: readonly string[],
  file: Readonly<Record<string, unknown>>,
  { small, records, corpus }: {
    readonly small: boolean;
    readonly records: boolean;
    readonly corpus: Corpus;
  },
): Promise<void> {
  if (wantsHelp(words)) return;
  const early = scanFlags(trainSchema, words, TRAIN_REFERENCE_FLAGS);
  const preset = small ? SMALL : PRESETS[early.preset ?? ""] ?? {};
  const layers = { preset, file, foreign: TRAIN_REFERENCE_FLAGS };
  const parsed = parseFlags(trainSchema, words, layers);
  // What was read reads back; flags repeated change nothing, since the last one wins.
  assertEquals(parseFlags(trainSchema, [], { file: parsed.config }).config, parsed.config);
  const again = words[0] === "--" ? words : [...words, ...words];
  assertEquals(parseFlags(trainSchema, again, layers).config, parsed.config);

  const followed = followSettings(parsed.config, parsed.origin);
  checkTrainConfig(followed);
  const processes = followed.gpus === "all" ? 1 : followed.gpus;
  checkShares(followed, processes);
  const { size } = corpus.vocabulary;
  const modelConfig = modelOf(followed, size, cutoffsOf(followed, size));
  const { config } = fitEvaluation(followed, corpus, parsed.origin, processes);
  const share = { rank: 0, size: processes };
  cutStreams(config, corpus, share);
  rateWarnings(config);
  if (records && config.nLayer * config.batchChunk <= MAX_RECORDED) {
    await footprint(config, modelConfig, PORTABLE_LIMITS, { share });
  }
}

function cutoffsOf(config: TrainConfig, size: number): readonly number[] {
  if (!config.adaptive) return [];
  if (config.cutoffs.length === 0) return cutoffsFor("text", size);
  assertCutoffs(config.cutoffs, size);
  return config.cutoffs;
}

const SMALL = smallConfig();
