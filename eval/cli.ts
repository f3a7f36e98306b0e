/**
 * `deno task eval`: the loss of a checkpoint on a data set or a sentence.
 *
 * @module
 */
import {
  blocksOf,
  checkDeviceSettings,
  columnShare,
  COMPAT_RULES,
  modelFacts,
  REMEDIES,
  sharedSettings,
  startFacts,
} from "@transformer-xl/model";
import {
  assertSameFacts,
  checkVerbosity,
  decideOnFirst,
  environmentOf,
  fileInfo,
  firstThenOthers,
  flagHelp,
  inProcesses,
  inTrace,
  logPath,
  NOT_PASSED,
  type ParsedFlags,
  type ProcessGroup,
  rankEnvironment,
  runMain,
  type RunTrace,
  settingsByFlag,
  takeGpu,
  verbosityOf,
  wantsHelp,
  withRemedies,
} from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import {
  checkGenerate,
  checkManual,
  checkShare,
  type EvalConfig,
  evalSchema,
  lengthsOf,
} from "./config.ts";
import { Evaluator } from "./evaluator.ts";
import { sameLengthWarning, settingWarnings } from "./settings/setting_warnings.ts";
import { configureEvaluation, evaluationYaml, isAdapted } from "./settings/configure.ts";
import { generate } from "./generation/cli.ts";
import { fittedLine } from "./settings/fit_lengths.ts";
import { latencyFileName, LatencyFiles } from "./latency/latency_files.ts";
import { EvalDllRecords } from "./report/dll_records.ts";
import { openEvalLogs, outputFolder, TEXT_LOG } from "./report/logs.ts";
import { SplitMetrics } from "./report/split_metrics.ts";
import { compareTargets, targetLines } from "./report/targets.ts";
import { checkDllogName, checkLogName } from "./settings/log_names.ts";
import { typeLine } from "./settings/flag_words.ts";
import { checkOnnx, onnxSettings } from "./settings/onnx_settings.ts";
import { scoredConfig } from "./settings/scored_config.ts";
import { bannerLine, cacheLine, openedLines } from "./report/report.ts";
import { openSource } from "./sources/open_source.ts";
import type { ScoredText } from "./text/scored_text.ts";
import { achievedBy, type ScoredStream, scoreStream } from "./report/score_stream.ts";
import { cutTexts } from "./text/cut_texts.ts";
import {
  checkSymbols,
  checkTexts,
  compareModels,
  comparisonLines,
  type EvaluatedModel,
} from "./comparison/compare_models.ts";
import { unitOf } from "./report/line_report.ts";
import { checkCompare } from "./settings/compare_checks.ts";
import { evaluateLines } from "./lines/line_evaluation.ts";
import { fitLines } from "./lines/line_lengths.ts";
import { TokenReport } from "./tokens/token_report.ts";

/** The flag that starts generation in place of an evaluation. */
const GENERATE = "--generate";

if (import.meta.main) await runMain(() => evaluate(Deno.args));

/**
 * Evaluates with the given flags.
 *
 * @returns exit code: 0, or 1 when a target was missed
 * @throws user errors, see {@link runMain}
 */
export async function evaluate(argv: readonly string[]): Promise<number> {
  if (argv.includes(GENERATE)) return await generate(argv.filter((word) => word !== GENERATE));
  return await withRemedies(REMEDIES, () => evaluateWith(argv));
}

async function evaluateWith(argv: readonly string[]): Promise<number> {
  if (wantsHelp(argv)) {
    console.log(flagHelp(evalSchema, { usage: "deno task eval [flags]" }));
    return 0;
  }
  const parsed = await configureEvaluation(argv);
  const { config, origin } = parsed;
  checkGenerate(config);
  checkManual(config);
  checkDeviceSettings(config);
  checkVerbosity(config);
  checkCompare(config);
  checkOnnx(config);
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

/** One rank: it scores one checkpoint, or two and their difference. */
async function evaluateShare(
  parsed: ParsedFlags<EvalConfig>,
  group: ProcessGroup,
): Promise<number> {
  await checkPair(parsed.config, group);
  return group.rank === 0
    ? await inTrace("eval", (trace) => evaluateModels(parsed, group, trace))
    : await evaluateModels(parsed, group, undefined);
}

async function evaluateModels(
  parsed: ParsedFlags<EvalConfig>,
  group: ProcessGroup,
  trace: RunTrace | undefined,
): Promise<number> {
  let before: EvaluatedModel | undefined;
  for (const model of parsed.config.compare) {
    const config = { ...parsed.config, model };
    const { evaluated } = await evaluateModel({ ...parsed, config }, group, { trace, before });
    before = evaluated;
  }
  return before === undefined ? (await evaluateModel(parsed, group, { trace })).code : 0;
}

/** Opens both checkpoints of a comparison: an hour of the first does not end in an error of the second. */
async function checkPair(config: EvalConfig, group: ProcessGroup): Promise<void> {
  const models: { readonly source: string; readonly fingerprint: string }[] = [];
  for (const model of config.compare) {
    using source = await openSource({ ...config, model }, group);
    models.push({ source: source.name, fingerprint: source.fingerprint });
  }
  const [first, second] = models;
  if (first !== undefined && second !== undefined && !config.lines) checkSymbols(first, second);
}

/** One rank: it scores its columns, and rank 0 reports the combined result. */
async function evaluateModel(
  { config: given, origin, notes }: ParsedFlags<EvalConfig>,
  group: ProcessGroup,
  { trace, before }: {
    readonly trace: RunTrace | undefined;
    /** Results of another model on the same text, to compare with. */
    readonly before?: EvaluatedModel | undefined;
  },
): Promise<{ readonly code: number; readonly evaluated: EvaluatedModel }> {
  const { rank, size } = group;
  const beganMs = before === undefined ? 0 : performance.now();
  using source = await openSource(given, group);
  const { fixed } = source;
  const config = fixed === undefined ? given : onnxSettings(given, origin, fixed, source.name);
  await assertSameFacts(group, startFacts(config, source.digest));
  checkShare(config, size);
  const modelConfig = scoredConfig(config, source.config);
  // Logs are opened after all checks; earlier lines are kept for the file.
  const announced: string[] = [];
  const announce = (line: string) => {
    if (rank > 0) return;
    if (!config.quiet) console.log(line);
    announced.push(line);
  };
  const cacheDir = await cacheFolder(config);
  const { texts, lines: textLines, symbols, vocabulary } = await firstThenOthers(
    group,
    () => source.texts(cacheDir, announce),
  );
  if (size > 1) {
    await assertSameFacts(
      group,
      modelFacts(textDigests(texts), symbols, modelConfig),
    );
  }
  const kept = new Set(
    (["batchSize", "tgtLen", "memLen"] as const).filter((key) =>
      !isAdapted(key, origin) || fixed !== undefined && key !== "batchSize"
    ),
  );
  const { streams, lengths: whole, cache, skipped, tokens: count } = config.lines
    ? fitLines(texts, config, modelConfig, kept)
    : cutTexts(texts, config, modelConfig, { group, given: kept });
  const { batchSize } = whole;
  const scoredModel = {
    source: source.name,
    fingerprint: symbols.fingerprint,
    digests: textDigests(texts),
  };
  if (before !== undefined && !config.lines) checkTexts(before, scoredModel);
  const output = {
    ...{ ...config, model: config.compare[0] ?? config.model },
    workDirGiven: origin.get("workDir") !== "default",
  };
  checkLogName("--dllog_file", config.dllogFile, {
    folder: outputFolder(output),
    inputs: [config.model, config.data, config.configFile],
  });
  if (config.perToken) {
    checkLogName("--per_token_file", `${config.perTokenFile}.jsonl`, {
      folder: outputFolder(output),
      inputs: [config.data, config.manualFile],
    });
  }
  checkDllogName(config.dllogFile, { name: TEXT_LOG }, outputFolder(output));
  await takeGpu(config);
  const deviceLines: string[] = [];
  const isPlain = config.device === "cpu" && config.type !== "onnx";
  using runtime = await source.openRuntime(config, (sentence) => {
    deviceLines.push(isPlain ? `${sentence} (--device cpu)` : sentence);
  });
  const { name: type, math, info } = runtime;
  using model = await runtime.load(modelConfig);
  const { columns } = columnShare(batchSize, rank, size);
  const lengths = { ...whole, batchSize: columns };

  // Logs replace those of an evaluation before, which a refused device or checkpoint leaves alone.
  const pythonNumbers = COMPAT_RULES[modelConfig.compat].repeatsRecordErrors;
  using logs = await openEvalLogs({
    ...{ ...output, rank, pythonNumbers, announced, verbosity: verbosityOf(config) },
    appends: before !== undefined,
  });
  const { text, json, dllog } = logs;
  const records = dllog && new EvalDllRecords(dllog);
  records?.begin(settingsByFlag(config));
  json?.write({ kind: "config", config, checkpoint: source.name, model: modelConfig });
  for (const line of [...textLines, ...source.lines, ...deviceLines]) text.write(line);
  if (!config.noEnv) json?.write({ kind: "environment", ...environmentOf(info) });

  const dataName = latencyFileName({ batchSize, math, type });
  await using files = config.saveData && rank === 0
    ? await LatencyFiles.create(`${outputFolder(output)}/${dataName}`)
    : undefined;
  for (const line of notes) text.write(line);
  for (
    const line of [
      ...settingWarnings(config, origin),
      sameLengthWarning(modelConfig.sameLength, whole),
    ]
  ) if (line !== undefined) text.write(line, "WARNING");
  for (const line of [typeLine(config.type), fittedLine(lengthsOf(config), whole, count)]) {
    if (line !== undefined) text.write(line);
  }
  const { clampLen, sameLength, compat } = modelConfig;
  text.write(bannerLine({ ...whole, math, type, clampLen }));
  text.write(`same_length ${sameLength} compat ${compat}`);
  const base = config.debug ? undefined : logPath(outputFolder(output), config.perTokenFile);
  await using tokens = config.perToken
    ? await TokenReport.open(
      () => model.rankingScorer(lengths, { cache }),
      { base, symbols: vocabulary },
    )
    : undefined;
  const scorer = tokens?.scorer ?? await model.scorer(lengths, { cache });
  using evaluator = new Evaluator(scorer);
  text.write(cacheLine(cache, model.bytesByRole));
  for (const line of openedLines(info, model.bytesByRole, beganMs)) text.detail(line);
  const scoring = {
    ...{ config, compat, group, columns, skipped, lengths: whole },
    ...{ characters: source.characters, source: source.name, several: streams.length > 1 },
    output: { text, json, records, metrics: trace && new SplitMetrics(trace) },
  };
  trace?.add({ checkpoint: source.name, adapter: info.adapter });
  trace?.span("start-up", { beganMs, endedMs: performance.now() });
  const scored: ScoredStream[] = [];
  for (const stream of streams) {
    const onSegment = tokens?.beginStream(stream);
    scored.push(await scoreStream(evaluator, stream, { ...scoring, onSegment }));
    tokens?.print(text);
  }
  const lines = config.lines
    ? await evaluateLines(scorer, texts, { ...scoring, model: modelConfig, tokens })
    : undefined;
  await tokens?.save({ title: "Surprise of every token", lines: textLines }, text);
  const paths = await files?.save({
    args: { ...config, ...whole },
    device: info.adapter,
    ranks: size,
    texts: scored.flatMap(({ measured }) => measured ?? []),
  });
  if (paths !== undefined) text.write(`measurements : ${paths.join(", ")}`);
  const achieved = lines === undefined
    ? achievedBy(scored.at(-1)!)
    : { lossNats: lines.lossNats, tokensPerSecond: undefined };
  const results = compareTargets(achieved, config);
  for (const result of results) {
    for (const line of targetLines(result)) text.result(line);
    json?.write({ kind: "target", ...result });
  }
  const evaluated = {
    ...scoredModel,
    texts: lines === undefined ? scored : [{ name: "lines", units: lines.lines.map(unitOf) }],
  };
  if (before !== undefined) {
    const { seed, lines: isOfLines } = config;
    const names = [before.source, source.name] as const;
    for (const comparison of compareModels(before, evaluated, { seed, isOfLines })) {
      for (const line of comparisonLines(comparison, { seed, names })) text.result(line);
      json?.write({ kind: "comparison", ...comparison, models: names, seed });
    }
  }
  const isPassed = results.every(({ passed }) => passed);
  const passed = await decideOnFirst(group, () => Promise.resolve(isPassed));
  return { code: passed ? 0 : NOT_PASSED, evaluated };
}

/** Cache of encoded text, in an existing work directory. */
async function cacheFolder({ workDir }: EvalConfig): Promise<string | undefined> {
  return (await fileInfo(workDir))?.isDirectory ? `${workDir}/cache` : undefined;
}

/** Tokens and digest of each split, which ranks compare. */
function textDigests(texts: readonly ScoredText[]): Record<string, string> {
  return Object.fromEntries(texts.map(({ name, ids }) => {
    const digest = createHash("sha256");
    for (const block of blocksOf(ids)) digest.update(block);
    return [name, `${ids.length} tokens, SHA-256 ${digest.digest("hex")}`];
  }));
}
