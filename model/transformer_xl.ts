/**
 * Transformer-XL (Dai et al. 2019); start reading here. Tokens are embedded, pass through L decoder
 * layers that also attend to the memory of earlier segments, and end in an (adaptive) softmax over
 * the vocabulary. The input of every layer becomes the memory of the next segment.
 *
 * @module
 */
import { type AttentionForm, slice } from "@transformer-xl/kernels";
import type { DeviceLimits, ParameterStore, Recorder, Tensor } from "@transformer-xl/runtime/core";
import { embedTokens } from "./vocabulary/adaptive_embedding.ts";
import { type TokenLosses, tokenLosses } from "./vocabulary/adaptive_softmax.ts";
import type { Attention, DistanceListener, WindowOfKeys } from "./attention/attention.ts";
import { openAttention } from "./attention/kinds.ts";
import { logProbabilities } from "./vocabulary/log_probabilities.ts";
import { BatchInputs, type InputOptions } from "./vocabulary/batch_inputs.ts";
import type { Lengths, ModelConfig } from "./config.ts";
import { DecoderLayer } from "./decoder_layer.ts";
import { type DropoutSource, dropped } from "./dropout_masks.ts";
import type { Memory } from "./memory.ts";
import { type Precision, PRECISIONS } from "./precision.ts";
import { type Hidden, rowsOf } from "./attention/residual.ts";
import { sampledLosses } from "./vocabulary/sampled_softmax.ts";
import { type ClusterTables, VocabularyTables } from "./vocabulary/tables.ts";

/** Options of a recording. */
export interface ForwardOptions {
  /** Lengths of the recording. */
  readonly lengths: Lengths;
  /** The memory it reads and writes. */
  readonly memory: Pick<Memory, "layers">;
  /** Dropout masks. */
  readonly drop: DropoutSource;
  /** Of {@link TransformerXL.projectPositions}; positions are projected anew when absent. */
  readonly positions?: readonly Tensor[] | undefined;
  /** Keys of more rows than memory and segment, if the layers of the memory join them so. */
  readonly window?: WindowOfKeys | undefined;
  /** Form of the attention where no gradient is recorded; chosen by size when absent. */
  readonly form?: AttentionForm | undefined;
  /** Receives the distances of every layer's attention, which are recorded for it. */
  readonly onDistances?: DistanceListener | undefined;
  /** True when a training step is recorded. */
  readonly differentiate: boolean;
  /** Its first element scales every gradient; 1 when absent. */
  readonly lossScale?: Tensor;
}

/** Options of a recording that ends in the log-probabilities of all words. */
export interface LogProbabilityOptions extends Omit<ForwardOptions, "differentiate" | "lossScale"> {
  /** What the recording ends in; the losses of targets when absent. */
  readonly head: "logProbabilities";
}

/** Options of a recording that ends before the softmax. */
export interface HiddenOptions extends Omit<ForwardOptions, "differentiate" | "lossScale"> {
  /** What the recording ends in; the losses of targets when absent. */
  readonly head: "hidden";
}

/** The parameters of a model, and its forward pass as a recording. */
export class TransformerXL {
  /** The model configuration. */
  readonly config: ModelConfig;
  /** Element types, from the weights of the store. */
  readonly precision: Precision;
  readonly #attention: Attention;
  readonly #layers: readonly DecoderLayer[];
  readonly #clusters: readonly ClusterTables[];

  /** Declares all parameters, in the order of the reference's state dict. */
  constructor(store: ParameterStore, config: ModelConfig, limits: DeviceLimits) {
    this.config = config;
    this.precision = PRECISIONS[store.dtype === "f16" ? "fp16" : "fp32"];
    this.#attention = openAttention(store, config);
    const vocabulary = new VocabularyTables(store, config);
    this.#layers = Array.from(
      { length: config.nLayer },
      (_, l) => new DecoderLayer(store, config, l, this.#attention),
    );
    this.#clusters = vocabulary.pack(limits);
  }

  /** Whether a layer attends to [memory; input] as it is, which then is needed until its gradient. */
  attendsToJoined(layer: number): boolean {
    return this.#attention.attendsToJoined(layer);
  }

  /** Whether layers project positions, which then can be done ahead of a recording. */
  get projectsPositions(): boolean {
    return this.#attention.projectPositions !== undefined;
  }

  /**
   * Records the projected positions of all layers into `layers`, [K, N H] each, for recordings of the
   * same lengths.
   */
  projectPositions(rec: Recorder, lengths: Lengths, layers: readonly Tensor[]): void {
    this.#attention.projectPositions?.(rec, { lengths, precision: this.precision }, layers);
  }

  /**
   * Host inputs of a recording of this model.
   *
   * @throws {ConfigError} when the softmax cannot be sampled
   */
  inputs(rec: Recorder, lengths: Lengths, options: InputOptions = {}): BatchInputs {
    return new BatchInputs(rec, this.config, this.#clusters, lengths, options);
  }

  /**
   * Records the losses of one segment, estimated where its inputs have samples, and the memory of the
   * next.
   */
  forward(rec: Recorder, batch: BatchInputs, options: ForwardOptions): TokenLosses;
  /**
   * Records the log-probabilities of all words after every token of the segment, [T B, V] in nats,
   * and the memory of the next segment. No derivative.
   */
  forward(rec: Recorder, batch: BatchInputs, options: LogProbabilityOptions): Tensor;
  /** Records the hidden rows that predict the targets, [T B, D], and the memory of the next segment. */
  forward(rec: Recorder, batch: BatchInputs, options: HiddenOptions): Tensor;
  forward(
    rec: Recorder,
    batch: BatchInputs,
    options: ForwardOptions | LogProbabilityOptions | HiddenOptions,
  ): TokenLosses | Tensor {
    const hidden = this.#hidden(rec, batch, options);
    if ("head" in options && options.head === "hidden") return hidden;
    return rec.scope("softmax", () => {
      if ("head" in options) return this.logProbabilities(rec, hidden);
      const { differentiate, lossScale } = options;
      const { targets, samples, weight } = batch;
      const losses = { weight, differentiate, ...(lossScale && { lossScale }) };
      return samples === undefined
        ? tokenLosses(rec, hidden, targets, this.#clusters, losses)
        : sampledLosses(rec, hidden, targets, samples, this.#clusters[0]!, losses);
    });
  }

  /**
   * Records the log-probabilities of all words after hidden rows [R, D] of a recording that ends
   * before the softmax: [R, V] in nats.
   */
  logProbabilities(rec: Recorder, hidden: Tensor): Tensor {
    return logProbabilities(rec, hidden, this.#clusters);
  }

  /** Records hidden rows that predict the targets, [T B, D], and the memory of the next segment. */
  #hidden(
    rec: Recorder,
    batch: BatchInputs,
    { lengths, memory, drop, positions, window, form, onDistances, differentiate = false }:
      & Omit<ForwardOptions, "differentiate" | "lossScale">
      & Partial<Pick<ForwardOptions, "differentiate">>,
  ): Tensor {
    const { batchSize: B, tgtLen: T, extLen: E } = lengths;
    const { dropout } = this.config;

    const attention = this.#attention.begin(rec, {
      lengths,
      precision: this.precision,
      projectedPositions: positions,
      window,
      validMemory: batch.validMemory,
      newestRow: batch.newestRow,
      drop,
      differentiate,
      form,
      onDistances,
    });
    const embedded = rec.scope(
      "embedding",
      () => embedTokens(rec, batch.tokens, this.#clusters, this.config),
    );
    rec.keepIntermediate(embedded, "word_emb");

    let x: Hidden = this.#attention.enter(rec, embedded, attention); // [Q B, D]
    this.#layers.forEach((layer, l) =>
      rec.scope(`layer${l}`, () => {
        const { y, kept } = layer.forward(rec, x, memory.layers[l], attention);
        // The next memory: M rows of [memory; x]. No gradient flows through it.
        memory.layers[l]?.keep(rec, kept, batch.memoryStart);
        x = y;
      })
    );

    const hidden = dropped(rec, rowsOf(rec, x), drop("final", dropout));
    // Extended context has no targets; full segments without it need no copy.
    return E === 0 ? hidden : slice(rec, hidden, { start: batch.targetStart, count: T * B }); // [T B, D]
  }
}
