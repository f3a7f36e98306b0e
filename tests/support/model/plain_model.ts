/**
 * The model as plain float64 formulas over named weights, for one segment without memory:
 * independent of recorder, kernels and layouts.
 *
 * @module
 */
import type { Model, ModelConfig } from "@transformer-xl/model";
import { readParameters, weightsOf } from "@transformer-xl/runtime";

type Vector = readonly number[];
type Matrix = readonly Vector[];

/** Weights by name of the reference's state dict. */
export class NamedWeights {
  readonly #values = new Map<string, { readonly shape: readonly number[]; readonly all: Vector }>();

  /** The weights of a model. */
  static async of({ device, store }: Model): Promise<NamedWeights> {
    const weights = new NamedWeights();
    for await (const [{ name, shape }, values] of readParameters(device, store, weightsOf(store))) {
      weights.#values.set(name, { shape, all: [...values] });
    }
    return weights;
  }

  /** Shapes by name. */
  get shapes(): Record<string, readonly number[]> {
    return Object.fromEntries([...this.#values].map(([name, { shape }]) => [name, shape]));
  }

  /** All elements of a parameter. */
  vector(name: string): Vector {
    const found = this.#values.get(name);
    if (found === undefined) throw new Error(`there is no parameter "${name}"`);
    return found.all;
  }

  /** The rows of a parameter. */
  matrix(name: string): Matrix {
    const all = this.vector(name);
    const [rows, ...rest] = this.#values.get(name)!.shape;
    const width = rest.reduce((product, size) => product * size, 1);
    return Array.from({ length: rows! }, (_, row) => all.slice(row * width, (row + 1) * width));
  }
}

const dot = (a: Vector, b: Vector) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const plus = (a: Vector, b: Vector) => a.map((x, i) => x + b[i]!);
/** W x. */
const times = (W: Matrix, x: Vector) => W.map((row) => dot(row, x));
/** x W. */
const left = (x: Vector, W: Matrix) =>
  W[0]!.map((_, c) => x.reduce((sum, value, r) => sum + value * W[r]![c]!, 0));

/** Logarithms of a softmax. */
export function logSoftmaxOf(logits: Vector): Vector {
  const largest = Math.max(...logits);
  const sum = logits.reduce((total, x) => total + Math.exp(x - largest), 0);
  return logits.map((x) => x - largest - Math.log(sum));
}

function layerNorm(x: Vector, gain: Vector, bias: Vector): Vector {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return x.map((value, i) => (value - mean) / Math.sqrt(variance + 1e-5) * gain[i]! + bias[i]!);
}

/** Bounds of the clusters: the first id of each, and one past the last. */
function bounds({ cutoffs, nToken }: ModelConfig): { from: number; to: number }[] {
  const ends = [...cutoffs, nToken];
  return ends.map((to, i) => ({ from: i === 0 ? 0 : ends[i - 1]!, to }));
}

/** Table of a cluster and its first row there: one table with equal widths. */
function clusterRows(config: ModelConfig, all: (i: number) => Matrix, i: number): Matrix {
  const { from, to } = bounds(config)[i]!;
  return config.divVal === 1 ? all(0).slice(from, to) : all(i);
}

function embed(config: ModelConfig, weights: NamedWeights, id: number): Vector {
  const { divVal, dEmbed, dModel } = config;
  const i = bounds(config).findIndex(({ to }) => id < to);
  const rows = clusterRows(config, (n) => weights.matrix(`word_emb.emb_layers.${n}.weight`), i);
  const narrow = rows[id - bounds(config)[i]!.from]!;
  const wide = divVal > 1
    ? times(weights.matrix(`word_emb.emb_projs.${i}`), narrow)
    : dEmbed === dModel
    ? narrow
    : times(weights.matrix("word_emb.emb_projs.0"), narrow);
  return wide.map((x) => Math.sqrt(dModel) * x);
}

function position(distance: number, dModel: number): Vector {
  const angles = Array.from(
    { length: dModel / 2 },
    (_, j) => distance * Math.fround(1 / 10_000 ** (2 * j / dModel)),
  );
  return [...angles.map(Math.sin), ...angles.map(Math.cos)].map(Math.fround);
}

/** One layer over the rows of a column, in order of time. */
function layer(config: ModelConfig, weights: NamedWeights, l: number, x: Matrix): Matrix {
  const { nHead, dHead, dModel } = config;
  const of = (name: string) => `layers.${l}.${name}`;
  const size = nHead * dHead;
  const projected = x.map((row) => times(weights.matrix(of("dec_attn.qkv_net.weight")), row));
  const part = (row: Vector, block: number, head: number) =>
    row.slice(block * size + head * dHead, block * size + (head + 1) * dHead);
  const relative = x.map((_, distance) =>
    times(weights.matrix(of("dec_attn.r_net.weight")), position(distance, dModel))
  );
  const norm = (name: string, row: Vector) =>
    layerNorm(row, weights.vector(of(`${name}.weight`)), weights.vector(of(`${name}.bias`)));
  return x.map((row, i) => {
    const heads = Array.from({ length: nHead }, (_, n) => {
      const q = part(projected[i]!, 0, n);
      const byContent = plus(q, weights.matrix("r_w_bias")[n]!);
      const byPosition = plus(q, weights.matrix("r_r_bias")[n]!);
      const scores = Array.from(
        { length: i + 1 },
        (_, j) =>
          (dot(byContent, part(projected[j]!, 1, n)) +
            dot(byPosition, part(relative[i - j]!, 0, n))) /
          Math.sqrt(dHead),
      );
      const shares = logSoftmaxOf(scores).map(Math.exp);
      return left(shares, projected.slice(0, i + 1).map((key) => part(key, 2, n)));
    });
    const attended = times(weights.matrix(of("dec_attn.o_net.weight")), heads.flat());
    const y = norm("dec_attn.layer_norm", plus(row, attended));
    const net = (n: number, input: Vector) =>
      plus(
        times(weights.matrix(of(`pos_ff.CoreNet.${n}.weight`)), input),
        weights.vector(of(`pos_ff.CoreNet.${n}.bias`)),
      );
    const inner = net(0, y).map((value) => Math.max(0, value));
    return norm("pos_ff.layer_norm", plus(y, net(3, inner)));
  });
}

/** Logits of cluster `i` without cluster columns. */
function clusterLogits(config: ModelConfig, weights: NamedWeights, h: Vector, i: number): Vector {
  const table = config.tieWeight
    ? (n: number) => `word_emb.emb_layers.${n}.weight`
    : (n: number) => `crit.out_layers_weights.${n}`;
  const rows = clusterRows(config, (n) => weights.matrix(table(n)), i);
  const biases = clusterRows(config, (n) => weights.matrix(`crit.out_layers_biases.${n}`), i);
  const narrow = softmaxInput(config, weights, h, i);
  return rows.map((row, v) => dot(row, narrow) + biases[v]![0]!);
}

/** The hidden row as the softmax of cluster `i` takes it. */
function softmaxInput(config: ModelConfig, weights: NamedWeights, h: Vector, i: number): Vector {
  const { divVal, dEmbed, dModel, tieProjs } = config;
  if (divVal === 1 && dEmbed === dModel) return h;
  const shared = `word_emb.emb_projs.${divVal === 1 ? 0 : i}`;
  return left(h, weights.matrix(tieProjs[i] ? shared : `crit.out_projs.${i}`));
}

/** Log-probabilities of all words after a hidden row. */
function logProbabilities(config: ModelConfig, weights: NamedWeights, h: Vector): Vector {
  const tails = config.cutoffs.length;
  const words = clusterLogits(config, weights, h, 0);
  if (tails === 0) return logSoftmaxOf(words);
  const narrow = softmaxInput(config, weights, h, 0);
  const columns = plus(
    times(weights.matrix("crit.cluster_weight"), narrow),
    weights.vector("crit.cluster_bias"),
  );
  const head = logSoftmaxOf([...words, ...columns]);
  return [
    ...head.slice(0, words.length),
    ...Array.from({ length: tails }, (_, t) => {
      const cluster = head[head.length - 1 - t]!; // tail t + 1 has the column t + 1 from the end
      return logSoftmaxOf(clusterLogits(config, weights, h, t + 1)).map((x) => x + cluster);
    }).flat(),
  ];
}

/** What the model computes for the tokens of a segment, by row `time * columns + column`. */
export interface PlainForward {
  /** Log-probabilities of all words. */
  readonly logProbabilities: Matrix;
  /** Logits of all words, without clusters. */
  readonly logits: Matrix;
}

/** The forward pass over `ids`, time-major in `columns` columns. */
export function plainForward(
  config: ModelConfig,
  weights: NamedWeights,
  ids: ArrayLike<number>,
  columns: number,
): PlainForward {
  const hidden: Vector[] = [];
  for (let column = 0; column < columns; column++) {
    let x: Matrix = Array.from(
      { length: ids.length / columns },
      (_, i) => embed(config, weights, ids[i * columns + column]!),
    );
    for (let l = 0; l < config.nLayer; l++) x = layer(config, weights, l, x);
    x.forEach((row, i) => hidden[i * columns + column] = row);
  }
  return {
    logProbabilities: hidden.map((h) => logProbabilities(config, weights, h)),
    logits: hidden.map((h) => clusterLogits(config, weights, h, 0)),
  };
}
