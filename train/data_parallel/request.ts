/**
 * Requests of signals (stop, save) and their distribution to all ranks.
 *
 * @module
 */
import type { ProcessGroup } from "@transformer-xl/runtime";

/** A request: nothing, save and continue, or save and stop. */
export type RunRequest = "none" | "save" | "stop";

/** One stop outweighs saves of all ranks of the largest group. */
const WEIGHTS: Readonly<Record<RunRequest, number>> = { none: 0, save: 1, stop: 2 ** 20 };

/** The number sent with the gradients, which the group averages. */
export function encodeRequest(request: RunRequest): number {
  return WEIGHTS[request];
}

/** The combined request of `size` ranks, from the mean of their numbers. */
export function decodeRequest(mean: number, size: number): RunRequest {
  const sum = mean * size;
  if (sum > WEIGHTS.stop / 2) return "stop";
  return sum > WEIGHTS.save / 2 ? "save" : "none";
}

/**
 * The combined request, equal on all ranks.
 *
 * @throws {GroupError} when another rank has ended
 */
export async function agree(group: ProcessGroup, own: RunRequest): Promise<RunRequest> {
  if (group.size === 1) return own;
  const parts = await group.allGather(Uint8Array.of(own === "stop" ? 2 : own === "save" ? 1 : 0));
  const most = Math.max(...parts.map((part) => part[0]!));
  return (["none", "save", "stop"] as const)[most]!;
}
