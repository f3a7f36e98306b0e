/**
 * The nearest name to a mistyped one, for error messages.
 *
 * @module
 */

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replaced, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, beforeLast[j - 2]! + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/**
 * The candidate nearest to a name: one that begins with it, or else the one with the least edit
 * distance, provided that less than half of the name would change.
 *
 * @returns `undefined` when none is near
 *
 * @example
 * ```ts
 * import { nearestName } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(nearestName("n_layers", ["n_head", "n_layer"]), "n_layer");
 * assertEquals(nearestName("warmup", ["vocab", "warmup_step"]), "warmup_step");
 * assertEquals(nearestName("zzz", ["n_head", "n_layer"]), undefined);
 * ```
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = name.length / 2;
  for (const candidate of candidates) {
    const extended = name.length >= 3 && candidate.startsWith(name);
    const distance = extended ? 0.5 : editDistance(name, candidate);
    if (distance < least || (distance === least && nearest === undefined)) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}
