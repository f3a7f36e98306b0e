/**
 * Parts of an ONNX graph that all parts of the model use. Values are batch-first: hidden rows are
 * [B, Q, D], and matrices multiply rows [B Q, D]. B and Q are sizes of the inputs of a run, so shapes
 * are computed in the graph.
 *
 * @module
 */
import { OnnxGraph, type SafetensorsReader, type Value } from "@transformer-xl/runtime";
import type { Lengths, ModelConfig } from "../config.ts";
import { type FloatType, GraphWeights } from "./graph_weights.ts";

/** Lengths of a graph; the batch size is that of a run. T is the largest number of target rows. */
export type GraphLengths = Omit<Lengths, "batchSize">;

/** Names of the axes that differ between runs. */
export const AXES = { batch: "batch", rows: "rows", targetRows: "target_rows" } as const;

/** End of a slice that has no end. */
const TO_THE_END = 2 ** 31 - 1;

/** A graph with the sizes of a run and the weights of a checkpoint. */
export class ModelGraph {
  /** The graph. */
  readonly graph: OnnxGraph = new OnnxGraph();
  /** The model. */
  readonly config: ModelConfig;
  /** Lengths. */
  readonly lengths: GraphLengths;
  /** Its weights. */
  readonly weights: GraphWeights;
  /** Token ids, [B, Q]. */
  readonly ids: Value;
  /** Q, [1]. */
  readonly rowCount: Value;
  /** K = M + Q, [1]. */
  readonly keyCount: Value;

  /** Declares the token ids. */
  constructor(
    file: SafetensorsReader,
    config: ModelConfig,
    lengths: GraphLengths,
    type: FloatType,
  ) {
    const { graph } = this;
    this.config = config;
    this.lengths = lengths;
    this.weights = new GraphWeights(graph, file, type);
    this.ids = graph.input("ids", "int64", [AXES.batch, AXES.rows]);
    this.rowCount = this.size(this.ids, 1);
    this.keyCount = lengths.memLen === 0
      ? this.rowCount
      : graph.node("Add", [this.rowCount, graph.integers(lengths.memLen)]);
  }

  /** Element type of weights, activations and memory. */
  get type(): FloatType {
    return this.weights.type;
  }

  /** Size of one axis of a value, [1]. */
  size(value: Value, axis: number): Value {
    const { graph } = this;
    return graph.node("Gather", [graph.node("Shape", [value]), graph.integers(axis)], { axis: 0 });
  }

  /** A number of the element type. */
  number(value: number): Value {
    return this.graph.number(value, this.type);
  }

  /** A value in another shape: numbers, -1 for the rest, or counts [1]. */
  reshape(value: Value, sizes: readonly (number | Value)[]): Value {
    const { graph } = this;
    const shape = sizes.every((size) => typeof size === "number")
      ? graph.integers(...sizes)
      : graph.node(
        "Concat",
        sizes.map((size) => typeof size === "number" ? graph.integers(size) : size),
        { axis: 0 },
      );
    return graph.node("Reshape", [value, shape]);
  }

  /** Part of an axis, from a number or a count [1] to another, or to its end. */
  slice(value: Value, axis: number, from: number | Value, to?: number | Value): Value {
    const { graph } = this;
    const bound = (place: number | Value) =>
      typeof place === "number" ? graph.integers(place) : place;
    const [starts, ends] = [bound(from), bound(to ?? TO_THE_END)];
    return graph.node("Slice", [value, starts, ends, graph.integers(axis)]);
  }

  /** Axes in another order. */
  transpose(value: Value, perm: readonly number[]): Value {
    return this.graph.node("Transpose", [value], { perm });
  }

  /** x W^T + b of rows [R, C] and a parameter [F, C]: [R, F]. */
  linear(rows: Value, weight: Value, bias?: Value): Value {
    const operands = bias === undefined ? [rows, weight] : [rows, weight, bias];
    return this.graph.node("Gemm", operands, { transB: 1 });
  }

  /** Hidden rows [B, *, C] as rows of a matrix, [R, C]. */
  flat(value: Value, columns: number): Value {
    return this.reshape(value, [-1, columns]);
  }

  /** Rows [B Q, D] as hidden rows, [B, Q, D]. */
  hidden(rows: Value): Value {
    return this.reshape(rows, [-1, this.rowCount, this.config.dModel]);
  }

  /** Layer norm over the last axis with the parameters of a block. */
  layerNorm(value: Value, block: string): Value {
    const [gain, bias] = ["weight", "bias"].map((name) =>
      this.weights.whole(`${block}.layer_norm.${name}`)
    ) as [Value, Value];
    const attributes = { axis: -1, epsilon: { float: 1e-5 } };
    return this.graph.node("LayerNormalization", [value, gain, bias], attributes);
  }

  /** Residual sum of a block, normalised after it unless pre-norm normalises before. */
  residual(x: Value, out: Value, block: string): Value {
    const sum = this.graph.node("Add", [x, out]);
    return this.config.preLnorm ? sum : this.layerNorm(sum, block);
  }
}
