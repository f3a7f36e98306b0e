/**
 * Losses of one row as plain float64 formulas, independent of kernels.
 *
 * @module
 */

/** `-log softmax(logits)[target]`. */
export function plainLoss(logits: ArrayLike<number>, target: number): number {
  return Math.log(partition(logits)) - logits[target]!;
}

/** Sum of the exponentials of logits. */
export function partition(logits: ArrayLike<number>): number {
  return Array.from(logits, Math.exp).reduce((sum, value) => sum + value, 0);
}

/** Loss of a softmax over the target and sampled words, with its gradient by word. */
export function sampledLoss(
  logits: ArrayLike<number>,
  target: number,
  samples: Iterable<number>,
  logExpected: ArrayLike<number>,
): { readonly nll: number; readonly gradient: ReadonlyMap<number, number> } {
  const words = [target, ...[...samples].filter((id) => id !== target)];
  const corrected = words.map((id) => logits[id]! - logExpected[id]!);
  const sum = partition(corrected);
  const gradient = words.map((id, i) =>
    [id, Math.exp(corrected[i]!) / sum - (id === target ? 1 : 0)] as const
  );
  return { nll: plainLoss(corrected, 0), gradient: new Map(gradient) };
}
