/**
 * Requests of signals (stop, save) and their distribution to all ranks.
 *
 * @module
 */
import type { ProcessGroup } from "@transformer-xl/runtime";

/** Nothing, or to save and go on, or to save and stop. */
export type RunRequest = "none" | "save" | "stop";

/** One stop counts more than a save of every process of the largest group. */
const WEIGHTS: Readonly<Record<RunRequest, number>> = { none: 0, save: 1, stop: 2 ** 20 };

/** The number that travels with gradients, of which the group computes the mean. */
export function encodeRequest(request: RunRequest): number {
  return WEIGHTS[request];
}

/** What any process of a group of `size` wants, from the mean of their numbers. */
export function decodeRequest(mean: number, size: number): RunRequest {
  const sum = mean * size;
  if (sum > WEIGHTS.stop / 2) return "stop";
  return sum > WEIGHTS.save / 2 ? "save" : "none";
}

/**
 * What any process of the group wants: the same answer everywhere.
 *
 * @throws {GroupError} when another process is gone
 */
export async function agree(group: ProcessGroup, own: RunRequest): Promise<RunRequest> {
  if (group.size === 1) return own;
  const parts = await group.allGather(Uint8Array.of(own === "stop" ? 2 : own === "save" ? 1 : 0));
  const most = Math.max(...parts.map((part) => part[0]!));
  return (["none", "save", "stop"] as const)[most]!;
}
