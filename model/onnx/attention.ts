/**
 * Attention blocks of an ONNX graph: mask, scores, and the four kinds of `attention/kinds.ts`.
 *
 * @module
 */
import type { Value } from "@transformer-xl/runtime";
import { blockName } from "../attention/projections.ts";
import { maxDistanceOf } from "../config.ts";
import { COMPAT_RULES } from "../settings/compat.ts";
import type { GraphMemory } from "./memory.ts";
import type { ModelGraph } from "./model_graph.ts";
import { learnedRows, rowsOfRun, sinusoids } from "./positions.ts";

/** Score of hidden keys: the lowest number of a type, whose weight is 0. */
const LOWEST = { float32: -3.4e38, float16: -65504 } as const;

/** The rows of one layer. */
interface LayerRows {
  /** [B, Q, D]: rows of the segment. */
  readonly x: Value;
  /** [B, K, D]: rows that are attended to, those of the memory first. */
  readonly context: Value;
  /** [B, K, D]: what the next memory is cut from. */
  readonly kept: Value;
}

/** Queries [B, Q, N, H], keys and values [B, K, N, H]. */
interface Projected {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

/** The attention of all layers. */
export class GraphAttention {
  readonly #model: ModelGraph;
  readonly #memory: GraphMemory;
  readonly #visible: Value;
  /** Sinusoids of kinds 0 and 2. */
  readonly #table: Value | undefined;

  /** Appends what all layers read. */
  constructor(model: ModelGraph, memory: GraphMemory) {
    const { attnType } = model.config;
    this.#model = model;
    this.#memory = memory;
    this.#visible = visibleKeys(model, memory);
    this.#table = attnType === 0 || attnType === 2 ? sinusoids(model) : undefined;
  }

  /** Appends the block of a layer, [B, Q, D] -> [B, Q, D], and its next memory. */
  block(input: Value, layer: number): Value {
    const { graph, config, weights } = this.#model;
    const { nHead: N, dHead: H } = config;
    const { x, context, kept } = this.#rows(input, layer);
    this.#memory.keep(kept, layer);
    const projected = this.#project(x, context, layer);
    const scores = graph.node("Where", [
      this.#visible,
      this.#scores(projected, layer),
      this.#model.number(LOWEST[this.#model.type]),
    ]);
    const probabilities = graph.node("Softmax", [scores], { axis: -1 });
    const values = this.#model.transpose(projected.v, [0, 2, 1, 3]);
    const mixed = this.#model.transpose(
      graph.node("MatMul", [probabilities, values]),
      [0, 2, 1, 3],
    ); // [B, Q, N, H]
    const out = this.#model.linear(
      this.#model.flat(mixed, N * H),
      weights.whole(blockName(layer, "o_net.weight")),
    );
    return this.#model.residual(x, this.#model.hidden(out), `layers.${layer}.dec_attn`);
  }

  /** Rows of a layer; kinds 2 and 3 add positions, kind 2 those of the first layer. */
  #rows(x: Value, layer: number): LayerRows {
    const joined = this.#memory.join(x, layer);
    const positions = this.#positions(layer);
    if (positions === undefined) return { x, context: joined, kept: joined };
    const context = this.#model.graph.node("Add", [joined, positions]);
    const { keepsPositions } = COMPAT_RULES[this.#model.config.compat];
    return {
      x: this.#memory.current(context),
      context,
      kept: keepsPositions ? context : joined,
    };
  }

  /** Positions that are added to the rows of a layer, [K, D]. */
  #positions(layer: number): Value | undefined {
    const { config: { attnType, dModel } } = this.#model;
    if (attnType === 2 && layer === 0) return rowsOfRun(this.#model, this.#table!, [dModel]);
    if (attnType !== 3) return undefined;
    return rowsOfRun(this.#model, learnedRows(this.#model, "r_emb", layer, dModel), [dModel]);
  }

  #project(x: Value, context: Value, layer: number): Projected {
    const { graph, config, rowCount, keyCount } = this.#model;
    const { attnType, dModel: D, nHead: N, dHead: H, preLnorm, compat } = config;
    const normed = preLnorm ? this.#model.layerNorm(context, `layers.${layer}.dec_attn`) : context;
    const isAbsolute = attnType === 2 || attnType === 3;
    const normalises = !isAbsolute || COMPAT_RULES[compat].normalisesQueries;
    const current = preLnorm && normalises ? this.#memory.current(normed) : x;
    const [query, keyValue] = this.#matrices(layer, isAbsolute);
    const q = this.#model.linear(this.#model.flat(current, D), query);
    const kv = this.#model.linear(this.#model.flat(normed, D), keyValue);
    const [k, v] = graph.nodes(
      "Split",
      [this.#model.reshape(kv, [-1, keyCount, 2 * N, H])],
      { axis: 2 },
      [`keys.${layer}`, `values.${layer}`],
    );
    return { q: this.#model.reshape(q, [-1, rowCount, N, H]), k: k!, v: v! };
  }

  /** Matrices of queries, [N H, D], and of keys and values, [2 N H, D]. */
  #matrices(layer: number, isAbsolute: boolean): readonly [Value, Value] {
    const { weights, config: { nHead, dHead } } = this.#model;
    const inner = nHead * dHead;
    const at = (name: string) => blockName(layer, `${name}.weight`);
    if (isAbsolute) return [weights.whole(at("q_net")), weights.whole(at("kv_net"))];
    const rows = (from: number, to: number) => weights.rows(at("qkv_net"), { from, to });
    return [rows(0, inner), rows(inner, 3 * inner)];
  }

  /** Scores of all keys, [B, N, Q, K]. */
  #scores({ q, k }: Projected, layer: number): Value {
    const { graph, config } = this.#model;
    const { attnType, nHead: N, dHead: H } = config;
    const scale = this.#model.number(1 / Math.sqrt(H));
    const keys = this.#model.transpose(k, [0, 2, 3, 1]);
    const scored = (queries: Value, columns: Value) => {
      const scaled = graph.node("Mul", [queries, scale]);
      return graph.node("MatMul", [this.#model.transpose(scaled, [0, 2, 1, 3]), columns]);
    };
    if (attnType === 2 || attnType === 3) return scored(q, keys);
    const content = scored(graph.node("Add", [q, this.#bias("r_w_bias", layer)]), keys);
    const r = rowsOfRun(this.#model, this.#positionKeys(layer), [N, H]);
    const columns = this.#model.transpose(r, [1, 2, 0]); // [N, H, K]
    const positions = attnType === 0
      ? scored(graph.node("Add", [q, this.#bias("r_r_bias", layer)]), columns)
      : graph.node("Add", [scored(q, columns), this.#distanceBias(layer, scale)]);
    return graph.node("Add", [content, this.#shifted(positions)]);
  }

  /** A bias of queries, [N, H]: of all layers in kind 0 unless untied, of every layer in kind 1. */
  #bias(name: string, layer: number): Value {
    const { weights, config: { attnType, untieR, nHead, dHead } } = this.#model;
    if (attnType === 0) return weights.whole(untieR ? blockName(layer, name) : name);
    return weights.rows(name, { from: layer, to: layer + 1, dims: [nHead, dHead] });
  }

  /** Keys of the distances of the longest segment, [K, N H]. */
  #positionKeys(layer: number): Value {
    const { weights, config: { attnType, nHead, dHead } } = this.#model;
    if (attnType === 1) return learnedRows(this.#model, "r_emb", layer, nHead * dHead);
    return this.#model.linear(this.#table!, weights.whole(blockName(layer, "r_net.weight")));
  }

  /** Biases of the distances, [N, 1, K]. */
  #distanceBias(layer: number, scale: Value): Value {
    const { graph, config: { nHead } } = this.#model;
    const rows = rowsOfRun(this.#model, learnedRows(this.#model, "r_bias", layer, nHead), [nHead]);
    const scaled = this.#model.transpose(graph.node("Mul", [rows, scale]), [1, 0]);
    return graph.node("Unsqueeze", [scaled, graph.integers(1)]);
  }

  /**
   * Position scores by key from those by table row: query i finds row p at key p - (Q - 1 - i). With a
   * column in front, rows of K + 1 numbers read as rows of Q are the ones wanted, but for the first.
   */
  #shifted(scores: Value): Value {
    const { graph, keyCount } = this.#model;
    // The column holds any numbers: they end up at keys of the future. Pad fails on WebGPU in halves.
    const column = this.#model.slice(scores, 3, 0, 1);
    const padded = graph.node("Concat", [column, scores], { axis: 3 });
    const rows = graph.node("Add", [keyCount, graph.integers(1)]);
    const turned = this.#model.reshape(padded, [0, 0, rows, -1]);
    return this.#model.reshape(this.#model.slice(turned, 2, 1), [0, 0, -1, keyCount]);
  }
}

/** Whether query i sees key j, [Q, K]: a valid row, not in the future, within the same length. */
function visibleKeys(model: ModelGraph, { validRows }: GraphMemory): Value {
  const { graph, config, lengths: { memLen: M }, keyCount } = model;
  const keyScalar = graph.node("Squeeze", [keyCount]);
  const range = (from: number) =>
    graph.node("Range", [graph.integer(from), keyScalar, graph.integer(1)]);
  const keys = range(0); // [K]
  const queries = graph.node("Unsqueeze", [range(M), graph.integers(1)]); // [Q, 1]
  const distance = graph.node("Sub", [queries, keys]); // [Q, K]
  const parts = [graph.node("GreaterOrEqual", [distance, graph.integer(0)])];
  const maxDistance = maxDistanceOf(config, M);
  if (maxDistance !== undefined) {
    parts.push(graph.node("LessOrEqual", [distance, graph.integer(maxDistance)]));
  }
  if (validRows !== undefined) {
    const first = graph.node("Sub", [graph.integers(M), validRows]);
    parts.push(graph.node("GreaterOrEqual", [keys, first]));
  }
  return parts.reduce((all, part) => graph.node("And", [all, part]));
}
