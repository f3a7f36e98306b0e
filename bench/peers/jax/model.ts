/**
 * The model in jax-js: hidden states in memory, layer norms behind, tied weights. The shapes of a
 * recording are fixed, so every cluster of an adaptive softmax is computed for every row.
 *
 * @module
 */
import type { PeerModel } from "../peer.ts";
import type { Jax, JaxArray, Named } from "./jax_api.ts";

const NORM_EPSILON = 1e-5;
const MASKED = -1e30;

/** Operands of a step beside the parameters. */
export type SegmentArrays = {
  /** Ids [T * B]. */
  readonly ids: JaxArray;
  /** Targets [T * B]. */
  readonly targets: JaxArray;
  /** 1 where a query may not look [T, K]. */
  readonly mask: JaxArray;
  /** Sinusoids [K, D]. */
  readonly positions: JaxArray;
  /** Memory of every layer [M, B, D]. */
  readonly memories: readonly JaxArray[];
};

/** A forward pass. */
export type Forward = (
  parameters: Named,
  segment: SegmentArrays,
  key: JaxArray,
) => readonly [loss: JaxArray, memories: readonly JaxArray[]];

/** Rows and columns of a segment. */
export interface SegmentShape {
  /** T. */
  readonly tgtLen: number;
  /** B. */
  readonly batchSize: number;
  /** M. */
  readonly memLen: number;
}

/**
 * The forward pass; `dropout` 0 is that of an evaluation.
 *
 * @param options `gathers`: rows of the table are read, not multiplied by 0 and 1
 */
export function forwardOf(
  jax: Jax,
  model: PeerModel,
  shape: SegmentShape,
  { gathers }: { readonly gathers: boolean },
): Forward {
  const { numpy: np, nn, lax, random } = jax;
  const { nLayer, nHead: N, dHead: H, dModel: D, dropout, cutoffs, vocabSize } = model;
  const { tgtLen: T, batchSize: B, memLen: M } = shape;
  const [K, R, inner] = [T + M, T * B, N * H];

  /** A function that drops elements, each time with another part of the key. */
  const dropper = (key: JaxArray) => {
    if (dropout === 0) {
      key.dispose();
      return { drop: (x: JaxArray) => x, end: () => {} };
    }
    const keys = random.split(key, 3 + 3 * nLayer);
    let taken = 0;
    return {
      drop: (x: JaxArray) => {
        const keep = random.bernoulli(keys.ref.slice(taken++), 1 - dropout, x.shape);
        return np.where(keep, x.div(1 - dropout), 0);
      },
      end: () => keys.dispose(),
    };
  };

  const linear = (x: JaxArray, weight: JaxArray) => np.matmul(x, weight.transpose());

  const normed = (x: JaxArray, weight: JaxArray, bias: JaxArray) => {
    const centred = x.ref.sub(x.mean(-1, { keepdims: true }));
    const variance = np.square(centred.ref).mean(-1, { keepdims: true });
    return centred.div(np.sqrt(variance.add(NORM_EPSILON))).mul(weight).add(bias);
  };

  const embedded = (ids: JaxArray, table: JaxArray) => {
    if (gathers) return np.take(table, ids, 0);
    const words = np.arange(0, vocabSize).reshape([1, vocabSize]);
    return np.matmul(np.where(np.equal(ids.reshape([R, 1]), words), 1, 0), table);
  };

  /** Scores [B, N, T, K] of distances: rows of a matrix with a column of zeros, read one later. */
  const shifted = (x: JaxArray) =>
    np.pad(x, [[0, 0], [0, 0], [0, 0], [1, 0]]).reshape([B, N, K + 1, T])
      .slice([], [], [1, K + 1]).reshape([B, N, T, K]);

  return (parameters, { ids, targets, mask, positions, memories }, key) => {
    const { drop, end } = dropper(key);
    const w = (name: string) => parameters[name]!.ref;
    const table = () => w("word_emb.emb_layers.0.weight");

    const attention = (x: JaxArray, memory: JaxArray, r: JaxArray, layer: string) => {
      const rows = np.concatenate([memory, x.ref.reshape([T, B, D])], 0).reshape([K * B, D]);
      const weight = w(`${layer}.qkv_net.weight`);
      const queries = linear(x.ref, weight.ref.slice([0, inner])).reshape([T, B, N, H]);
      const both = linear(rows, weight.slice([inner, 3 * inner])).reshape([K, B, 2, N, H]);
      const keys = both.ref.slice([], [], 0);
      const values = both.slice([], [], 1);
      const distances = linear(r, w(`${layer}.r_net.weight`)).reshape([K, N, H]);
      const content = np.einsum("ibnd,jbnd->bnij", queries.ref.add(w("r_w_bias")), keys);
      const position = np.einsum("ibnd,jnd->bnij", queries.add(w("r_r_bias")), distances);
      const scores = content.add(shifted(position)).mul(1 / Math.sqrt(H));
      const weights = nn.softmax(np.where(np.greater(mask.ref, 0), MASKED, scores), -1);
      const context = np.einsum("bnij,jbnd->ibnd", weights, values).reshape([R, inner]);
      const sum = x.add(drop(linear(context, w(`${layer}.o_net.weight`))));
      return normed(sum, w(`${layer}.layer_norm.weight`), w(`${layer}.layer_norm.bias`));
    };

    const network = (x: JaxArray, layer: string) => {
      const [first, second] = [`${layer}.CoreNet.0`, `${layer}.CoreNet.3`];
      const hidden = linear(x.ref, w(`${first}.weight`)).add(w(`${first}.bias`));
      const out = linear(drop(nn.relu(hidden)), w(`${second}.weight`)).add(w(`${second}.bias`));
      const { [`${layer}.layer_norm.weight`]: weight, [`${layer}.layer_norm.bias`]: bias } =
        parameters;
      return normed(x.add(drop(out)), weight!.ref, bias!.ref);
    };

    /** Mean loss in nats of hidden states [R, D]. */
    const lossOf = (hidden: JaxArray) => {
      const edges = [0, ...cutoffs, vocabSize];
      const tails = edges.length - 2;
      const bias = () => w("crit.out_layers_biases.0");
      const chosen = (logits: JaxArray, column: JaxArray) => {
        const columns = np.arange(0, logits.shape[1]!).reshape([1, logits.shape[1]!]);
        const isChosen = np.equal(columns, column.reshape([R, 1]));
        return np.where(isChosen, logits, 0).sum(1);
      };
      const logitsOf = (start: number, end: number) =>
        linear(hidden.ref, table().slice([start, end])).add(bias().slice([start, end]));
      let head = logitsOf(0, edges[1]!);
      if (tails > 0) {
        const more = linear(hidden.ref, w("crit.cluster_weight")).add(w("crit.cluster_bias"));
        head = np.concatenate([head, more], 1);
      }
      const columns = edges[1]! + tails;
      let losses = nn.logsumexp(head.ref, 1);
      let column = targets.ref;
      for (let i = 1; i <= tails; i++) {
        const isIn = () => np.greaterEqual(targets.ref, edges[i]!);
        column = np.where(isIn(), columns - i, column);
      }
      losses = losses.sub(chosen(head, column));
      for (let i = 1; i <= tails; i++) {
        const [start, stop] = [edges[i]!, edges[i + 1]!];
        const logits = logitsOf(start, stop);
        const own = nn.logsumexp(logits.ref, 1).sub(chosen(logits, targets.ref.sub(start)));
        const above = np.where(np.greaterEqual(targets.ref, start), own, 0);
        losses = losses.add(np.where(np.less(targets.ref, stop), above, 0));
      }
      hidden.dispose();
      targets.dispose();
      return losses.mean();
    };

    const following: JaxArray[] = [];
    let x = drop(embedded(ids, table()).mul(Math.sqrt(D)));
    const r = drop(positions);
    for (let i = 0; i < nLayer; i++) {
      const memory = memories[i]!;
      const rows = np.concatenate([memory.ref, x.ref.reshape([T, B, D])], 0);
      following.push(lax.stopGradient(rows.slice([T, K])));
      const attended = attention(x, memory, r.ref, `layers.${i}.dec_attn`);
      x = network(attended, `layers.${i}.pos_ff`);
    }
    r.dispose();
    mask.dispose();
    const loss = lossOf(drop(x));
    end();
    for (const array of Object.values(parameters)) array.dispose();
    return [loss, following];
  };
}
