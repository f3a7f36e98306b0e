/**
 * `deno task eval`: a checkpoint's loss on a data set or on a sentence.
 *
 * @module
 */
import {
  Batches,
  columnShare,
  type Lengths,
  loadWeights,
  type ModelCheckpoint,
  type ModelShape,
  openCheckpoint,
  precisionFor,
  TransformerXL,
  unverifiedLine,
} from "@transformer-xl/model";
import {
  assertSameFacts,
  firstThenOthers,
  flagHelp,
  openDevice,
  ParamStore,
  parseFlags,
  type ProcessGroup,
  runRank,
  TextLog,
  wantsHelp,
} from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { combineResults } from "./combine_results.ts";
import {
  checkEvalConfig,
  checkScored,
  checkShare,
  type EvalConfig,
  evalSchema,
  warmupRows,
} from "./config.ts";
import { Evaluator } from "./evaluator.ts";
import { manualIds } from "./manual.ts";
import { openText, type TextSettings } from "./open_text.ts";
import { inProcesses, takeGpu } from "./processes.ts";
import { resultLines, SegmentLines } from "./report.ts";
import { openShared } from "./shared_checkpoint.ts";
import { modelFacts, startFacts } from "./shared_facts.ts";
import { trainedTextOf } from "./trained_text.ts";

if (import.meta.main) await runRank(() => evaluate(Deno.args));

/**
 * Evaluates as the flags say.
 *
 * @returns exit code
 * @throws user errors, see {@link runRank}
 */
export async function evaluate(argv: readonly string[]): Promise<number> {
  if (wantsHelp(argv)) {
    console.log(flagHelp(evalSchema, { usage: "deno task eval [flags]" }));
    return 0;
  }
  const { config, origin } = parseFlags(evalSchema, argv);
  checkEvalConfig(config);
  return await inProcesses({
    settings: config,
    asked: origin.get("gpus") !== "default",
    argv,
    check: (processes) => checkShare(config, processes),
  }, (group) => evaluateShare(config, group));
}

/** One process: it scores its columns, and the first one tells the result of all. */
async function evaluateShare(config: EvalConfig, group: ProcessGroup): Promise<number> {
  const { rank, size } = group;
  using shared = await openShared(
    group,
    () => openCheckpoint(config.model ?? `${config.workDir}/checkpoint_best.safetensors`),
  );
  const checkpoint = shared.checkpoint!;
  await assertSameFacts(group, startFacts(config, shared.digest));
  checkShare(config, size);
  const shape = shapeOf(config, checkpoint.shape);
  checkScored(config, shape.compat);
  const whole = lengthsOf(config);
  const { batchSize, tgtLen, extLen, memLen } = whole;
  const parts = await firstThenOthers(group, () => textParts(config, checkpoint));
  await assertSameFacts(group, modelFacts(textDigests(parts), checkpoint.vocabulary, shape));
  const streams = parts.map(([name, ids]) => {
    const batches = new Batches(ids, {
      batchSize,
      targetLength: tgtLen,
      extendedContext: extLen,
      warmupLength: warmupRows(config, shape.compat),
      name,
      rank,
      ranks: size,
    });
    return [name, batches] as const;
  });
  using text = new TextLog(rank > 0 && !config.logAllRanks ? { console: false } : {});
  await takeGpu(config);
  const unverified = unverifiedLine(checkpoint);
  if (unverified !== undefined) text.write(unverified);
  using device = await openDevice(config.device, (sentence) => text.write(sentence));

  const precision = precisionFor(config.fp16, device);
  using store = new ParamStore({ dtype: precision.weights });
  const model = new TransformerXL(store, shape, device.target);
  store.seal(device, { gradients: false });
  await loadWeights(device, store, checkpoint);
  const { columns } = columnShare(batchSize, rank, size);
  const lengths = { ...whole, batchSize: columns };
  const { clampLen, sameLength, compat } = shape;
  text.write(
    `Evaluating with: math ${precision.name} bsz ${batchSize} tgt_len ${tgtLen} ext_len ${extLen} ` +
      `mem_len ${memLen} clamp_len ${clampLen} same_length ${sameLength}` +
      (compat === "2019" ? ` compat ${compat}` : ""),
  );
  using evaluator = await Evaluator.create(device, model, lengths);
  const characters = checkpoint.vocabulary.kind === "char";
  for (const [part, batches] of streams) {
    // Of several processes, each has the losses of its own columns only.
    const tellsSegments = size === 1 || config.logAllRanks;
    const lines = new SegmentLines(config.logInterval, batches.batchCount, columns);
    const own = await evaluator.evaluate(batches, {
      ...(config.maxSize !== null && { maxSegments: config.maxSize }),
      onSegment(segment, index) {
        const line = lines.add(segment, index);
        if (line !== undefined && tellsSegments) text.write(line);
      },
    });
    const result = await combineResults(group, own);
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

/** Tokens and digest of each part, by which processes know that they score the same. */
function textDigests(parts: Awaited<ReturnType<typeof textParts>>): Record<string, string> {
  return Object.fromEntries(parts.map(([name, ids]) => {
    const digest = createHash("sha256").update(
      new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength),
    ).digest("hex");
    return [name, `${ids.length} tokens, SHA-256 ${digest}`];
  }));
}

/** The text of the flags, else the text of training. */
function textSettings(config: EvalConfig, checkpoint: ModelCheckpoint): TextSettings {
  const trained = trainedTextOf(checkpoint) ?? { dataset: "auto", data: null };
  const vocab = checkpoint.vocabulary.kind;
  if (config.data !== null || config.dataset !== "auto") {
    const dataset = config.dataset === "auto" ? trained.dataset : config.dataset;
    return { dataset: dataset === "self" ? config.dataset : dataset, data: config.data, vocab };
  }
  return { ...trained, vocab };
}

function shapeOf({ clampLen, sameLength, compat }: EvalConfig, shape: ModelShape): ModelShape {
  return {
    ...shape,
    clampLen: clampLen ?? shape.clampLen,
    sameLength: sameLength ?? shape.sameLength,
    compat: compat ?? shape.compat,
  };
}

function lengthsOf(config: EvalConfig): Lengths {
  const { batchSize, tgtLen, extLen, memLen, manual } = config;
  return { batchSize: manual.length > 0 ? 1 : batchSize, tgtLen, extLen, memLen };
}
