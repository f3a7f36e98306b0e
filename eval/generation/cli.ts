/**
 * `deno task generate`: continues a prompt with a checkpoint. The text goes to standard output,
 * everything about it to standard error.
 *
 * @module
 */
import {
  checkDeviceSettings,
  type ModelCheckpoint,
  modelOfCheckpoint,
  openCheckpoint,
  REMEDIES,
} from "@transformer-xl/model";
import {
  checkVerbosity,
  flagHelp,
  inTrace,
  listenTo,
  parseFlags,
  runMain,
  type RunTrace,
  SAME_REQUEST_MS,
  STOP_CODES,
  STOP_SIGNALS,
  type StopSignal,
  tryWrite,
  wantsHelp,
  withRemedies,
  withUserPaths,
} from "@transformer-xl/runtime";
import { findCheckpoint } from "../find_checkpoint.ts";
import { assertFiniteWeights } from "../finite.ts";
import { openScoringDevice } from "../scorers/device_runtime.ts";
import { trainedTextOf } from "../text/trained_text.ts";
import { typedText } from "../text/typed_text.ts";
import { checkPrompt, type GenerateConfig, generateSchema } from "./config.ts";
import { contextLengths } from "./context_lengths.ts";
import { Generator, type GeneratorSettings, randomSeed } from "./generator.ts";
import { promptIds } from "./prompt.ts";
import { SamplePrinter } from "./sample_printer.ts";
import { openedLines } from "../report/report.ts";
import { recordGeneration } from "./speed/generation_metrics.ts";
import { SpeedMeter } from "./speed/speed_meter.ts";

/**
 * Generates with the given flags.
 *
 * @returns exit code: 0, or that of the signal that stopped the text
 * @throws user errors, see {@link runMain}
 */
export async function generate(argv: readonly string[]): Promise<number> {
  return await withRemedies(REMEDIES, () => generateWith(argv));
}

async function generateWith(argv: readonly string[]): Promise<number> {
  if (wantsHelp(argv)) {
    tryWrite(Deno.stdout, `${flagHelp(generateSchema, { usage: "deno task generate [flags]" })}\n`);
    return 0;
  }
  const config = withUserPaths(
    parseFlags(generateSchema, argv).config,
    ["workDir", "model", "promptFile"],
  );
  checkPrompt(config);
  checkDeviceSettings(config);
  checkVerbosity(config);
  return await inTrace("generate", (trace) => generateText(config, trace));
}

async function generateText(config: GenerateConfig, trace: RunTrace | undefined): Promise<number> {
  const note = config.quiet ? () => {} : printNote;
  using checkpoint = await openCheckpoint(await findCheckpoint(config));
  const { vocabulary } = checkpoint;
  const prompt = await typedText({ manual: config.prompt, manualFile: config.promptFile });
  const ids = promptIds(prompt, vocabulary, trainedTextOf(checkpoint)?.dataset);
  note(`checkpoint : ${checkpoint.path}`);
  using device = await openScoringDevice(config, note);
  const stored = checkpoint.config;
  const modelConfig = {
    ...stored,
    clampLen: config.clampLen ?? stored.clampLen,
    compat: config.compat === "auto" ? stored.compat : config.compat,
  };
  using model = await modelOfCheckpoint(device, checkpoint, {
    config: modelConfig,
    fp16: config.fp16,
  });
  await assertFiniteWeights(device, model.store, checkpoint.path);
  using generator = await Generator.open(model, vocabulary, sizesOf(config, checkpoint));
  // Words are separated when the next one comes, so blanks at the end of the prompt are not printed.
  const shown = vocabulary.kind === "word" ? prompt.replace(/[^\S\n]+$/, "") : prompt;
  if (config.verbose) {
    note(`parameters = ${model.store.count}`);
    for (const line of openedLines(device.info, device.liveBytesByRole)) note(line);
  }
  trace?.add({ checkpoint: checkpoint.path, adapter: device.info.adapter });
  trace?.lap("start-up");
  return await print(generator, ids, { ...config, shown: config.echo ? shown : "", note, trace });
}

/** Prints a line about the text. */
function printNote(line: string): void {
  tryWrite(Deno.stderr, `${line}\n`);
}

function sizesOf(
  { samples, tgtLen, memLen, cache }: GenerateConfig,
  checkpoint: ModelCheckpoint,
): GeneratorSettings {
  const lengths = memLen === null
    ? contextLengths(checkpoint, tgtLen)
    : { segmentLen: tgtLen, memLen };
  return { samples, cache, ...lengths };
}

/** Longest time between two looks at signals. */
const YIELD_MS = 100;

/** Prints the samples until they end, a signal arrives, or nobody reads. */
async function print(
  generator: Generator,
  ids: Uint32Array,
  { shown, note, trace, ...config }: GenerateConfig & {
    readonly shown: string;
    readonly note: (line: string) => void;
    readonly trace: RunTrace | undefined;
  },
): Promise<number> {
  const { length, stop, samples, temperature, topK, topP, minP, repetitionPenalty } = config;
  const seed = config.seed ?? randomSeed();
  if (temperature > 0) note(`seed : ${seed}`);
  using signals = new StopRequest();
  let isRead = true;
  const write = (text: string) => {
    if (isRead) isRead = tryWrite(Deno.stdout, text) === undefined;
  };
  const printer = new SamplePrinter({ samples, prompt: shown, write });
  printer.begin();
  const meter = new SpeedMeter(ids.length);
  let lastYieldMs = performance.now();
  const tokens = generator.generate(ids, {
    ...{ length, stop, joined: config.detokenize },
    ...{ temperature, topK, topP, minP, repetitionPenalty, seed },
  });
  for await (const token of tokens) {
    meter.count(token);
    printer.push(token);
    if (performance.now() - lastYieldMs > YIELD_MS) {
      await new Promise((resolve) => setTimeout(resolve, 0)); // signals are handled between tasks
      lastYieldMs = performance.now();
    }
    if (!isRead || signals.received !== undefined) break;
  }
  printer.end();
  if (isRead) note(meter.line(samples));
  if (trace !== undefined) recordGeneration(trace, meter.times, samples);
  if (signals.received !== undefined) trace?.add({ interrupted: true });
  return signals.received === undefined ? 0 : STOP_CODES[signals.received];
}

/** The first stop signal. The text ends after its token; a second signal ends the program at once. */
class StopRequest implements Disposable {
  received: StopSignal | undefined;
  readonly #listeners: Disposable;

  constructor() {
    let firstMs = 0;
    this.#listeners = listenTo(STOP_SIGNALS, (signal) => {
      if (this.received === undefined) firstMs = performance.now();
      else if (performance.now() - firstMs > SAME_REQUEST_MS) Deno.exit(STOP_CODES[signal]);
      this.received ??= signal;
    });
  }

  [Symbol.dispose](): void {
    this.#listeners[Symbol.dispose]();
  }
}

if (import.meta.main) await runMain(() => generate(Deno.args));
