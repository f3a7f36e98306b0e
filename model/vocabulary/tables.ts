/**
 * The vocabulary's parameters: embedding tables, softmax tables and biases, projections.
 *
 * The reference concatenates the head's word rows and cluster rows at every step; here they lie
 * side by side, so the head is one matrix operand. Tables are cut at the binding limit. Names, and
 * which of them exist, are those of the reference's state dict.
 *
 * @module
 */
import {
  DeviceError,
  type DeviceLimits,
  type PackedParameter,
  type Parameter,
  type ParameterStore,
  type RowRange,
  rowSize,
} from "@transformer-xl/runtime/core";
import type { VocabularyBlock } from "@transformer-xl/kernels";
import { type Cluster, clustersOf } from "./clusters.ts";
import type { ModelConfig } from "../config.ts";
import { constantInit, matrixInit, projectionInit, tableInit } from "../init.ts";

/** Consecutive ids of one table. */
export interface EmbeddingRange {
  /** Rows from `from`; rows past `rows` belong to the softmax only. */
  readonly table: PackedParameter;
  /** Id of the first row. */
  readonly from: number;
  /** Ids in this table. */
  readonly rows: number;
}

/** Parameters of one cluster. */
export interface ClusterTables {
  /** Ids and width. */
  readonly cluster: Cluster;
  /** Tables the embedding reads. */
  readonly embedding: readonly EmbeddingRange[];
  /** [D, width]: embedding -> residual stream; absent when they are equally wide. */
  readonly embeddingProjection: PackedParameter | undefined;
  /** Columns of the cluster's softmax, in order; the head's end with the cluster columns. */
  readonly softmax: readonly (VocabularyBlock & {
    readonly weight: PackedParameter;
    readonly bias: PackedParameter;
  })[];
  /** [D, width]: residual stream -> softmax; absent when they are equally wide. */
  readonly softmaxProjection: PackedParameter | undefined;
}

/** Declares the word embedding; called before the layers, to keep the reference's order. */
export class VocabularyTables {
  readonly #store: ParameterStore;
  readonly #config: ModelConfig;
  readonly #clusters: readonly Cluster[];
  readonly #embedding: readonly RowRange[];
  readonly #projections: readonly PackedParameter[];

  constructor(store: ParameterStore, config: ModelConfig) {
    this.#store = store;
    this.#config = config;
    this.#clusters = clustersOf(config);
    this.#embedding = this.#rows("word_emb.emb_layers", "weight");
    const projected = config.divVal > 1
      ? this.#clusters
      : config.dEmbed === config.dModel
      ? []
      : [this.#clusters[0]!];
    this.#projections = projected.map(({ width }, i) =>
      store.param(`word_emb.emb_projs.${i}`, [config.dModel, width], projectionInit(config))
    );
  }

  /** Declares the softmax and packs everything; called after the layers. */
  pack(limits: DeviceLimits): ClusterTables[] {
    const { dEmbed, tieWeight } = this.#config;
    const clusterCount = this.#clusters.length - 1;
    let head: { weight: Parameter; bias: Parameter } | undefined;
    if (clusterCount > 0) {
      head = {
        weight: this.#store.declare(
          "crit.cluster_weight",
          [clusterCount, dEmbed],
          matrixInit(this.#config),
        ),
        bias: this.#store.declare("crit.cluster_bias", [clusterCount], constantInit(0)),
      };
    }
    const words = tieWeight ? this.#embedding : this.#rows("crit.out_layers_weights");
    const biases = this.#rows("crit.out_layers_biases", undefined, true);
    const softmaxProjections = this.#softmaxProjections();
    return this.#clusters.map((cluster, i) => {
      const extra = i === 0 && head !== undefined
        ? [whole(head.weight), whole(head.bias)] as const
        : undefined;
      const weight = this.#pack(
        `softmax table ${i}`,
        [words[i]!, ...(extra ? [extra[0]] : [])],
        limits,
        cluster.width,
      );
      const bias = this.#pack(
        `softmax bias ${i}`,
        [biases[i]!, ...(extra ? [extra[1]] : [])],
        limits,
        cluster.width,
      );
      const tables = tieWeight
        ? weight
        : this.#pack(`embedding table ${i}`, [this.#embedding[i]!], limits, cluster.width);
      return {
        cluster,
        embedding: rangesOf(tables, cluster),
        embeddingProjection: this.#projections[this.#config.divVal > 1 ? i : 0],
        softmax: weight.map((table, n) => ({ weight: table, bias: bias[n]! })),
        softmaxProjection: softmaxProjections[i],
      };
    });
  }

  /** The rows of every cluster: slices of one table, or a table each when widths differ. */
  #rows(prefix: string, suffix?: string, vector = false): RowRange[] {
    const { nToken, divVal, dEmbed } = this.#config;
    const init = vector ? constantInit(0) : tableInit(this.#config);
    const name = (i: number) => [prefix, i, suffix].filter((part) => part !== undefined).join(".");
    if (divVal === 1) {
      const parameter = this.#store.declare(name(0), vector ? [nToken] : [nToken, dEmbed], init);
      return this.#clusters.map(({ from, to }) => ({ parameter, from, to }));
    }
    return this.#clusters.map(({ from, to, width }, i) =>
      whole(this.#store.declare(name(i), vector ? [to - from] : [to - from, width], init))
    );
  }

  /** Separate projections if they are not tied; none if widths are equal. */
  #softmaxProjections(): (PackedParameter | undefined)[] {
    const { divVal, dEmbed, dModel, tieProjs } = this.#config;
    return this.#clusters.map(({ width }, i) => {
      if (divVal === 1 && dEmbed === dModel) return undefined;
      if (tieProjs[i]) return this.#projections[divVal > 1 ? i : 0];
      return this.#store.param(
        `crit.out_projs.${i}`,
        [dModel, width],
        projectionInit(this.#config),
      );
    });
  }

  /** One parameter, or several where the rows exceed a binding; biases are cut like weights. */
  #pack(
    label: string,
    pieces: readonly RowRange[],
    limits: DeviceLimits,
    width: number,
  ): PackedParameter[] {
    const limit = Math.floor(Math.min(limits.maxBindingBytes, limits.maxBufferBytes) / (4 * width));
    if (limit < 1) {
      throw new DeviceError(
        "out-of-memory",
        `Cannot lay out "${label}": one row of ${width} numbers exceeds what a kernel of this device ` +
          "binds",
        { need: "narrower embeddings" },
      );
    }
    return cut(pieces, limit).map((part, n) => this.#store.pack(`${label}.${n}`, part));
  }
}

function whole(parameter: Parameter): RowRange {
  return { parameter, from: 0, to: parameter.shape[0]! };
}

/** Cuts a list of row ranges into lists of at most `limit` rows. */
function cut(pieces: readonly RowRange[], limit: number): RowRange[][] {
  const parts: RowRange[][] = [[]];
  let rows = 0;
  for (const { parameter, from, to } of pieces) {
    for (let at = from; at < to;) {
      const end = Math.min(to, at + limit - rows);
      parts.at(-1)!.push({ parameter, from: at, to: end });
      rows += end - at;
      at = end;
      if (rows === limit) {
        parts.push([]);
        rows = 0;
      }
    }
  }
  return parts.filter((part) => part.length > 0);
}

/** Ids of each table; rows beyond the cluster's ids are cluster columns. */
function rangesOf(tables: readonly PackedParameter[], { from, to }: Cluster): EmbeddingRange[] {
  const ranges: EmbeddingRange[] = [];
  let at = from;
  for (const table of tables) {
    const rows = Math.min(table.size / rowSize(table.rowRanges[0]!.parameter), to - at);
    if (rows > 0) ranges.push({ table, from: at, rows });
    at += rows;
  }
  return ranges;
}
