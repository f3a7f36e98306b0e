/**
 * The Transformer-XL model: configuration, parameters, forward pass, memory, checkpoints, and the
 * text it reads.
 *
 * @module
 */
export { type TokenLosses } from "./adaptive_softmax.ts";
export {
  BatchInputs,
  type RunNumbers,
  type TargetInputs,
  type TokenInputs,
} from "./batch_inputs.ts";
export * from "./checkpoint.ts";
export { checkFloats, firstIssue, unusable, VOCABULARY } from "./checkpoint_checks.ts";
export { type Cluster, clusterShares, clustersOf } from "./clusters.ts";
export * from "./bounds.ts";
export * from "./config.ts";
export * from "./dropout_sites.ts";
export { initialise } from "./init.ts";
export { Memory, type ModelOfMemory } from "./memory.ts";
export { positionalTable } from "./positional_embedding.ts";
export { type Precision, precisionFor, PRECISIONS } from "./precision.ts";
export * from "./text/mod.ts";
export { type ForwardOptions, TransformerXL } from "./transformer_xl.ts";
export { type ClusterTables, type EmbeddingRange, VocabularyTables } from "./vocabulary_tables.ts";
