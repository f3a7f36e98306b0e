/**
 * The attention block: projections around relative attention (Dai et al. 2019, section 3.3), with a
 * residual connection, normalised after it or before the block.
 *
 * The reference projects queries, keys and values of all K rows at once and drops the queries of
 * memory rows; here queries are projected for the Q current rows only.
 *
 * @module
 */
import { layerNorm, matmul, relativeAttention, slice } from "@transformer-xl/kernels";
import {
  add,
  type PackedParameter,
  type ParameterStore,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { maxDistanceOf, type ModelConfig } from "../config.ts";
import { dropped } from "../feed_forward.ts";
import { constantInit, gainInit, matrixInit } from "../init.ts";
import type { MemoryLayer } from "../memory.ts";
import type { Attention, AttentionBlock, AttentionContext } from "./attention.ts";
import { positionalTable } from "./positional_embedding.ts";

/** The biases u and v of the paper's equation, shared by all layers. */
interface SharedBiases {
  /** [N, H], added to queries for content scores: `r_w_bias`. */
  readonly content: PackedParameter;
  /** [N, H], added to queries for position scores: `r_r_bias`. */
  readonly position: PackedParameter;
}

/** Inputs shared by all layers of a recording. */
interface RelativeContext extends AttentionContext {
  /** [K, D], row p is distance K - 1 - p, after dropout. */
  readonly positions: Tensor;
}

/** Relative attention: biases and positions are shared by all layers. */
export class RelativeAttention implements Attention {
  readonly #config: ModelConfig;
  readonly #biases: SharedBiases;

  /** Declares the biases. */
  constructor(store: ParameterStore, config: ModelConfig) {
    const bias = (name: string) =>
      store.param(name, [config.nHead, config.dHead], matrixInit(config));
    this.#config = config;
    this.#biases = { content: bias("r_w_bias"), position: bias("r_r_bias") };
  }

  /** See {@link Attention.declare}. */
  declare(store: ParameterStore, config: ModelConfig, layer: number): AttentionBlock {
    return new RelativeAttentionBlock(store, config, layer, this.#biases);
  }

  /** Records the table of positions, with dropout. */
  begin(rec: Recorder, context: AttentionContext): RelativeContext {
    const { tgtLen: T, extLen: E, memLen: M } = context.lengths;
    const { dModel: D, dropout, clampLen } = this.#config;
    const K = M + T + E;
    const values = positionalTable(K, D, clampLen);
    const table = rec.constant("positions", [K, D], context.precision.activations, values);
    rec.keepIntermediate(table, "pos_emb");
    const positions = dropped(rec, table, context.drop("pos_emb", dropout)); // [K, D]
    return { ...context, positions };
  }
}

/** The relative attention block of one layer. */
class RelativeAttentionBlock implements AttentionBlock {
  readonly #config: ModelConfig;
  readonly #layer: number;
  readonly #biases: SharedBiases;
  readonly #query: PackedParameter; // [N H, D]
  readonly #keyValue: PackedParameter; // [2 N H, D]: keys, then values
  readonly #out: PackedParameter; // [D, N H]
  readonly #gain: PackedParameter; // [D]
  readonly #bias: PackedParameter; // [D]
  readonly #position: PackedParameter; // [N H, D]

  constructor(store: ParameterStore, config: ModelConfig, layer: number, biases: SharedBiases) {
    const { dModel, nHead, dHead } = config;
    const inner = nHead * dHead;
    const at = (name: string) => `layers.${layer}.dec_attn.${name}`;
    this.#config = config;
    this.#layer = layer;
    this.#biases = biases;
    const qkv = store.declare(at("qkv_net.weight"), [3 * inner, dModel], matrixInit(config));
    this.#query = store.pack(at("query"), [{ parameter: qkv, from: 0, to: inner }]);
    this.#keyValue = store.pack(at("key_value"), [{ parameter: qkv, from: inner, to: 3 * inner }]);
    this.#out = store.param(at("o_net.weight"), [dModel, inner], matrixInit(config));
    this.#gain = store.param(at("layer_norm.weight"), [dModel], gainInit(config));
    this.#bias = store.param(at("layer_norm.bias"), [dModel], constantInit(0));
    this.#position = store.param(at("r_net.weight"), [inner, dModel], matrixInit(config));
  }

  /** See {@link AttentionBlock.record}. */
  record(
    rec: Recorder,
    x: Tensor,
    memory: MemoryLayer | undefined,
    { lengths, positions, validMemory, drop }: RelativeContext,
  ): { readonly y: Tensor; readonly context: Tensor } {
    const { preLnorm, nHead: N, dHead: H, dropout, dropatt } = this.#config;
    const { batchSize: B, memLen: M } = lengths;
    const context = memory === undefined ? x : memory.join(rec, x); // [K B, D]
    const normed = preLnorm ? layerNorm(rec, context, this.#gain, this.#bias) : context;
    const current = !preLnorm || memory === undefined
      ? preLnorm ? normed : x
      : slice(rec, normed, { start: M * B, count: x.shape[0]! });

    const q = matmul(rec, current, this.#query, { transposeB: true }); // [Q B, N H]
    const kv = matmul(rec, normed, this.#keyValue, { transposeB: true }); // [K B, 2 N H]
    const r = matmul(rec, positions, this.#position, { transposeB: true }); // [K, N H]
    const maxDistance = maxDistanceOf(this.#config, M);
    const probabilityDropout = drop(`l${this.#layer}/prob`, dropatt);
    const mixed = relativeAttention(rec, {
      q,
      kv,
      r,
      contentBias: this.#biases.content,
      positionBias: this.#biases.position,
    }, {
      B,
      N,
      H,
      memoryRows: M,
      validMemory,
      ...(maxDistance !== undefined && { maxDistance }),
      ...(probabilityDropout && { dropout: probabilityDropout }),
    }); // [Q B, N H]
    const out = matmul(rec, mixed, this.#out, { transposeB: true }); // [Q B, D]
    const dropsOut = dropped(rec, out, drop(`l${this.#layer}/attn`, dropout));
    const y = preLnorm
      ? add(rec, x, dropsOut)
      : layerNorm(rec, dropsOut, this.#gain, this.#bias, { residual: x });
    return { y, context };
  }
}
