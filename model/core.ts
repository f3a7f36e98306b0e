/**
 * The part of this member that runs wherever WebGPU or plain JavaScript does, browsers included: the
 * network, its checkpoints from any source of bytes, vocabularies and batches.
 *
 * @module
 */
export { type DistanceListener } from "./attention/attention.ts";
export { positionalTable } from "./attention/positional_embedding.ts";
export {
  type BuildOptions,
  createModel,
  LoadedModel,
  type LoadOptions,
  Model,
  modelConfig,
  modelOfCheckpoint,
  type ModelSettings,
} from "./build.ts";
export * from "./settings/bounds.ts";
export * from "./checkpoint/checkpoint.ts";
export {
  checkFloats,
  firstIssue,
  unusable,
  VOCABULARY,
  weightNames,
} from "./checkpoint/checkpoint_checks.ts";
export { storedWeights, type WeightDtype } from "./checkpoint/stored_weights.ts";
export * from "./settings/compat.ts";
export * from "./config.ts";
export * from "./dropout_masks.ts";
export { CACHE_CHOICES, type CacheChoice, cacheOf } from "./inference/cache.ts";
export { Decoder, type DecoderSettings } from "./inference/decoder.ts";
export {
  InferenceMemory,
  type InferenceMemoryOptions,
  type InferenceRecording,
} from "./inference/inference_memory.ts";
export { initialise } from "./init.ts";
export {
  Memory,
  type MemoryContent,
  type MemoryLayer,
  type ModelOfMemory,
  ResidentLayer,
} from "./memory.ts";
export { parameterRoles } from "./parameter_roles.ts";
export { type Precision, precisionFor, PRECISIONS } from "./precision.ts";
export {
  Batches,
  type BatchSettings,
  canShare,
  columnShare,
  type Segment,
  type SegmentSource,
} from "./text/batches/batches.ts";
export { blocksOf, toArray, type TokenSequence } from "./text/tokens/token_sequence.ts";
export { Mt19937 } from "./text/batches/mt19937.ts";
export { NumpyRandom } from "./text/batches/numpy_random.ts";
export { type RollSettings, rollShifts } from "./text/batches/roll_shifts.ts";
export {
  meanLength,
  MOST_EXTRA_ROWS,
  VaryingSegments,
  type VaryingSettings,
} from "./text/batches/varying_segments.ts";
export {
  BYTE_PAIRS,
  BYTES,
  type DataSet,
  type Dataset,
  dataSet,
  DATASET_CHOICES,
  datasetOf,
  DATASETS,
} from "./text/data_sets.ts";
export { SentenceBatches, type SentenceBatchSettings } from "./text/sentences/sentence_batches.ts";
export type { ColumnSettings, ColumnState } from "./text/sentences/sentence_columns.ts";
export {
  sentenceCount,
  type SentenceCounts,
  type SentenceList,
} from "./text/sentences/sentence_list.ts";
export {
  type FileTurn,
  type OrderSettings,
  SentenceOrder,
} from "./text/sentences/sentence_order.ts";
export {
  type PlacedSegment,
  type SentenceFiles,
  type SentencePosition,
  ShuffledSentences,
  type ShuffledSettings,
} from "./text/sentences/shuffled_sentences.ts";
export { type Split, SPLITS } from "./text/files/split_names.ts";
export { lettersOnly } from "./text/letters.ts";
export { tokenizeManual } from "./text/moses_tokenizer.ts";
export { textOfBytes } from "./text/vocabulary/byte_names.ts";
export { BytePairVocabulary, END_OF_TEXT } from "./text/vocabulary/byte_pair_vocabulary.ts";
export { ByteVocabulary } from "./text/vocabulary/byte_vocabulary.ts";
export { CharacterVocabulary } from "./text/vocabulary/character_vocabulary.ts";
export { extendVocabulary } from "./text/vocabulary/extend_vocabulary.ts";
export { assertCutoffs, cutoffsFor } from "./text/vocabulary/cutoffs.ts";
export type {
  CountLimits,
  SymbolCount,
  Vocabulary,
  VocabularyKind,
  VocabularyRecord,
} from "./text/vocabulary/vocabulary.ts";
export { isOfCharacters } from "./text/vocabulary/vocabulary.ts";
export { TokenizerVocabulary } from "./text/vocabulary/tokenizer_vocabulary.ts";
export {
  assertSameVocabulary,
  vocabularyFromJSON,
} from "./text/vocabulary/vocabulary_from_json.ts";
export { splitLines, splitWords } from "./text/vocabulary/whitespace.ts";
export {
  END_OF_LINE,
  type WordOptions,
  WordVocabulary,
} from "./text/vocabulary/word_vocabulary.ts";
export {
  type ForwardOptions,
  type HiddenOptions,
  type LogProbabilityOptions,
  TransformerXL,
} from "./transformer_xl.ts";
export { type LossOptions, type TokenLosses } from "./vocabulary/adaptive_softmax.ts";
export { checkSamples, SampleInputs, type SampleNumbers } from "./vocabulary/sample_inputs.ts";
export { BatchInputs, type InputOptions, type RunNumbers } from "./vocabulary/batch_inputs.ts";
export { type InputFields, type SetValue } from "./vocabulary/input_fields.ts";
export { type TailTargets, type TargetInputs } from "./vocabulary/target_inputs.ts";
export {
  type ClusteredTokens,
  type ClusterTokens,
  type TokenInputs,
  type WholeTokens,
} from "./vocabulary/token_inputs.ts";
export { type Cluster, clusterShares, clustersOf } from "./vocabulary/clusters.ts";
export { type ClusterTables, type EmbeddingRange, VocabularyTables } from "./vocabulary/tables.ts";
