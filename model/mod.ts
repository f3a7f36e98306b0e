/**
 * The Transformer-XL model: configuration, parameters, forward pass, memory, checkpoints, and the
 * text it reads.
 *
 * @module
 */
export * from "./core.ts";
export { extendModel } from "./checkpoint/extend_model.ts";
export { loadModel } from "./checkpoint/load_model.ts";
export { openCheckpoint } from "./checkpoint/open_checkpoint.ts";
export { saveModel } from "./checkpoint/save_model.ts";
export { saveWeights } from "./checkpoint/save_weights.ts";
export { type TrainedFacts, trainedFacts, trainedRecord } from "./checkpoint/trained_facts.ts";
export { openShared, type SharedCheckpoint } from "./checkpoint/shared_checkpoint.ts";
export { modelFacts, sharedSettings, startFacts } from "./checkpoint/shared_facts.ts";
export { GRAPH_OUTPUTS, type GraphOutputs, HEAD_NAMES } from "./onnx/head.ts";
export { MEMORY_NAMES } from "./onnx/memory.ts";
export { type OnnxFacts, readOnnxFacts } from "./onnx/metadata.ts";
export type { GraphLengths } from "./onnx/model_graph.ts";
export type { GraphSettings } from "./onnx/record_graph.ts";
export { type OnnxExport, writeOnnxModel } from "./onnx/write_model.ts";
export { huggingFaceConfig } from "./pytorch/hugging_face_config.ts";
export {
  PYTORCH_LAYOUTS,
  type PytorchLayout,
  type PytorchOptions,
  savePytorch,
} from "./pytorch/save_pytorch.ts";
export { readVocabulary, vocabularyOf } from "./pytorch/import/imported_vocabulary.ts";
export type { Layout } from "./pytorch/import/find_model.ts";
export {
  type ImportedModel,
  type ImportSettings,
  openImport,
} from "./pytorch/import/open_import.ts";
export {
  type Corpus,
  type CorpusOptions,
  type CorpusSource,
  openCorpus,
} from "./text/corpus/corpus.ts";
export type { Unusable } from "./text/corpus/corpus_cache.ts";
export type { EncodedCorpus, SplitCounts, TextIdentity } from "./text/corpus/encoded_corpus.ts";
export { type CorpusFiles, locateCorpus } from "./text/corpus/corpus_files.ts";
export { corpusLines, spacesAdvice } from "./text/corpus/describe_corpus.ts";
export { readTokenizer } from "./text/files/read_tokenizer.ts";
export type { SentenceSplits } from "./text/sentences/encode_sentences.ts";
export type { CountedFile } from "./text/sentences/files/counted_files.ts";
export { WorkerReader } from "./text/sentences/worker_reader.ts";
export type { TextFile } from "./text/files/text_file.ts";
export {
  checkDeviceSettings,
  type DeviceSettings,
  halfSumsValue,
  matrixUnitsValue,
} from "./settings/device_settings.ts";
export { REMEDIES } from "./settings/remedies.ts";
export {
  openText,
  textPlace,
  type TextSelection,
  type TextSettings,
  UNKNOWN,
} from "./text/open_text.ts";
export { selfFiles } from "./text/self_corpus.ts";
