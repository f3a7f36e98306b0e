/**
 * Numbers of all ranks.
 *
 * @module
 */
import type { ProcessGroup } from "./process_group.ts";

/**
 * The numbers of every process, by rank; all give equally many.
 *
 * @throws {GroupError} when another rank has ended
 */
export async function gatherNumbers(
  group: ProcessGroup,
  own: ArrayLike<number>,
): Promise<Float64Array<ArrayBuffer>[]> {
  const numbers = Float64Array.from(own);
  if (group.size === 1) return [numbers];
  const parts = await group.allGather(new Uint8Array(numbers.buffer));
  return parts.map((bytes) => new Float64Array(bytes.slice().buffer)); // aligned
}
