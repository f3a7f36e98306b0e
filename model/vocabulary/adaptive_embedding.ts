/**
 * Word embedding with clusters: y = sqrt(D) * E[id], projected to the residual width where the
 * tables are narrower (Baevski and Auli 2019 describe the input side; the layout is the reference's).
 *
 * @module
 */
import { combineRows, embedding, matmul, scale } from "@transformer-xl/kernels";
import type { Recorder, Tensor } from "@transformer-xl/runtime/core";
import type { TokenInputs } from "./token_inputs.ts";
import type { ModelConfig } from "../config.ts";
import type { ClusterTables } from "./tables.ts";

/** Embeds the tokens of a batch, [Q B, D]. */
export function embedTokens(
  rec: Recorder,
  tokens: TokenInputs,
  clusters: readonly ClusterTables[],
  config: ModelConfig,
): Tensor {
  const gain = Math.sqrt(config.dModel);
  if (tokens.kind === "whole") {
    const tables = clusters.flatMap(({ embedding }) => embedding);
    const projection = clusters[0]!.embeddingProjection;
    const narrow = embedding(rec, tokens.ids, tables, tokens.groups, projection ? 1 : gain);
    return projection === undefined
      ? narrow
      : scale(rec, matmul(rec, narrow, projection, { transposeB: true }), gain);
  }
  const parts = tokens.clusters.map(({ ids, rows, count, groups }, i) => {
    const { embedding: tables, embeddingProjection } = clusters[i]!;
    const narrow = embedding(rec, ids, tables, groups, 1, { count }); // [R, width]
    const x = matmul(rec, narrow, embeddingProjection!, { transposeB: true, rows: count }); // [R, D]
    return { x, rows, count };
  });
  return combineRows(rec, tokens.rowCount, parts, gain);
}
