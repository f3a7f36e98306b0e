/**
 * Tables, biases and projections of the vocabulary in an ONNX graph, cut into the clusters of the
 * adaptive softmax. Names, and which of them exist, are those of `vocabulary/tables.ts`.
 *
 * @module
 */
import type { Value } from "@transformer-xl/runtime";
import { type Cluster, clustersOf } from "../vocabulary/clusters.ts";
import type { ModelGraph } from "./model_graph.ts";

/** A cluster with at least one word. */
export interface GraphCluster extends Cluster {
  /** Its number, from 0 of the head. */
  readonly index: number;
  /** [words, width]. */
  readonly embedding: Value;
  /** [words, width]: that of the embedding where they are tied. */
  readonly softmax: Value;
  /** [words]. */
  readonly bias: Value;
  /** [D, width]: residual stream -> softmax; undefined when they are equally wide. */
  readonly softmaxProjection: Value | undefined;
}

/** The vocabulary of a graph. */
export interface GraphVocabulary {
  /** Clusters with words, the head first. */
  readonly clusters: readonly GraphCluster[];
  /** Tails, those without words included. */
  readonly tailCount: number;
  /** Projections of the embedding: one per cluster, one for all, or none. */
  readonly projections: readonly Value[];
}

/** The tables of a model; only parameters that the graph reads become weights of it. */
export function vocabularyOf({ config, weights }: ModelGraph): GraphVocabulary {
  const { divVal, dEmbed, dModel, tieWeight, tieProjs } = config;
  const isCut = divVal === 1;
  const all = clustersOf(config).map((cluster, index) => ({ ...cluster, index }));
  const used = all.filter(({ from, to }) => to > from);
  const table = (
    prefix: string,
    suffix: string,
    { index, from, to }: Cluster & { index: number },
  ) =>
    isCut
      ? weights.rows(`${prefix}.0${suffix}`, { from, to })
      : weights.whole(`${prefix}.${index}${suffix}`);
  const projected = !isCut ? used : dEmbed === dModel ? [] : [all[0]!];
  const projections = projected.map(({ index }) => weights.whole(`word_emb.emb_projs.${index}`));
  const softmaxProjection = (index: number) => {
    if (isCut && dEmbed === dModel) return undefined;
    if (!tieProjs[index]) return weights.whole(`crit.out_projs.${index}`);
    return weights.whole(`word_emb.emb_projs.${isCut ? 0 : index}`);
  };
  const clusters = used.map((cluster) => {
    const embedding = table("word_emb.emb_layers", ".weight", cluster);
    return {
      ...cluster,
      embedding,
      softmax: tieWeight ? embedding : table("crit.out_layers_weights", "", cluster),
      bias: table("crit.out_layers_biases", "", cluster),
      softmaxProjection: softmaxProjection(cluster.index),
    };
  });
  return { clusters, tailCount: all.length - 1, projections };
}

/** Places of token ids in the table of a cluster; ids of others have some place of it. */
export function columnsIn({ graph }: ModelGraph, ids: Value, { from, to }: Cluster): Value {
  const places = from === 0 ? ids : graph.node("Sub", [ids, graph.integer(from)]);
  return graph.node("Clip", [places, graph.integer(0), graph.integer(to - from - 1)]);
}
