/**
 * Kind 1: relative attention with learned positions (Shaw et al. 2018, section 3.2). Every layer has
 * a table of keys by distance, a bias by distance, and a bias of content scores.
 *
 * @module
 */
import { positionRows } from "@transformer-xl/kernels";
import {
  type PackedParameter,
  type ParameterStore,
  type Recorder,
  reshape,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { keysOf, type ModelConfig } from "../config.ts";
import { dropped } from "../dropout_masks.ts";
import { constantInit, matrixInit } from "../init.ts";
import type { MemoryLayer } from "../memory.ts";
import type { Hidden } from "./residual.ts";
import type { Attended, Attention, AttentionBlock, AttentionContext } from "./attention.ts";
import { largestLearnedDistance, layerTables } from "./learned_tables.ts";
import { Projections } from "./projections.ts";

/** The tables of one layer, each of one row per layer before {@link reshape}. */
interface Tables {
  /** [1, R, N, H], row r is distance R - 1 - r: `r_emb`. */
  readonly keys: PackedParameter;
  /** [1, N, H], added to queries for content scores: `r_w_bias`. */
  readonly contentBias: PackedParameter;
  /** [1, R, N], added to position scores: `r_bias`. */
  readonly distanceBias: PackedParameter;
}

/** Inputs shared by all layers of a recording. */
interface LearnedContext extends AttentionContext {
  /** [N, H]: zeros, since queries have no bias for position scores. */
  readonly noBias: Tensor;
}

/** Learned relative attention: one parameter holds the tables of all layers. */
export class LearnedRelativeAttention implements Attention {
  readonly #config: ModelConfig;
  readonly #tables: readonly Tables[];

  /** Declares the tables. */
  constructor(store: ParameterStore, config: ModelConfig) {
    const { positionRows: R, nHead, dHead } = config;
    const keys = layerTables(store, config, "r_emb", [R, nHead, dHead], matrixInit(config));
    const content = layerTables(store, config, "r_w_bias", [nHead, dHead], matrixInit(config));
    const distance = layerTables(store, config, "r_bias", [R, nHead], constantInit(0));
    this.#config = config;
    this.#tables = keys.map((table, l) => ({
      keys: table,
      contentBias: content[l]!,
      distanceBias: distance[l]!,
    }));
  }

  /** See {@link Attention.declare}. */
  declare(store: ParameterStore, config: ModelConfig, layer: number): AttentionBlock {
    return new LearnedRelativeBlock(store, config, layer, this.#tables[layer]!);
  }

  /** See {@link Attention.attendsToJoined}. */
  attendsToJoined(): boolean {
    return true;
  }

  /** Records the bias that is none. */
  begin(rec: Recorder, context: AttentionContext): LearnedContext {
    const { nHead: N, dHead: H } = this.#config;
    const dtype = context.precision.activations;
    const noBias = rec.constant("no position bias", [N, H], dtype, new Float32Array(N * H));
    return { ...context, noBias };
  }

  /** See {@link Attention.enter}. */
  enter(rec: Recorder, embedded: Tensor, { drop }: AttentionContext): Tensor {
    return dropped(rec, embedded, drop("word_emb", this.#config.dropout));
  }
}

/** The learned relative attention block of one layer. */
class LearnedRelativeBlock implements AttentionBlock {
  readonly #config: ModelConfig;
  readonly #tables: Tables;
  readonly #projections: Projections;

  constructor(store: ParameterStore, config: ModelConfig, layer: number, tables: Tables) {
    this.#config = config;
    this.#tables = tables;
    this.#projections = new Projections(store, config, layer, true);
  }

  /** See {@link AttentionBlock.record}. */
  record(
    rec: Recorder,
    hidden: Hidden,
    memory: MemoryLayer | undefined,
    context: LearnedContext,
  ): Attended {
    const { q, kv, x, kept } = this.#projections.projectJoined(rec, hidden, memory, context);
    const { nHead: N, dHead: H } = this.#config;
    const { keys, contentBias, distanceBias } = this.#tables;
    const operands = {
      q,
      kv,
      r: this.#byDistance(rec, keys, N * H, context), // [K, N H]
      contentBias: reshape(rec, contentBias, [N, H]),
      positionBias: context.noBias,
      distanceBias: this.#byDistance(rec, distanceBias, N, context), // [K, N]
    };
    const mixed = this.#projections.attend(rec, operands, context);
    return { y: this.#projections.output(rec, mixed, x, context), kept };
  }

  /** The rows of a table of `columns` at the distances of all keys, [K, columns]. */
  #byDistance(
    rec: Recorder,
    table: PackedParameter,
    columns: number,
    { lengths, window }: AttentionContext,
  ): Tensor {
    const R = this.#config.positionRows;
    const K = window?.rows ?? keysOf(lengths);
    const maxDistance = largestLearnedDistance(this.#config);
    const rows = reshape(rec, table, [R, columns]);
    if (K === R && maxDistance === R - 1) return rows;
    return positionRows(rec, rows, { count: K, newest: K - 1, maxDistance });
  }
}
