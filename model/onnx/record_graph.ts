/**
 * The forward pass of the model as an ONNX graph: the counterpart of `transformer_xl.ts` for a runtime
 * that knows ONNX operators.
 *
 * @module
 */
import type { OnnxGraph, SafetensorsReader, Value } from "@transformer-xl/runtime";
import { expectRows, type ModelConfig } from "../config.ts";
import { GraphAttention } from "./attention.ts";
import { embedTokens } from "./embedding.ts";
import { GraphHead, type GraphOutputs } from "./head.ts";
import { GraphMemory } from "./memory.ts";
import { type GraphLengths, ModelGraph } from "./model_graph.ts";
import type { FloatType } from "./graph_weights.ts";
import { vocabularyOf } from "./vocabulary.ts";

/** What a graph computes, in which lengths and numbers. */
export interface GraphSettings {
  /** T, E and M; T is the largest number of target rows of a run. */
  readonly lengths: GraphLengths;
  /** Outputs beside the memory. */
  readonly outputs: GraphOutputs;
  /** Weights, activations and memory in half precision; losses stay float32. */
  readonly half: boolean;
}

/**
 * The graph of a model.
 *
 * @param file its weights, read when the graph is written
 * @throws {ConfigError} when learned tables are too short for the lengths with the reference
 */
export function recordGraph(
  file: SafetensorsReader,
  config: ModelConfig,
  { lengths, outputs, half }: GraphSettings,
): OnnxGraph {
  if (config.positionRows > 0) expectRows(config, { batchSize: 1, ...lengths });
  const type: FloatType = half ? "float16" : "float32";
  const model = new ModelGraph(file, config, lengths, type);
  const memory = new GraphMemory(model);
  const vocabulary = vocabularyOf(model);
  const attention = new GraphAttention(model, memory);
  let x = embedTokens(model, vocabulary); // [B, Q, D]
  for (let layer = 0; layer < config.nLayer; layer++) {
    x = feedForward(model, attention.block(x, layer), layer);
  }
  new GraphHead(model, vocabulary).record(x, outputs);
  memory.keepCount();
  return model.graph;
}

/** The position-wise feed-forward block, [B, Q, D] -> [B, Q, D]. */
function feedForward(model: ModelGraph, x: Value, layer: number): Value {
  const { graph, weights, config: { dModel, preLnorm } } = model;
  const block = `layers.${layer}.pos_ff`;
  const linear = (rows: Value, part: string) =>
    model.linear(
      rows,
      weights.whole(`${block}.CoreNet.${part}.weight`),
      weights.whole(`${block}.CoreNet.${part}.bias`),
    );
  const u = preLnorm ? model.layerNorm(x, block) : x;
  const inner = graph.node("Relu", [linear(model.flat(u, dModel), "0")]);
  return model.residual(x, model.hidden(linear(inner, "3")), block);
}
