/**
 * Projections of every kind's block: queries, keys and values before the attention, the output after
 * it, with dropout, residual connection and layer norm.
 *
 * The reference projects queries, keys and values of all K rows at once and drops the queries of
 * memory rows; here queries are projected for the Q current rows only.
 *
 * @module
 */
import {
  attentionDistances,
  type AttentionOptions,
  dotProductAttention,
  layerNorm,
  matmul,
  relativeAttention,
  type RelativeAttentionInputs,
} from "@transformer-xl/kernels";
import {
  type PackedParameter,
  type ParameterStore,
  type Recorder,
  Tensor,
} from "@transformer-xl/runtime/core";
import { type Lengths, maxDistanceOf, type ModelConfig } from "../config.ts";
import { constantInit, gainInit, matrixInit } from "../init.ts";
import type { MemoryLayer } from "../memory.ts";
import { type Hidden, normedSum, rowsOf } from "./residual.ts";
import { type AttentionContext, joinedRows, type LayerRows } from "./attention.ts";

/** Queries, keys and values of a block. */
export interface Projected {
  /** [Q B, N H]. */
  readonly q: Tensor;
  /** [K B, 2 N H]: keys, then values. */
  readonly kv: Tensor;
}

/** Projections and layer norm of one layer. */
export class Projections {
  readonly #config: ModelConfig;
  readonly #layer: number;
  readonly #query: PackedParameter; // [N H, D]
  readonly #keyValue: PackedParameter; // [2 N H, D]: keys, then values
  readonly #out: PackedParameter; // [D, N H]
  readonly #gain: PackedParameter; // [D]
  readonly #bias: PackedParameter; // [D]

  /**
   * Declares the parameters.
   *
   * @param fused one table `qkv_net` for queries, keys and values; otherwise `q_net` and `kv_net`
   */
  constructor(store: ParameterStore, config: ModelConfig, layer: number, fused: boolean) {
    const { dModel, nHead, dHead } = config;
    const inner = nHead * dHead;
    const at = (name: string) => blockName(layer, name);
    this.#config = config;
    this.#layer = layer;
    if (fused) {
      const qkv = store.declare(at("qkv_net.weight"), [3 * inner, dModel], matrixInit(config));
      const rows = (label: string, from: number, to: number) =>
        store.pack(at(label), [{ parameter: qkv, from, to }]);
      this.#query = rows("query", 0, inner);
      this.#keyValue = rows("key_value", inner, 3 * inner);
    } else {
      this.#query = store.param(at("q_net.weight"), [inner, dModel], matrixInit(config));
      this.#keyValue = store.param(at("kv_net.weight"), [2 * inner, dModel], matrixInit(config));
    }
    this.#out = store.param(at("o_net.weight"), [dModel, inner], matrixInit(config));
    this.#gain = store.param(at("layer_norm.weight"), [dModel], gainInit(config));
    this.#bias = store.param(at("layer_norm.bias"), [dModel], constantInit(0));
  }

  /**
   * Records queries of the segment, and keys and values of all rows.
   *
   * @param normalisesQueries whether pre-norm normalises the queries' rows too (default true)
   */
  project(
    rec: Recorder,
    { x, context, firstOfX }: LayerRows,
    { lengths }: AttentionContext,
    normalisesQueries = true,
  ): Projected {
    if (this.#config.preLnorm) {
      const normed = layerNorm(rec, context, this.#gain, this.#bias);
      return this.#projectNormed(rec, normed, lengths, normalisesQueries ? undefined : x);
    }
    // No gradient flows into the memory.
    const source = firstOfX === undefined ? undefined : { of: x, from: firstOfX };
    return {
      q: matmul(rec, x, this.#query, { transposeB: true }),
      kv: matmul(rec, context, this.#keyValue, { transposeB: true, ...(source && { source }) }),
    };
  }

  /**
   * Records the projections of rows that are normalised, [K B, D], the last of which are the queries'
   * unless these are given. The norm has parameters, whose gradients count the rows of the memory.
   */
  #projectNormed(
    rec: Recorder,
    normed: Tensor,
    { batchSize: B, memLen: M }: Lengths,
    current?: Tensor,
  ): Projected {
    const from = current === undefined ? M * B : 0;
    return {
      q: matmul(rec, current ?? normed, this.#query, { transposeB: true, from }),
      kv: matmul(rec, normed, this.#keyValue, { transposeB: true }),
    };
  }

  /**
   * Records queries of the segment, keys and values of memory and segment, the segment's rows, and what
   * the next memory is cut from: the joined rows, or their keys and values where the memory holds those.
   */
  projectJoined(
    rec: Recorder,
    hidden: Hidden,
    memory: MemoryLayer | undefined,
    context: AttentionContext,
  ): Projected & Pick<LayerRows, "x" | "kept"> {
    if (memory?.content === "keys") {
      const { q, kv: projected, x } = this.#projectRows(rec, hidden, undefined, context);
      const kv = memory.join(rec, projected);
      return { q, kv, x, kept: kv };
    }
    return this.#projectRows(rec, hidden, memory, context);
  }

  /** Projects the rows of the segment below those of a memory, if there is one. */
  #projectRows(
    rec: Recorder,
    hidden: Hidden,
    memory: MemoryLayer | undefined,
    context: AttentionContext,
  ): Projected & Pick<LayerRows, "x" | "kept"> {
    const lengths = memory === undefined ? { ...context.lengths, memLen: 0 } : context.lengths;
    if (this.#config.preLnorm && !(hidden instanceof Tensor)) {
      const above = memory && { memory: memory.rows, into: memory.joined };
      const norm = { gain: this.#gain, bias: this.#bias };
      const { x, rows, normed } = normedSum(rec, hidden, norm, above);
      return { ...this.#projectNormed(rec, normed, lengths), x, kept: rows };
    }
    const rows = joinedRows(rec, rowsOf(rec, hidden), memory);
    return { ...this.project(rec, rows, { ...context, lengths }), x: rows.x, kept: rows.kept };
  }

  /**
   * Records the attention, relative if the operands have positions, [Q B, N H], and its distances for
   * who asks for them.
   */
  attend(
    rec: Recorder,
    operands: Projected | RelativeAttentionInputs,
    context: AttentionContext,
  ): Tensor {
    const options = this.#options(context);
    context.onDistances?.(attentionDistances(rec, operands, options), this.#layer);
    return "r" in operands
      ? relativeAttention(rec, operands, options)
      : dotProductAttention(rec, operands, options);
  }

  /** Sizes of the attention, what is visible, and its dropout. */
  #options(
    { lengths, window, validMemory, drop, differentiate, form }: AttentionContext,
  ): AttentionOptions {
    const { nHead: N, dHead: H, dropatt } = this.#config;
    const { batchSize: B, memLen: M } = lengths;
    const maxDistance = maxDistanceOf(this.#config, M);
    const dropout = drop(`l${this.#layer}/prob`, dropatt);
    return {
      B,
      N,
      H,
      memoryRows: window?.first ?? M,
      validMemory,
      differentiate,
      ...(form && { form }),
      ...(maxDistance !== undefined && { maxDistance }),
      ...(dropout && { dropout }),
    };
  }

  /** Records the output of the block [Q B, D] from mixed values [Q B, N H] and its input. */
  output(rec: Recorder, mixed: Tensor, x: Tensor, { drop }: AttentionContext): Hidden {
    const layer = `l${this.#layer}`;
    const out = matmul(rec, mixed, this.#out, { transposeB: true }); // [Q B, D]
    const dropout = drop(`${layer}/attn`, this.#config.dropout);
    const name = `${layer}/post_attn`;
    if (this.#config.preLnorm) return { residual: x, branch: out, dropout, name };
    const y = layerNorm(rec, out, this.#gain, this.#bias, { residual: x, dropout });
    rec.keepIntermediate(y, name);
    return y;
  }
}

/** Name of a parameter of a block. */
export function blockName(layer: number, name: string): string {
  return `layers.${layer}.dec_attn.${name}`;
}
