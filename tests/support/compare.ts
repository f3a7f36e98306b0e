/**
 * Comparison of arrays that reports index, got and want of the worst three elements.
 *
 * @module
 */
import { AssertionError } from "@std/assert";
import type { HostArray } from "@transformer-xl/runtime";

/** Largest magnitude of an array; 0 when empty. */
export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}

/** Largest difference relative to the largest wanted value; Infinity when one is not a number. */
export function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let error = 0;
  for (let i = 0; i < want.length; i++) {
    const difference = Math.abs(got[i]! - want[i]!);
    if (Number.isNaN(difference)) return Infinity;
    error = Math.max(error, difference);
  }
  const scale = largest(want);
  return error === 0 ? 0 : scale === 0 ? error : error / scale;
}

/** Throws unless every element is within `tolerance` (absolute) of the wanted one. */
export function assertClose(
  got: HostArray,
  want: HostArray,
  tolerance: number,
  what: string,
): void {
  if (got.length !== want.length) {
    throw new AssertionError(`${what}: ${got.length} elements, wanted ${want.length}`);
  }
  const wrong: { i: number; difference: number }[] = [];
  for (let i = 0; i < want.length; i++) {
    const difference = Math.abs(got[i]! - want[i]!);
    if (!(difference <= tolerance)) wrong.push({ i, difference });
  }
  if (wrong.length === 0) return;
  wrong.sort((a, b) => (Number.isNaN(a.difference) ? -1 : b.difference - a.difference));
  const lines = wrong.slice(0, 3).map(({ i, difference }) =>
    `  [${i}] got ${got[i]}, want ${want[i]}, ` +
    `difference ${difference.toExponential(2)}, ${ulps(got[i]!, want[i]!)} ulps`
  );
  throw new AssertionError(
    `${what}: ${wrong.length} of ${want.length} elements differ by more than ${
      tolerance.toExponential(2)
    }\n${lines.join("\n")}`,
  );
}

/** Distance in float32 steps. */
function ulps(a: number, b: number): number {
  const bits = new Int32Array(Float32Array.of(a, b).buffer);
  const [x, y] = [bits[0]!, bits[1]!].map((v) => v < 0 ? 0x80000000 - v : v) as [number, number];
  return Math.abs(x - y);
}
