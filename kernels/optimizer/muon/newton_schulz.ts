/**
 * Orthogonalisation of a batch of matrices by Newton-Schulz steps:
 *
 *     X = a X + b (X X^T) X + c (X X^T)^2 X,   (a, b, c) = (3.4445, -4.7750, 2.0315)
 *
 * Five steps bring the singular values of a matrix of norm 1 near 1: to about 0.7 to 1.2, except
 * for those below 1e-3. The coefficients, which favour speed at zero over convergence, are those of
 * Jordan et al. 2024. A tall matrix is multiplied from the right by the polynomial in X^T X, which
 * is the same. Products are float32, where the original rounds to bfloat16.
 *
 * @module
 */
import { launchElementwise, type Recorder, type Tensor } from "@transformer-xl/runtime/core";
import { launchMatmul } from "../../matmul/mod.ts";
import { POLYNOMIAL } from "./kernels.ts";

const STEPS = 5;
const [UNIT, LINEAR, SQUARE] = [3.4445, -4.7750, 2.0315];

/** Shape of a batch of matrices. */
export interface BatchShape {
  /** Rows of each matrix. */
  readonly rows: number;
  /** Columns of each matrix. */
  readonly columns: number;
  /** Matrices. */
  readonly count: number;
}

/**
 * Records the steps.
 *
 * @param x [count, rows, columns], each of norm 1 at most; overwritten
 * @returns [count, rows, columns]
 */
export function recordNewtonSchulz(
  rec: Recorder,
  x: Tensor,
  { rows, columns, count }: BatchShape,
): Tensor {
  const isTall = rows > columns;
  const side = Math.min(rows, columns);
  const gram = rec.temporary([count, side, side], "f32", "muon.gram");
  const polynomial = rec.temporary([count, side, side], "f32", "muon.polynomial");
  const [ofMatrix, ofGram] = [[rows * columns, 0], [side * side, 0]] as const;
  const batch = { outer: count, inner: 1 };
  const flops = 2 * count * side * (2 * rows * columns + side * side);
  const bytes = 4 * count * (4 * rows * columns + 6 * side * side);
  let [from, to] = [x, rec.temporary(x.shape, "f32", "muon.orthogonal")];
  for (let step = 0; step < STEPS; step++) {
    rec.node("newton_schulz", { cost: { flops, bytes } }, () => {
      launchMatmul(rec, {
        form: isTall ? "TN" : "NT",
        a: from,
        b: from,
        c: gram,
        M: side,
        N: side,
        K: Math.max(rows, columns),
        batch: { ...batch, a: ofMatrix, b: ofMatrix, c: ofGram },
      });
      launchMatmul(rec, {
        form: "NN",
        a: gram,
        b: gram,
        c: polynomial,
        M: side,
        N: side,
        K: side,
        alpha: SQUARE,
        batch: { ...batch, a: ofGram, b: ofGram, c: ofGram },
      });
      const coefficients = { side, linear: LINEAR, unit: UNIT };
      launchElementwise(rec, POLYNOMIAL, { gram, square: polynomial }, gram.size, coefficients);
      launchMatmul(rec, {
        form: "NN",
        a: isTall ? from : polynomial,
        b: isTall ? polynomial : from,
        c: to,
        M: rows,
        N: columns,
        K: side,
        batch: {
          ...batch,
          a: isTall ? ofMatrix : ofGram,
          b: isTall ? ofGram : ofMatrix,
          c: ofMatrix,
        },
      });
    });
    [from, to] = [to, from];
  }
  return from;
}
