/**
 * Evaluation: losses of a checkpoint on text.
 *
 * @module
 */
export { Backlog } from "./backlog.ts";
export { combineResults } from "./combine_results.ts";
export {
  checkGenerate,
  checkManual,
  checkMeasured,
  checkScored,
  checkTables,
  type EvalConfig,
  evalSchema,
  targetValue,
} from "./config.ts";
export {
  type Coverage,
  type CoverageFlags,
  coverageLine,
  coverageOf,
  type CoverageSettings,
  sentenceCoverageOf,
  type SentenceCoverageSettings,
} from "./report/coverage.ts";
export * from "./evaluator.ts";
export {
  BEST_CHECKPOINT,
  findCheckpoint,
  LAST_CHECKPOINT,
  lastForBest,
} from "./find_checkpoint.ts";
export { configureEvaluation, evaluationYaml } from "./settings/configure.ts";
export { fitLengths, type FitSettings, fittedLine } from "./settings/fit_lengths.ts";
export {
  bitsPerCharacterText,
  type LossStyle,
  lossText,
  perplexityText,
  rawLossText,
} from "./report/loss_text.ts";
export { keepMinP, keepTopK, keepTopP, penalize } from "./generation/filters.ts";
export {
  type EndReason,
  type GeneratedToken,
  type GenerateSettings,
  Generator,
  type GeneratorSettings,
  randomSeed,
} from "./generation/generator.ts";
export { checkPrompt, type GenerateConfig, generateSchema } from "./generation/config.ts";
export { type ContextLengths, contextLengths } from "./generation/context_lengths.ts";
export { SamplePrinter, type SamplePrinterOptions } from "./generation/sample_printer.ts";
export { SpeedMeter } from "./generation/speed/speed_meter.ts";
export { promptIds } from "./generation/prompt.ts";
export { StopText } from "./generation/stop_text.ts";
export { type TextStream, textStream, type TextStreamOptions } from "./generation/text_stream.ts";
export {
  drawToken,
  type Sampling,
  samplingFields,
  samplingOf,
  type SamplingSettings,
  tokenWeights,
  uniformAt,
} from "./generation/sampling.ts";
export {
  type EffectiveContext,
  effectiveContext,
  GAIN_MEASURES,
  type GainMeasure,
  type MemoryLosses,
} from "./inspection/effective_context.ts";
export { checkLengths, inspectSchema } from "./inspection/config.ts";
export {
  type HeadDistance,
  type HeadDistances,
  headDistances,
} from "./inspection/head_distances.ts";
export {
  type InspectedText,
  type Inspection,
  inspectModel,
  type InspectOptions,
} from "./inspection/inspect.ts";
export { type InspectedFacts, inspectionPage } from "./inspection/page/inspection_page.ts";
export { type InspectionLengths, inspectionLengths } from "./inspection/lengths.ts";
export { type MemoryPoint, memoryPoint } from "./inspection/memory_curve.ts";
export {
  latencyCsv,
  latencyFileName,
  LatencyFiles,
  latencyJson,
  type LatencyRecord,
  type MeasuredText,
} from "./latency/latency_files.ts";
export {
  type LatencyData,
  LatencyMeter,
  type LatencySummary,
  latencySummary,
  skippedIterations,
} from "./latency/latency_meter.ts";
export { type ManualText, manualText, typedIds } from "./text/manual.ts";
export { type RawSize, sizeOfCharacters, sizeOfSplit, sizeOfText } from "./text/raw_size.ts";
export { randomIds, zipfIds } from "./text/random_text.ts";
export { sameLengthWarning, settingWarnings } from "./settings/setting_warnings.ts";
export { type ManualModel, manualModel } from "./settings/manual_config.ts";
export * from "./metrics.ts";
export { evaluateRepeatedly, type RepetitionOptions } from "./repetitions.ts";
export { EVAL_PRESETS, type EvalPreset } from "./presets.ts";
export { openScoringDevice } from "./scorers/device_runtime.ts";
export {
  DEVICE_SCORER_TYPES,
  type DeviceScorerType,
  openScorer,
  runtimeName,
  SCORER_TYPES,
  type ScorerType,
} from "./scorers/open_scorer.ts";
export {
  OnnxRuntime,
  OnnxSession,
  type OnnxTensor,
  type TensorArrays,
} from "./scorers/onnx_session.ts";
export {
  ONNX_PROVIDERS,
  onnxPackage,
  type OnnxPackageOptions,
  type OnnxProvider,
} from "./scorers/onnx_package/onnx_package.ts";
export { checkOnnx, type FixedSettings, onnxSettings } from "./settings/onnx_settings.ts";
export { type OnnxModel, OnnxScorer, residentOutputs } from "./scorers/onnx_scorer.ts";
export { PlanScorer, type ScorerOptions } from "./scorers/plan_scorer.ts";
export type { RankingScorer, Scorer, TargetScores } from "./scorers/scorer.ts";
export { checkDllogName, checkLogName, type LogPlace } from "./settings/log_names.ts";
export { SplitMetrics } from "./report/split_metrics.ts";
export { EvalDllRecords, type EvalSummary } from "./report/dll_records.ts";
export { scoredConfig, type SpanSettings } from "./settings/scored_config.ts";
export { trainedTextOf } from "./text/trained_text.ts";
export { EVAL_REFERENCE_FLAGS, sharedReferenceFlags } from "./settings/reference_flags.ts";
export {
  type Achieved,
  compareTargets,
  targetLines,
  type TargetResult,
  type Targets,
} from "./report/targets.ts";
export {
  bannerLine,
  latencyLines,
  resultLines,
  RULE,
  scoredDetail,
  segmentLine,
} from "./report/report.ts";
export { combineMeans, type SegmentMeans, SegmentMeter } from "./report/segment_meter.ts";
export { type RankOptions, RankScorer } from "./scorers/rank_scorer.ts";
export { ResultFiles } from "./result_files.ts";
export { pageOf, TokenFiles } from "./tokens/token_files.ts";
export { tokenLine, tokenRecord, tokenTitle } from "./tokens/token_lines.ts";
export {
  levelOf,
  type PageFacts,
  SURPRISE_LEVELS,
  type SurpriseLevel,
  TEXT_COLOUR,
  visibleHtml,
} from "./tokens/token_page.ts";
export { TokenReport } from "./tokens/token_report.ts";
export { type TokenScore, type TokenSymbols, TokenTable } from "./tokens/token_table.ts";
export { type LineBatch, lineBatches, type LineLengths } from "./lines/line_batches.ts";
export { type LineFit, lineLengths } from "./lines/line_lengths.ts";
export {
  type LineLoss,
  type LineLosses,
  scoreLines,
  type ScoreLinesOptions,
} from "./lines/score_lines.ts";
export {
  type BootstrapOptions,
  type LossDifference,
  pairedBootstrap,
  type PairedLoss,
} from "./comparison/bootstrap.ts";
export {
  checkSymbols,
  checkTexts,
  compareModels,
  type Comparison,
  comparisonLines,
  type EvaluatedModel,
  type EvaluatedText,
  type UnitLoss,
} from "./comparison/compare_models.ts";
