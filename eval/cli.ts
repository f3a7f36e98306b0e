/**
 * `deno task eval`: a checkpoint's loss on a data set or on a sentence.
 *
 * @module
 */
import {
  Batches,
  type Lengths,
  loadWeights,
  type ModelCheckpoint,
  type ModelShape,
  openCheckpoint,
  precisionFor,
  TransformerXL,
} from "@transformer-xl/model";
import {
  flagHelp,
  openDevice,
  ParamStore,
  parseFlags,
  runCli,
  TextLog,
  wantsHelp,
} from "@transformer-xl/runtime";
import { checkEvalConfig, type EvalConfig, evalSchema } from "./config.ts";
import { Evaluator } from "./evaluator.ts";
import { manualIds } from "./manual.ts";
import { openText, type TextSettings } from "./open_text.ts";
import { resultLines, SegmentLines } from "./report.ts";

if (import.meta.main) await runCli(() => evaluate(Deno.args));

/**
 * Evaluates as the flags say.
 *
 * @returns exit code
 * @throws user errors, see {@link runCli}
 */
export async function evaluate(argv: readonly string[]): Promise<number> {
  if (wantsHelp(argv)) {
    console.log(flagHelp(evalSchema, { usage: "deno task eval [flags]" }));
    return 0;
  }
  const { config } = parseFlags(evalSchema, argv);
  checkEvalConfig(config);
  using checkpoint = await openCheckpoint(
    config.model ?? `${config.workDir}/checkpoint_best.safetensors`,
  );
  const parts = await textParts(config, checkpoint);
  using text = new TextLog({});
  using device = await openDevice(config.device, (sentence) => text.write(sentence));

  const precision = precisionFor(config.fp16, device);
  using store = new ParamStore({ dtype: precision.weights });
  const model = new TransformerXL(store, shapeOf(config, checkpoint.shape), device.target);
  store.seal(device, { gradients: false });
  await loadWeights(device, store, checkpoint);
  const lengths = lengthsOf(config);
  const { batchSize, tgtLen, extLen, memLen } = lengths;
  const { clampLen, sameLength } = model.shape;
  text.write(
    `Evaluating with: math ${precision.name} bsz ${batchSize} tgt_len ${tgtLen} ext_len ${extLen} ` +
      `mem_len ${memLen} clamp_len ${clampLen} same_length ${sameLength}`,
  );
  using evaluator = await Evaluator.create(device, model, lengths);
  const characters = checkpoint.vocabulary.kind === "char";
  for (const [part, ids] of parts) {
    const batches = new Batches(ids, {
      batchSize,
      targetLength: tgtLen,
      extendedContext: extLen,
      warmupLength: config.manual.length > 0 ? 0 : memLen,
      name: part,
    });
    const lines = new SegmentLines(config.logInterval, batches.batchCount, batchSize);
    const result = await evaluator.evaluate(batches, {
      ...(config.maxSize !== null && { maxSegments: config.maxSize }),
      onSegment(segment, index) {
        const line = lines.add(segment, index);
        if (line !== undefined) text.write(line);
      },
    });
    for (const line of resultLines(part, result, characters)) text.write(line);
  }
  return 0;
}

/** The token streams to score, by name. */
async function textParts(
  config: EvalConfig,
  checkpoint: ModelCheckpoint,
): Promise<(readonly [string, Uint32Array])[]> {
  const { vocabulary } = checkpoint;
  if (config.manual.length > 0) return [[config.split, manualIds(config.manual, vocabulary)]];
  const corpus = await openText(textSettings(config, checkpoint), undefined, vocabulary);
  const names = config.split === "all" ? ["valid", "test"] as const : [config.split];
  return names.map((name) => [name, corpus[name]] as const);
}

/** The text of the flags, else the text of training. */
function textSettings(config: EvalConfig, { training, vocabulary }: ModelCheckpoint): TextSettings {
  const trained = (training as { config?: Partial<TextSettings> } | null)?.config ?? {};
  const vocab = vocabulary.kind;
  if (config.data !== null || config.dataset !== "auto") {
    const dataset = config.dataset === "auto" ? trained.dataset ?? "auto" : config.dataset;
    return { dataset: dataset === "self" ? config.dataset : dataset, data: config.data, vocab };
  }
  return { dataset: trained.dataset ?? "auto", data: trained.data ?? null, vocab };
}

function shapeOf({ clampLen, sameLength }: EvalConfig, shape: ModelShape): ModelShape {
  return {
    ...shape,
    clampLen: clampLen ?? shape.clampLen,
    sameLength: sameLength ?? shape.sameLength,
  };
}

function lengthsOf(config: EvalConfig): Lengths {
  const { batchSize, tgtLen, extLen, memLen, manual } = config;
  return { batchSize: manual.length > 0 ? 1 : batchSize, tgtLen, extLen, memLen };
}
