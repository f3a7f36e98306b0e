/**
 * A training step in jax-js: gradients, clipping, and LAMB (You et al. 2020) without bias correction,
 * with norms of weights up to 10.
 *
 * @module
 */
import type { Jax, JaxArray, Named } from "./jax_api.ts";
import type { Forward, SegmentArrays } from "./model.ts";

const RATE = 1e-3;
const [FIRST, SECOND] = [0.9, 0.999];
const EPSILON = 1e-6;
const CLIP = 0.25;
const MAX_WEIGHT_NORM = 10;

/** What a step changes. */
export type TrainState = {
  /** Parameters by name. */
  readonly parameters: Named;
  /** Their first moments. */
  readonly means: Named;
  /** Their second moments. */
  readonly squares: Named;
};

/** A training step. */
export type TrainingStep = (
  state: TrainState,
  segment: SegmentArrays,
  key: JaxArray,
) => {
  readonly loss: JaxArray;
  readonly memories: readonly JaxArray[];
  readonly state: TrainState;
};

/** Gradients and update of a forward pass, as one recording. */
export function trainingStep(jax: Jax, forward: Forward): TrainingStep {
  const { numpy: np } = jax;
  const norm = (x: JaxArray) => np.sqrt(np.square(x).sum());
  const gradient = jax.valueAndGrad(forward, { hasAux: true });
  return jax.jit((state: TrainState, segment: SegmentArrays, key: JaxArray) => {
    const { parameters, means, squares } = state;
    const [[loss, memories], gradients] = gradient(jax.tree.ref(parameters), segment, key);
    const names = Object.keys(parameters);
    const total = np.sqrt(
      names.map((name) => np.square(gradients[name]!.ref).sum()).reduce((a, b) => a.add(b)),
    );
    const scale = np.minimum(
      np.array(Float32Array.of(CLIP), {
        shape: [],
        dtype: np.float32,
      }).div(total.add(EPSILON)),
      1,
    );
    const next = names.map((name) => {
      const g = gradients[name]!.mul(scale.ref);
      const mean = means[name]!.mul(FIRST).add(g.ref.mul(1 - FIRST));
      const square = squares[name]!.mul(SECOND).add(np.square(g).mul(1 - SECOND));
      const update = mean.ref.div(np.sqrt(square.ref).add(EPSILON));
      const weight = np.minimum(norm(parameters[name]!.ref), MAX_WEIGHT_NORM);
      const size = norm(update.ref);
      const isTrusted = np.greater(weight.ref.mul(size.ref), 0);
      const trust = np.where(isTrusted, weight.div(size), 1);
      const parameter = parameters[name]!.sub(update.mul(trust.mul(RATE)));
      return { name, parameter, mean, square };
    });
    scale.dispose();
    const named = (part: (of: typeof next[number]) => JaxArray) =>
      Object.fromEntries(next.map((of) => [of.name, part(of)]));
    return {
      loss,
      memories,
      state: {
        parameters: named(({ parameter }) => parameter),
        means: named(({ mean }) => mean),
        squares: named(({ square }) => square),
      },
    };
  });
}
