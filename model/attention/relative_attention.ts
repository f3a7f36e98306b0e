/**
 * Kind 0: relative attention (Dai et al. 2019, section 3.3). Positions are projected sinusoids of
 * the distance; two biases, shared by all layers, stand for the position of the query.
 *
 * @module
 */
import { matmul, relativeAttention } from "@transformer-xl/kernels";
import type {
  PackedParameter,
  ParameterStore,
  Recorder,
  Tensor,
} from "@transformer-xl/runtime/core";
import type { ModelConfig } from "../config.ts";
import { dropped } from "../dropout_masks.ts";
import { matrixInit } from "../init.ts";
import type { MemoryLayer } from "../memory.ts";
import {
  type Attention,
  type AttentionBlock,
  type AttentionContext,
  joinedRows,
} from "./attention.ts";
import { positionalConstant } from "./positional_embedding.ts";
import { blockName, Projections } from "./projections.ts";

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

  /** See {@link Attention.attendsToJoined}. */
  attendsToJoined(): boolean {
    return true;
  }

  /** Records the table of positions, with dropout. */
  begin(rec: Recorder, context: AttentionContext): RelativeContext {
    const table = positionalConstant(rec, this.#config, context);
    const positions = dropped(rec, table, context.drop("pos_emb", this.#config.dropout)); // [K, D]
    return { ...context, positions };
  }

  /** See {@link Attention.enter}. */
  enter(rec: Recorder, embedded: Tensor, { drop }: AttentionContext): Tensor {
    return dropped(rec, embedded, drop("word_emb", this.#config.dropout));
  }
}

/** The relative attention block of one layer. */
class RelativeAttentionBlock implements AttentionBlock {
  readonly #biases: SharedBiases;
  readonly #projections: Projections;
  readonly #position: PackedParameter; // [N H, D]

  constructor(store: ParameterStore, config: ModelConfig, layer: number, biases: SharedBiases) {
    const { dModel, nHead, dHead } = config;
    this.#biases = biases;
    this.#projections = new Projections(store, config, layer, true);
    this.#position = store.param(
      blockName(layer, "r_net.weight"),
      [nHead * dHead, dModel],
      matrixInit(config),
    );
  }

  /** See {@link AttentionBlock.record}. */
  record(
    rec: Recorder,
    x: Tensor,
    memory: MemoryLayer | undefined,
    context: RelativeContext,
  ): { readonly y: Tensor; readonly kept: Tensor } {
    const rows = joinedRows(rec, x, memory);
    const { q, kv } = this.#projections.project(rec, rows, context);
    const r = matmul(rec, context.positions, this.#position, { transposeB: true }); // [K, N H]
    const { content: contentBias, position: positionBias } = this.#biases;
    const operands = { q, kv, r, contentBias, positionBias };
    const mixed = relativeAttention(rec, operands, this.#projections.options(context));
    return { y: this.#projections.output(rec, mixed, x, context), kept: rows.kept };
  }
}
