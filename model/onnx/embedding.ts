/**
 * Word embedding of an ONNX graph. Every cluster of the vocabulary looks up all tokens, those of other
 * clusters at a place of its table, and its rows are taken where the token is its own.
 *
 * @module
 */
import type { Value } from "@transformer-xl/runtime";
import type { ModelGraph } from "./model_graph.ts";
import { columnsIn, type GraphVocabulary } from "./vocabulary.ts";

/** Appends the embedding of the tokens, [B, Q, D]. */
export function embedTokens(model: ModelGraph, { clusters, projections }: GraphVocabulary): Value {
  const { graph, config, ids } = model;
  const isProjectedAlone = config.divVal > 1;
  const looked = clusters.map((cluster, i) => {
    const places = clusters.length === 1 ? ids : columnsIn(model, ids, cluster);
    const rows = graph.node("Gather", [cluster.embedding, places], { axis: 0 });
    return isProjectedAlone ? project(model, rows, cluster.width, projections[i]!) : rows;
  });
  const tokens = graph.node("Unsqueeze", [ids, graph.integers(-1)]); // [B, Q, 1]
  const combined = looked.reduceRight((rest, rows, i) => {
    const isOwn = graph.node("Less", [tokens, graph.integer(clusters[i]!.to)]);
    return graph.node("Where", [isOwn, rows, rest]);
  });
  const [projection] = projections;
  const x = isProjectedAlone || projection === undefined
    ? combined
    : project(model, combined, config.dEmbed, projection);
  return graph.node("Mul", [x, model.number(Math.sqrt(config.dModel))]);
}

/** [B, Q, width] -> [B, Q, D]. */
function project(model: ModelGraph, rows: Value, width: number, projection: Value): Value {
  return model.hidden(model.linear(model.flat(rows, width), projection));
}
