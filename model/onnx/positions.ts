/**
 * Positions of an ONNX graph. Tables hold a row for every key of the longest segment, and a run takes
 * the last K of them: the last row always is distance 0.
 *
 * @module
 */
import type { Value } from "@transformer-xl/runtime";
import { largestLearnedDistance } from "../attention/learned_tables.ts";
import { positionalTable } from "../attention/positional_embedding.ts";
import { keysOf } from "../config.ts";
import type { ModelGraph } from "./model_graph.ts";

/** Sinusoids of the longest segment, [K, D]; row p is distance K - 1 - p. */
export function sinusoids({ graph, type, config, lengths }: ModelGraph): Value {
  const { dModel: D, clampLen } = config;
  const K = keysOf(lengths);
  const values = positionalTable(K, D, clampLen);
  const data = type === "float16" ? Float16Array.from(values) : Float32Array.from(values);
  return graph.array("positions", type, [K, D], data);
}

/**
 * Rows of a learned table of one layer for the longest segment, [K, columns].
 *
 * @param parameter [L, R, ...], row R - 1 - d is distance d
 */
export function learnedRows(
  { graph, weights, config, lengths }: ModelGraph,
  parameter: string,
  layer: number,
  columns: number,
): Value {
  const R = config.positionRows;
  const K = keysOf(lengths);
  const table = weights.rows(parameter, { from: layer, to: layer + 1, dims: [R, columns] });
  const farthest = largestLearnedDistance(config);
  const rows = Array.from({ length: K }, (_, p) => R - 1 - Math.min(K - 1 - p, farthest));
  return graph.node("Gather", [table, graph.integers(...rows)], { axis: 0 });
}

/** The rows of the keys of a run from a table of the longest segment, in a shape that begins with K. */
export function rowsOfRun(model: ModelGraph, table: Value, inner: readonly number[]): Value {
  const { graph, keyCount, lengths } = model;
  const first = graph.node("Sub", [graph.integers(keysOf(lengths)), keyCount]);
  // The shape has a run with more keys than the table refused.
  return model.reshape(model.slice(table, 0, first), [keyCount, ...inner]);
}
