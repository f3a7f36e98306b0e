/**
 * Text: vocabularies, corpora and batches.
 *
 * @module
 */
export {
  Batches,
  type BatchSettings,
  canShare,
  columnShare,
  type Segment,
} from "./batches/batches.ts";
export { CharacterVocabulary } from "./vocabulary/character_vocabulary.ts";
export {
  type Corpus,
  type CorpusOptions,
  type CorpusSource,
  openCorpus,
  type TextIdentity,
} from "./corpus/corpus.ts";
export type { EncodedCorpus, PartCounts } from "./corpus/corpus_cache.ts";
export { type CorpusFiles, locateCorpus } from "./corpus/corpus_files.ts";
export { assertCutoffs, cutoffsFor } from "./vocabulary/cutoffs.ts";
export {
  type DataSet,
  type Dataset,
  dataSet,
  DATASET_CHOICES,
  datasetOf,
  DATASETS,
} from "./data_sets.ts";
export { corpusLines, spacesAdvice } from "./corpus/describe_corpus.ts";
export { tokenizeManual } from "./moses_tokenizer.ts";
export { Mt19937 } from "./batches/mt19937.ts";
export { type RollSettings, rollShifts } from "./batches/roll_shifts.ts";
export type {
  CountLimits,
  SymbolCount,
  Vocabulary,
  VocabularyKind,
  VocabularyRecord,
} from "./vocabulary/vocabulary.ts";
export { assertSameVocabulary, vocabularyFromJSON } from "./vocabulary/vocabulary_from_json.ts";
export { type Split, SPLITS } from "./files/split_names.ts";
export type { TextFile } from "./files/text_file.ts";
export { splitWords } from "./vocabulary/whitespace.ts";
export { END_OF_LINE, type WordOptions, WordVocabulary } from "./vocabulary/word_vocabulary.ts";
