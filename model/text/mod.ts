/**
 * Text: vocabularies, corpora and batches.
 *
 * @module
 */
export { Batches, type BatchSettings, canShare, columnShare, type Segment } from "./batches.ts";
export { CharacterVocabulary } from "./character_vocabulary.ts";
export {
  type Corpus,
  type CorpusOptions,
  type CorpusSource,
  openCorpus,
  type TextIdentity,
} from "./corpus.ts";
export type { EncodedCorpus, PartCounts } from "./corpus_cache.ts";
export { type CorpusFiles, locateCorpus } from "./corpus_files.ts";
export { assertCutoffs, cutoffsFor } from "./cutoffs.ts";
export { type DataSet, type Dataset, dataSet, DATASET_CHOICES, DATASETS } from "./data_sets.ts";
export { corpusLines, spacesAdvice } from "./describe_corpus.ts";
export { tokenizeManual } from "./moses.ts";
export { Mt19937 } from "./mt19937.ts";
export { type RollSettings, rollShifts } from "./roll_shifts.ts";
export type {
  CountLimits,
  SymbolCount,
  Vocabulary,
  VocabularyKind,
  VocabularyRecord,
} from "./vocabulary.ts";
export { assertSameVocabulary, vocabularyFromJSON } from "./vocabulary_from_json.ts";
export { type Part, PARTS } from "./split_names.ts";
export type { TextFile } from "./text_file.ts";
export { splitWords } from "./whitespace.ts";
export { END_OF_LINE, type WordOptions, WordVocabulary } from "./word_vocabulary.ts";
