/**
 * Filters of the distribution of the next token. Each works on weights: unnormalised probabilities,
 * 0 for tokens that are left out. Tokens of equal weight are ordered by id.
 *
 * @module
 */

/** Most weights that are selected by insertion, which is faster than sorting where few are kept. */
const MAX_INSERTED = 1024;

/**
 * Makes tokens that have occurred less probable (Keskar et al. 2019): their log-probabilities are
 * multiplied by `penalty`, so that a probability p becomes proportional to p to that power.
 *
 * @param logProbabilities [V] in nats, changed in place
 * @param penalty 1 changes nothing
 */
export function penalize(
  logProbabilities: Float64Array,
  occurred: ReadonlySet<number>,
  penalty: number,
): void {
  if (penalty === 1) return;
  for (const id of occurred) {
    if (id < logProbabilities.length) logProbabilities[id]! *= penalty;
  }
}

/**
 * Keeps the `count` largest weights (Fan et al. 2018).
 *
 * @param weights [V], changed in place
 */
export function keepTopK(weights: Float64Array, count: number): void {
  if (count >= weights.length) return;
  const isSorted = count > MAX_INSERTED;
  keepOnly(
    weights,
    isSorted ? weights.toSorted().subarray(-count) : largestByInsertion(weights, count),
  );
}

/**
 * Keeps the smallest number of largest weights whose share of the sum is at least `share` (nucleus,
 * Holtzman et al. 2020).
 *
 * @param weights [V], changed in place
 * @param share above 0; 1 changes nothing
 */
export function keepTopP(weights: Float64Array, share: number): void {
  if (share >= 1) return;
  const wanted = share * sum(weights);
  // Only the largest weights that are certainly enough are sorted.
  let bound = largestOf(weights);
  while (sum(weights, bound) < wanted) bound /= 8;
  const candidates = weights.filter((weight) => weight >= bound).sort();
  let count = 0;
  for (let kept = 0; kept < wanted && count < candidates.length; count++) {
    kept += candidates.at(-1 - count)!;
  }
  keepOnly(weights, candidates.subarray(-Math.max(1, count)));
}

/**
 * Keeps weights of at least `share` of the largest (Nguyen et al. 2024).
 *
 * @param weights [V], changed in place
 * @param share 0 changes nothing
 */
export function keepMinP(weights: Float64Array, share: number): void {
  if (share <= 0) return;
  const least = share * largestOf(weights);
  for (let id = 0; id < weights.length; id++) if (weights[id]! < least) weights[id] = 0;
}

/** The sum of all weights of at least `bound`, in the order of ids. */
export function sum(weights: Float64Array, bound = 0): number {
  let total = 0;
  for (let id = 0; id < weights.length; id++) if (weights[id]! >= bound) total += weights[id]!;
  return total;
}

function largestOf(weights: Float64Array): number {
  let largest = 0;
  for (let id = 0; id < weights.length; id++) largest = Math.max(largest, weights[id]!);
  return largest;
}

/** Keeps these largest weights, in ascending order; of equal ones those of the smallest ids. */
function keepOnly(weights: Float64Array, largest: Float64Array): void {
  const smallest = largest[0]!;
  let equal = 0;
  while (largest[equal] === smallest) equal++;
  for (let id = 0; id < weights.length; id++) {
    const weight = weights[id]!;
    if (weight > smallest || weight === smallest && equal-- > 0) continue;
    weights[id] = 0;
  }
}

/** The `count` largest weights in ascending order. */
function largestByInsertion(weights: Float64Array, count: number): Float64Array {
  const largest = new Float64Array(count).fill(-1); // below any weight
  for (let id = 0; id < weights.length; id++) {
    const weight = weights[id]!;
    if (weight <= largest[0]!) continue;
    let at = 1;
    while (at < count && largest[at]! < weight) at++;
    largest.copyWithin(0, 1, at);
    largest[at - 1] = weight;
  }
  return largest;
}
