/**
 * `deno task eval`: the loss of a checkpoint on a data set or a sentence.
 *
 * @module
 */
import {
  Batches,
  columnShare,
  COMPAT_RULES,
  type Lengths,
  type ModelConfig,
  modelFacts,
  REMEDIES,
  sharedSettings,
  startFacts,
} from "@transformer-xl/model";
import {
  assertSameFacts,
  decideOnFirst,
  fileInfo,
  firstThenOthers,
  flagHelp,
  flagName,
  inProcesses,
  NOT_PASSED,
  openDevice,
  type ParsedFlags,
  type ProcessGroup,
  rankEnvironment,
  runMain,
  takeGpu,
  wantsHelp,
  withRemedies,
} from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { combineResults } from "./combine_results.ts";
import { coverageLine, coverageOf } from "./report/coverage.ts";
import {
  checkManual,
  checkMeasured,
  checkScored,
  checkShare,
  checkTables,
  type EvalConfig,
  evalSchema,
  isMeasured,
  lengthsOf,
  warmupRows,
} from "./config.ts";
import { Evaluator } from "./evaluator.ts";
import { assertFiniteLoss } from "./finite.ts";
import { configureEvaluation, evaluationYaml, isAdapted } from "./settings/configure.ts";
import { fitLengths, fittedLine } from "./settings/fit_lengths.ts";
import {
  latencyFacts,
  latencyFileName,
  LatencyFiles,
  type MeasuredText,
} from "./latency/latency_files.ts";
import { LatencyMeter, latencySummary, skippedIterations } from "./latency/latency_meter.ts";
import { evaluateRepeatedly } from "./repetitions.ts";
import { EvalDllRecords } from "./report/dll_records.ts";
import { openEvalLogs, outputFolder, TEXT_LOG } from "./report/logs.ts";
import { type Achieved, compareTargets, targetLines } from "./report/targets.ts";
import { checkDllogName, checkLogName } from "./settings/log_names.ts";
import { typeLine } from "./settings/flag_words.ts";
import { openScorer, runtimeName } from "./scorers/open_scorer.ts";
import { bannerLine, latencyLines, resultLines, segmentLine } from "./report/report.ts";
import { openSource } from "./sources/open_source.ts";
import type { ScoredText } from "./text/scored_text.ts";
import { combineMeans, SegmentMeter } from "./report/segment_meter.ts";

const COVERAGE_FLAGS = {
  batchSize: "--batch_size",
  memLen: "--mem_len",
  maxSegments: "--max_size",
};

if (import.meta.main) await runMain(() => evaluate(Deno.args));

/**
 * Evaluates with the given flags.
 *
 * @returns exit code: 0, or 1 when a target was missed
 * @throws user errors, see {@link runMain}
 */
export async function evaluate(argv: readonly string[]): Promise<number> {
  return await withRemedies(REMEDIES, () => evaluateWith(argv));
}

async function evaluateWith(argv: readonly string[]): Promise<number> {
  if (wantsHelp(argv)) {
    console.log(flagHelp(evalSchema, { usage: "deno task eval [flags]" }));
    return 0;
  }
  const parsed = await configureEvaluation(argv);
  const { config, origin } = parsed;
  checkManual(config);
  if (config.printConfig) {
    if (rankEnvironment().rank === 0) console.log(evaluationYaml(config, origin));
    return 0;
  }
  return await inProcesses({
    settings: config,
    gpusGiven: origin.get("gpus") !== "default",
    argv,
    facts: sharedSettings(config),
    paths: [config.workDir, config.model, config.data, config.configFile]
      .filter((path) => path !== null),
    check: (processes) => checkShare(config, processes),
  }, (group) => evaluateShare(parsed, group));
}

/** One rank: it scores its columns, and rank 0 reports the combined result. */
async function evaluateShare(
  { config, origin, notes }: ParsedFlags<EvalConfig>,
  group: ProcessGroup,
): Promise<number> {
  const { rank, size } = group;
  using source = await openSource(config, group);
  await assertSameFacts(group, startFacts(config, source.digest));
  checkShare(config, size);
  const modelConfig = scoredConfig(config, source.config);
  // Logs are opened after all checks; earlier lines are kept for the file.
  const announced: string[] = [];
  const announce = (line: string) => {
    if (rank > 0) return;
    console.log(line);
    announced.push(line);
  };
  const cacheDir = await cacheFolder(config);
  const { texts, lines: textLines, symbols } = await firstThenOthers(
    group,
    () => source.texts(cacheDir, announce),
  );
  if (size > 1) {
    await assertSameFacts(
      group,
      modelFacts(textDigests(texts), symbols, modelConfig),
    );
  }
  const given = new Set(
    (["batchSize", "tgtLen", "memLen"] as const).filter((key) => !isAdapted(key, origin)),
  );
  const tokens = Math.min(...texts.map(({ ids }) => ids.length));
  const whole = fitLengths(lengthsOf(config), {
    tokens,
    processes: size,
    warms: warmupRows(config, modelConfig.compat) > 0,
    given,
  });
  const { batchSize, tgtLen, memLen } = whole;
  checkTables(modelConfig, whole);
  const warmupLen = warmupRows({ ...config, memLen }, modelConfig.compat);
  checkScored({ ...config, tgtLen, memLen }, modelConfig.compat);
  const streams = texts.map(({ name, ids, whole: isWhole }) => {
    const warmup = isWhole && isShort(ids, whole, warmupLen) ? 0 : warmupLen;
    const batches = new Batches(ids, { ...whole, warmupLen: warmup, name, rank, ranks: size });
    return [name, batches, warmup] as const;
  });
  const skipped = skippedIterations(whole, modelConfig.compat);
  for (const [name, { segmentCount: segments }] of streams) {
    checkMeasured(config, { name, segments, skipped });
  }
  const output = { ...config, workDirGiven: origin.get("workDir") !== "default" };
  checkLogName("--dllog_file", config.dllogFile, {
    folder: outputFolder(output),
    inputs: [config.model, config.data, config.configFile],
  });
  checkDllogName(config.dllogFile, { name: TEXT_LOG }, outputFolder(output));
  const pythonNumbers = COMPAT_RULES[modelConfig.compat].repeatsRecordErrors;
  using logs = await openEvalLogs({ ...output, rank, pythonNumbers, announced });
  const { text, json, dllog } = logs;
  const records = dllog && new EvalDllRecords(dllog);
  records?.begin(
    Object.fromEntries(Object.entries(config).map(([key, value]) => [flagName(key), value])),
  );
  json?.write({ kind: "config", config, checkpoint: source.name, model: modelConfig });
  for (const line of textLines) text.write(line);
  await takeGpu(config);
  for (const line of source.lines) text.write(line);
  using device = await openDevice(config.device, (sentence) => {
    text.write(config.device === "cpu" ? `${sentence} (--device cpu)` : sentence);
  });

  const math = config.fp16 ? "fp16" : "fp32";
  const type = runtimeName(config.type, device);
  const dataName = latencyFileName({ batchSize, math, type });
  await using files = config.saveData && rank === 0
    ? await LatencyFiles.create(`${outputFolder(output)}/${dataName}`)
    : undefined;
  using model = await source.create(device, modelConfig, config.fp16);
  const { columns } = columnShare(batchSize, rank, size);
  const lengths = { ...whole, batchSize: columns };
  for (
    const line of [
      ...notes,
      typeLine(config.type),
      fittedLine(lengthsOf(config), whole, tokens),
    ]
  ) if (line !== undefined) text.write(line);
  const { clampLen, sameLength, compat } = modelConfig;
  text.write(bannerLine({ ...whole, math, type, clampLen }));
  text.write(`same_length ${sameLength} compat ${compat}`);
  using evaluator = new Evaluator(await openScorer(config.type, model, lengths));
  const { characters } = source;
  const maxSegments = config.maxSize ?? undefined;
  const { repeat, logInterval, saveData, percentiles } = config;
  const measured: MeasuredText[] = [];
  let achieved: Achieved = { lossNats: undefined, tokensPerSecond: undefined };
  for (const [i, [split, batches, warmup]] of streams.entries()) {
    const meter = new SegmentMeter(logInterval, columns);
    const latency = new LatencyMeter(columns, skipped);
    const own = await evaluateRepeatedly(evaluator, batches, {
      repeat,
      keepsMemory: COMPAT_RULES[compat].keepsMemoryAcrossRepetitions,
      readEvery: isMeasured(config) ? 1 : logInterval,
      ...(maxSegments !== undefined && { maxSegments }),
      async onSegment(segment, index) {
        latency.add(segment);
        const means = meter.add(segment, index);
        if (means === undefined) return;
        const all = await combineMeans(group, means, columns);
        text.write(segmentLine(all, batches.batchCount));
        json?.write({ kind: "log", split, ...all });
        records?.segments(all);
      },
    });
    const { lossNats, elapsedMs, tokens: scored } = await combineResults(group, own);
    assertFiniteLoss(lossNats, split, source.name);
    const coverage = coverageOf({
      tokens: texts[i]!.ids.length,
      batchSize,
      tgtLen,
      warmupLen: warmup,
      maxSegments,
    });
    const segments = own.segments.length;
    for (const line of resultLines({ split, lossNats, elapsedMs, segments, characters })) {
      text.write(line);
    }
    const data = await latency.collect(group);
    const summary = isMeasured(config) ? latencySummary(data, percentiles, compat) : undefined;
    achieved = { lossNats, tokensPerSecond: summary?.tokensPerSecond };
    if (saveData && summary) {
      for (const line of latencyLines(summary)) text.write(line);
      measured.push({ name: split, ...data, summary });
    }
    text.write(coverageLine(split, coverage, COVERAGE_FLAGS));
    json?.write({
      kind: "result",
      split,
      lossNats,
      tokens: scored,
      elapsedMs,
      coverage,
      ...(saveData && { latency: latencyFacts(measured.at(-1)!.summary) }),
    });
    records?.result({
      split: streams.length > 1 ? split : undefined,
      lossNats,
      latency: saveData ? summary : undefined,
    });
  }
  const paths = await files?.save({
    args: { ...config, ...whole },
    device: device.info.adapter,
    ranks: size,
    texts: measured,
  });
  if (paths !== undefined) text.write(`measurements : ${paths.join(", ")}`);
  const results = compareTargets(achieved, config);
  for (const result of results) {
    for (const line of targetLines(result)) text.write(line);
    json?.write({ kind: "target", ...result });
  }
  const isPassed = results.every(({ passed }) => passed);
  return await decideOnFirst(group, () => Promise.resolve(isPassed)) ? 0 : NOT_PASSED;
}

/** Cache of encoded text, in an existing work directory. */
async function cacheFolder({ workDir }: EvalConfig): Promise<string | undefined> {
  return (await fileInfo(workDir))?.isDirectory ? `${workDir}/cache` : undefined;
}

/** Tokens and digest of each split, which ranks compare. */
function textDigests(texts: readonly ScoredText[]): Record<string, string> {
  return Object.fromEntries(texts.map(({ name, ids }) => {
    const digest = createHash("sha256").update(
      new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength),
    ).digest("hex");
    return [name, `${ids.length} tokens, SHA-256 ${digest}`];
  }));
}

/** Whether a text would only fill the memory; like a sentence, it is scored from its start. */
function isShort(ids: Uint32Array, { batchSize, tgtLen }: Lengths, warmupLen: number): boolean {
  const warmup = Math.ceil(warmupLen / tgtLen) * tgtLen;
  return Math.floor(ids.length / batchSize) <= warmup;
}

function scoredConfig(
  { clampLen, sameLength, compat }: EvalConfig,
  modelConfig: ModelConfig,
): ModelConfig {
  return {
    ...modelConfig,
    clampLen: clampLen ?? modelConfig.clampLen,
    sameLength: sameLength ?? modelConfig.sameLength,
    compat: compat === "auto" ? modelConfig.compat : compat,
  };
}
