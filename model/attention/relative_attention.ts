/**
 * Kind 0: relative attention (Dai et al. 2019, section 3.3). Positions are projected sinusoids of
 * the distance; two biases, shared by all layers or of each its own, stand for the position of the
 * query.
 *
 * @module
 */
import { copyRows, matmul } from "@transformer-xl/kernels";
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
import type { Hidden } from "./residual.ts";
import type {
  Attended,
  Attention,
  AttentionBlock,
  AttentionContext,
  PositionContext,
} from "./attention.ts";
import { positionalConstant } from "./positional_embedding.ts";
import { blockName, Projections } from "./projections.ts";

/** The biases u and v of the paper's equation. */
interface Biases {
  /** [N, H], added to queries for content scores: `r_w_bias`. */
  readonly content: PackedParameter;
  /** [N, H], added to queries for position scores: `r_r_bias`. */
  readonly position: PackedParameter;
}

/** Inputs shared by all layers of a recording. */
interface RelativeContext extends AttentionContext {
  /** [K, D], row p is distance K - 1 - p, after dropout; absent where positions are projected. */
  readonly table: Tensor | undefined;
}

/** Relative attention: positions are shared by all layers, and biases unless they are untied. */
export class RelativeAttention implements Attention {
  readonly #config: ModelConfig;
  readonly #shared: Biases | undefined;
  readonly #blocks: RelativeAttentionBlock[] = [];

  /** Declares the biases that all layers share. */
  constructor(store: ParameterStore, config: ModelConfig) {
    this.#config = config;
    this.#shared = config.untieR ? undefined : biasesOf(store, config, (name) => name);
  }

  /** See {@link Attention.declare}. */
  declare(store: ParameterStore, config: ModelConfig, layer: number): AttentionBlock {
    const biases = this.#shared ?? biasesOf(store, config, (name) => blockName(layer, name));
    const block = new RelativeAttentionBlock(store, config, layer, biases);
    this.#blocks.push(block);
    return block;
  }

  /** See {@link Attention.attendsToJoined}. */
  attendsToJoined(): boolean {
    return true;
  }

  /** Records the table of positions, with dropout, unless they are projected already. */
  begin(rec: Recorder, context: AttentionContext): RelativeContext {
    if (context.projectedPositions !== undefined) return { ...context, table: undefined };
    const table = positionalConstant(rec, this.#config, context);
    const site = context.drop("pos_emb", this.#config.dropout);
    return { ...context, table: dropped(rec, table, site) };
  }

  /** See {@link Attention.projectPositions}. */
  projectPositions(rec: Recorder, context: PositionContext, layers: readonly Tensor[]): void {
    const table = positionalConstant(rec, this.#config, context);
    this.#blocks.forEach((block, l) => copyRows(rec, layers[l]!, block.project(rec, table), 0));
  }

  /** See {@link Attention.enter}. */
  enter(rec: Recorder, embedded: Tensor, { drop }: AttentionContext): Tensor {
    return dropped(rec, embedded, drop("word_emb", this.#config.dropout));
  }
}

function biasesOf(
  store: ParameterStore,
  config: ModelConfig,
  named: (name: string) => string,
): Biases {
  const bias = (name: string) =>
    store.param(named(name), [config.nHead, config.dHead], matrixInit(config));
  return { content: bias("r_w_bias"), position: bias("r_r_bias") };
}

/** The relative attention block of one layer. */
class RelativeAttentionBlock implements AttentionBlock {
  readonly #biases: Biases;
  readonly #layer: number;
  readonly #projections: Projections;
  readonly #position: PackedParameter; // [N H, D]

  constructor(store: ParameterStore, config: ModelConfig, layer: number, biases: Biases) {
    const { dModel, nHead, dHead } = config;
    this.#biases = biases;
    this.#layer = layer;
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
    hidden: Hidden,
    memory: MemoryLayer | undefined,
    context: RelativeContext,
  ): Attended {
    const { q, kv, x, kept } = this.#projections.projectJoined(rec, hidden, memory, context);
    const r = context.table === undefined
      ? context.projectedPositions![this.#layer]!
      : this.project(rec, context.table);
    const { content: contentBias, position: positionBias } = this.#biases;
    const operands = { q, kv, r, contentBias, positionBias };
    const mixed = this.#projections.attend(rec, operands, context);
    return { y: this.#projections.output(rec, mixed, x, context), kept };
  }

  /** Records the projected positions of a table [K, D], [K, N H]. */
  project(rec: Recorder, table: Tensor): Tensor {
    return matmul(rec, table, this.#position, { transposeB: true });
  }
}
