/**
 * The memory of an ONNX graph: an input and an output of hidden rows for every layer, [B, M, D], and
 * the number of rows that hold something, which are the last ones.
 *
 * @module
 */
import type { Value } from "@transformer-xl/runtime";
import { AXES, type ModelGraph } from "./model_graph.ts";

/** Names of inputs, and of the outputs that replace them in the next run. */
export const MEMORY_NAMES = {
  /** Rows of a layer. */
  layer: (layer: number): string => `memory.${layer}`,
  /** Number of rows that hold something. */
  rows: "memory_rows",
  /** The output for an input. */
  next: (input: string): string => `new_${input}`,
} as const;

/** The memory of all layers. */
export class GraphMemory {
  /** Valid rows, [1]; undefined without memory. */
  readonly validRows: Value | undefined;
  readonly #model: ModelGraph;
  /** Rows of a run that enter the memory, [1]: all but the extended context. */
  readonly #kept: Value;

  /** Declares the inputs. */
  constructor(model: ModelGraph) {
    const { graph, config, lengths: { memLen, extLen }, type, rowCount } = model;
    this.#model = model;
    this.#kept = extLen === 0 ? rowCount : graph.node("Max", [
      graph.node("Sub", [rowCount, graph.integers(extLen)]),
      graph.integers(0),
    ]);
    if (memLen === 0) return;
    for (let layer = 0; layer < config.nLayer; layer++) {
      graph.input(MEMORY_NAMES.layer(layer), type, [AXES.batch, memLen, config.dModel]);
    }
    this.validRows = graph.input(MEMORY_NAMES.rows, "int64", [1]);
  }

  /** The memory rows of a layer, then x: [B, K, D]. */
  join(x: Value, layer: number): Value {
    if (this.validRows === undefined) return x;
    return this.#model.graph.node("Concat", [MEMORY_NAMES.layer(layer), x], { axis: 1 });
  }

  /** The rows of the segment among those of a layer: [B, K, C] -> [B, Q, C]. */
  current(rows: Value): Value {
    return this.validRows === undefined
      ? rows
      : this.#model.slice(rows, 1, this.#model.lengths.memLen);
  }

  /** Outputs the next memory of a layer: M of the rows [B, K, D]. */
  keep(rows: Value, layer: number): void {
    if (this.validRows === undefined) return;
    const { graph, type, config, lengths: { memLen } } = this.#model;
    const name = MEMORY_NAMES.next(MEMORY_NAMES.layer(layer));
    const end = graph.node("Add", [this.#kept, graph.integers(memLen)]);
    graph.nodes("Slice", [rows, this.#kept, end, graph.integers(1)], {}, [name]);
    graph.output(name, type, [AXES.batch, memLen, config.dModel]);
  }

  /** Outputs the number of valid rows of the next memory. */
  keepCount(): void {
    if (this.validRows === undefined) return;
    const { graph, lengths: { memLen } } = this.#model;
    const sum = graph.node("Add", [this.validRows, this.#kept]);
    const name = MEMORY_NAMES.next(MEMORY_NAMES.rows);
    graph.node("Min", [sum, graph.integers(memLen)], {}, name);
    graph.output(name, "int64", [1]);
  }
}
