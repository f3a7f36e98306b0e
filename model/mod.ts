/**
 * The Transformer-XL model: configuration, parameters, forward pass, memory, checkpoints, and the
 * text it reads.
 *
 * @module
 */
export { type TokenLosses } from "./vocabulary/adaptive_softmax.ts";
export {
  BatchInputs,
  type RunNumbers,
  type TargetInputs,
  type TokenInputs,
} from "./vocabulary/batch_inputs.ts";
export * from "./checkpoint/checkpoint.ts";
export { checkFloats, firstIssue, unusable, VOCABULARY } from "./checkpoint/checkpoint_checks.ts";
export { type Cluster, clusterShares, clustersOf } from "./vocabulary/clusters.ts";
export * from "./bounds.ts";
export * from "./compat.ts";
export * from "./config.ts";
export * from "./dropout_masks.ts";
export { initialise } from "./init.ts";
export { Memory, type ModelOfMemory } from "./memory.ts";
export { positionalTable } from "./attention/positional_embedding.ts";
export { type Precision, precisionFor, PRECISIONS } from "./precision.ts";
export * from "./text/mod.ts";
export { type ForwardOptions, TransformerXL } from "./transformer_xl.ts";
export { type ClusterTables, type EmbeddingRange, VocabularyTables } from "./vocabulary/tables.ts";
export { openShared, type SharedCheckpoint } from "./checkpoint/shared_checkpoint.ts";
export { modelFacts, sharedSettings, startFacts } from "./shared_facts.ts";
export {
  openText,
  textPlace,
  type TextSelection,
  type TextSettings,
  UNKNOWN,
} from "./text/open_text.ts";
export { selfFiles } from "./text/self_corpus.ts";
