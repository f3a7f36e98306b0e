/**
 * Weights of an open checkpoint as those of an ONNX graph: whole parameters, or ranges of their rows,
 * read from the file when they are written.
 *
 * @module
 */
import {
  type LateBytes,
  ONNX_TYPES,
  type OnnxGraph,
  type SafetensorsReader,
  type Value,
} from "@transformer-xl/runtime";
import { weightPieces } from "../checkpoint/stored_weights.ts";

/** Element type of weights, activations and memory. */
export type FloatType = "float32" | "float16";

/** Rows of a parameter. */
export interface RowSelection {
  /** First row. */
  readonly from: number;
  /** One past the last row. */
  readonly to: number;
  /** Shape in the graph; that of the rows when absent. */
  readonly dims?: readonly number[];
}

/** The weights of a graph. */
export class GraphWeights {
  /** Element type in the graph. */
  readonly type: FloatType;
  readonly #graph: OnnxGraph;
  readonly #file: SafetensorsReader;

  /** @param file open until the graph has been written */
  constructor(graph: OnnxGraph, file: SafetensorsReader, type: FloatType) {
    this.#graph = graph;
    this.#file = file;
    this.type = type;
  }

  /** A whole parameter. */
  whole(parameter: string): Value {
    const [rows = 1] = this.#file.shape(parameter);
    return this.rows(parameter, { from: 0, to: rows });
  }

  /** Rows of a parameter: indices of its first axis. */
  rows(parameter: string, { from, to, dims }: RowSelection): Value {
    const [rows = 1, ...inner] = this.#file.shape(parameter);
    const width = inner.reduce((product, size) => product * size, 1);
    const isWhole = from === 0 && to === rows;
    return this.#graph.weight({
      name: isWhole ? parameter : `${parameter}[${from}:${to}]`,
      type: this.type,
      dims: dims ?? [to - from, ...inner],
      content: this.#content(parameter, from * width, to * width),
    });
  }

  #content(parameter: string, from: number, to: number): LateBytes {
    const dtype = this.type === "float16" ? "F16" : "F32";
    const file = this.#file;
    return {
      byteLength: (to - from) * ONNX_TYPES[this.type].bytes,
      async *pieces() {
        for await (const piece of weightPieces(file, parameter, dtype, [from, to])) {
          yield new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
        }
      },
    };
  }
}
