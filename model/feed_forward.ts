/**
 * The position-wise feed-forward block: y = W2 drop(relu(W1 u + b1)) + b2, with dropout, a residual
 * connection and layer norm after (post-norm) or before (pre-norm) the block.
 *
 * @module
 */
import { feedForward, layerNorm } from "@transformer-xl/kernels";
import type { PackedParameter, ParameterStore, Recorder } from "@transformer-xl/runtime/core";
import type { ModelConfig } from "./config.ts";
import type { DropoutSource } from "./dropout_masks.ts";
import { constantInit, gainInit, matrixInit } from "./init.ts";
import { type Hidden, normedRows, rowsOf } from "./attention/residual.ts";

/** The feed-forward block of one layer. */
export class FeedForward {
  readonly #config: ModelConfig;
  readonly #layer: number;
  readonly #w1: PackedParameter; // [F, D]
  readonly #b1: PackedParameter; // [F]
  readonly #w2: PackedParameter; // [D, F]
  readonly #b2: PackedParameter; // [D]
  readonly #gain: PackedParameter; // [D]
  readonly #bias: PackedParameter; // [D]

  constructor(store: ParameterStore, config: ModelConfig, layer: number) {
    const { dModel, dInner } = config;
    const at = (name: string) => `layers.${layer}.pos_ff.${name}`;
    this.#config = config;
    this.#layer = layer;
    this.#w1 = store.param(at("CoreNet.0.weight"), [dInner, dModel], matrixInit(config));
    this.#b1 = store.param(at("CoreNet.0.bias"), [dInner], constantInit(0));
    this.#w2 = store.param(at("CoreNet.3.weight"), [dModel, dInner], matrixInit(config));
    this.#b2 = store.param(at("CoreNet.3.bias"), [dModel], constantInit(0));
    this.#gain = store.param(at("layer_norm.weight"), [dModel], gainInit(config));
    this.#bias = store.param(at("layer_norm.bias"), [dModel], constantInit(0));
  }

  /** [R, D] -> [R, D]. */
  forward(rec: Recorder, hidden: Hidden, drop: DropoutSource): Hidden {
    const { preLnorm, dropout: rate } = this.#config;
    const layer = `l${this.#layer}`;
    const norm = { gain: this.#gain, bias: this.#bias };
    const weights = { w1: this.#w1, b1: this.#b1, w2: this.#w2, b2: this.#b2 };
    const [inner, dropout] = [drop(`${layer}/ff1`, rate), drop(`${layer}/ff2`, rate)];
    if (preLnorm) {
      const { x, normed } = normedRows(rec, hidden, norm);
      const branch = feedForward(rec, normed, weights, inner); // [R, D]
      return { residual: x, branch, dropout, name: `${layer}/out` };
    }
    const x = rowsOf(rec, hidden);
    const out = feedForward(rec, x, weights, inner); // [R, D]
    const y = layerNorm(rec, out, this.#gain, this.#bias, { residual: x, dropout });
    rec.keepIntermediate(y, `${layer}/out`);
    return y;
  }
}
