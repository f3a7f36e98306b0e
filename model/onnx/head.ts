/**
 * Softmax of an ONNX graph: losses of targets, or log-probabilities of all words, as in
 * `vocabulary/adaptive_softmax.ts` and `vocabulary/log_probabilities.ts`. For losses, a cluster of rarer
 * words computes the rows whose targets are its own.
 *
 * @module
 */
import { ONNX_TYPES, type Value } from "@transformer-xl/runtime";
import { AXES, type ModelGraph } from "./model_graph.ts";
import { columnsIn, type GraphCluster, type GraphVocabulary } from "./vocabulary.ts";

/** Outputs of a graph beside the memory. */
export const GRAPH_OUTPUTS = ["losses", "log_probabilities", "both"] as const;

/** Outputs of a graph beside the memory. */
export type GraphOutputs = (typeof GRAPH_OUTPUTS)[number];

/** Names of inputs and outputs. */
export const HEAD_NAMES = {
  targets: "targets",
  losses: "losses",
  words: "log_probabilities",
} as const;

/** The softmax over hidden rows. */
export class GraphHead {
  readonly #model: ModelGraph;
  readonly #vocabulary: GraphVocabulary;
  /** Words of the head. */
  readonly #headWords: number;

  /** The softmax of a vocabulary. */
  constructor(model: ModelGraph, vocabulary: GraphVocabulary) {
    this.#model = model;
    this.#vocabulary = vocabulary;
    this.#headWords = vocabulary.clusters[0]!.to;
  }

  /** Appends the outputs of hidden rows [B, Q, D]; those of extended context have no losses. */
  record(hidden: Value, outputs: GraphOutputs): void {
    const { graph, config, rowCount, lengths: { extLen } } = this.#model;
    const targets = outputs === "log_probabilities"
      ? undefined
      : graph.input(HEAD_NAMES.targets, "int64", [AXES.batch, AXES.targetRows]);
    const count = targets === undefined ? rowCount : this.#model.size(targets, 1);
    const scored = targets === undefined || extLen === 0
      ? hidden
      : this.#model.slice(hidden, 1, graph.node("Sub", [rowCount, count]));
    const rows = this.#model.flat(scored, config.dModel);
    const words = outputs === "losses" ? undefined : this.#words(rows);
    if (words !== undefined) {
      const shape = graph.node("Concat", [
        graph.integers(-1),
        count,
        graph.integers(config.nToken),
      ], { axis: 0 });
      graph.node("Reshape", [words, shape], {}, HEAD_NAMES.words);
      const axis = targets === undefined ? AXES.rows : AXES.targetRows;
      graph.output(HEAD_NAMES.words, "float32", [AXES.batch, axis, config.nToken]);
    }
    if (targets === undefined) return;
    const ids = this.#model.reshape(targets, [-1]); // [R]
    const logs = words === undefined
      ? this.#targetLogs(rows, ids)
      : this.#picked(words, this.#clipped(ids, config.nToken));
    const isTarget = graph.node("GreaterOrEqual", [ids, graph.integer(0)]);
    const zero = graph.number(0, "float32");
    const losses = graph.node("Where", [isTarget, graph.node("Neg", [logs]), zero]);
    graph.node("Reshape", [losses, graph.node("Shape", [targets])], {}, HEAD_NAMES.losses);
    graph.output(HEAD_NAMES.losses, "float32", [AXES.batch, AXES.targetRows]);
  }

  /** Log-probabilities of all words after rows [R, D], [R, V]. */
  #words(rows: Value): Value {
    const { graph } = this.#model;
    const { clusters: [head, ...tails], tailCount } = this.#vocabulary;
    const headLogs = this.#headLogs(rows, head!);
    if (tailCount === 0) return headLogs;
    const column = (place: number) => this.#model.slice(headLogs, 1, place, place + 1);
    return graph.node("Concat", [
      this.#model.slice(headLogs, 1, 0, this.#headWords),
      ...tails.map((tail) =>
        graph.node("Add", [this.#tailLogs(rows, tail), column(this.#columnOf(tail))])
      ),
    ], { axis: 1 });
  }

  /** Log-probabilities of the targets `ids` [R] after rows [R, D], [R]; any for negative ids. */
  #targetLogs(rows: Value, ids: Value): Value {
    const { graph } = this.#model;
    const { clusters: [head, ...tails] } = this.#vocabulary;
    const headLogs = this.#headLogs(rows, head!);
    // A word of a tail has the column of its cluster in the head.
    const columns = tails.reduce(
      (column, tail) =>
        graph.node("Where", [
          this.#isAtLeast(ids, tail.from),
          graph.integer(this.#columnOf(tail)),
          column,
        ]),
      this.#clipped(ids, this.#headWords),
    );
    return tails.reduce(
      (sum, tail) => graph.node("Add", [sum, this.#tailPart(rows, ids, tail)]),
      this.#picked(headLogs, columns),
    );
  }

  /** Log-probabilities of targets inside their tail, and 0 for targets of other clusters, [R]. */
  #tailPart(rows: Value, ids: Value, tail: GraphCluster): Value {
    const { graph } = this.#model;
    const isOwn = graph.node("And", [
      this.#isAtLeast(ids, tail.from),
      graph.node("Less", [ids, graph.integer(tail.to)]),
    ]);
    const own = this.#model.reshape(graph.node("NonZero", [isOwn]), [-1]); // [n]
    // One row more, which nothing reads, so that no matrix is empty.
    const selected = graph.node("Concat", [own, graph.integers(0)], { axis: 0 });
    const ofTail = this.#tailLogs(graph.node("Gather", [rows, selected], { axis: 0 }), tail);
    const targets = graph.node("Gather", [columnsIn(this.#model, ids, tail), selected], {
      axis: 0,
    });
    const logs = this.#picked(ofTail, targets); // [n + 1]
    const count = graph.node("CumSum", [
      graph.node("Cast", [isOwn], { to: ONNX_TYPES.int64.code }),
      graph.integer(0),
    ]);
    const places = graph.node("Max", [
      graph.node("Sub", [count, graph.integer(1)]),
      graph.integer(0),
    ]);
    const spread = graph.node("Gather", [logs, places], { axis: 0 }); // [R]
    return graph.node("Where", [isOwn, spread, graph.number(0, "float32")]);
  }

  /** The head's log-probabilities: of its words, then of the clusters, [R, words + tails]. */
  #headLogs(rows: Value, head: GraphCluster): Value {
    const { graph, weights } = this.#model;
    const narrow = this.#narrowed(rows, head);
    const words = this.#model.linear(narrow, head.softmax, head.bias);
    if (this.#vocabulary.tailCount === 0) return this.#logSoftmax(words);
    const ofClusters = this.#model.linear(
      narrow,
      weights.whole("crit.cluster_weight"),
      weights.whole("crit.cluster_bias"),
    );
    return this.#logSoftmax(graph.node("Concat", [words, ofClusters], { axis: 1 }));
  }

  #tailLogs(rows: Value, tail: GraphCluster): Value {
    const logits = this.#model.linear(this.#narrowed(rows, tail), tail.softmax, tail.bias);
    return this.#logSoftmax(logits);
  }

  #narrowed(rows: Value, { softmaxProjection }: GraphCluster): Value {
    return softmaxProjection === undefined
      ? rows
      : this.#model.graph.node("Gemm", [rows, softmaxProjection]);
  }

  /** In float32 in either precision. */
  #logSoftmax(logits: Value): Value {
    const { graph, type } = this.#model;
    const wide = type === "float32"
      ? logits
      : graph.node("Cast", [logits], { to: ONNX_TYPES.float32.code });
    return graph.node("LogSoftmax", [wide], { axis: -1 });
  }

  /** The reference's reversed cluster columns. */
  #columnOf({ index }: GraphCluster): number {
    return this.#headWords + this.#vocabulary.tailCount - index;
  }

  /** One number of every row: x [R, C], columns [R] -> [R]. */
  #picked(x: Value, columns: Value): Value {
    const { graph } = this.#model;
    const places = graph.node("Unsqueeze", [columns, graph.integers(1)]);
    return this.#model.reshape(graph.node("GatherElements", [x, places], { axis: 1 }), [-1]);
  }

  #isAtLeast(ids: Value, least: number): Value {
    const { graph } = this.#model;
    return graph.node("GreaterOrEqual", [ids, graph.integer(least)]);
  }

  /** Ids as columns below `size`. */
  #clipped(ids: Value, size: number): Value {
    const { graph } = this.#model;
    return graph.node("Clip", [ids, graph.integer(0), graph.integer(size - 1)]);
  }
}
