/**
 * Sharing of the keys of fused attention's derivative among workgroups.
 *
 * @module
 */
import type { DeviceLimits } from "@transformer-xl/runtime/core";
import type { Geometry } from "../../geometry.ts";
import { backwardPlan, blocksOf } from "../plan.ts";

/** How the keys of a batch column and head are shared by workgroups. */
export interface KeyParts {
  /** Workgroups along the keys. */
  readonly parts: number;
  /** Blocks of keys of one of them. */
  readonly blocks: number;
}

/** Workgroups that run at once on the largest GPU of a family, two on a core. */
const RESIDENT: Readonly<Record<DeviceLimits["adapterClass"], number>> = {
  ...{ cpu: 2, nvidia: 264, amd: 192, intel: 40, apple: 80, unknown: 64 },
};

/** As many parts as occupy the device: each has sums of its own. */
export function keyParts(
  limits: Pick<DeviceLimits, "adapterClass">,
  { B, N, H, K }: Pick<Geometry, "B" | "N" | "H" | "K">,
): KeyParts {
  const { keys, columns } = blocksOf(backwardPlan(limits, { H }, NO_SCORES));
  const all = Math.ceil(K / keys);
  const others = B * N * Math.ceil(H / columns);
  const wanted = Math.min(all, Math.max(1, Math.round(RESIDENT[limits.adapterClass] / others)));
  const blocks = Math.ceil(all / wanted);
  return { parts: Math.ceil(all / blocks), blocks };
}

const NO_SCORES = { positions: false, distanceBias: false, mask: "none" } as const;

/** Elements of the largest array of the derivative, in float32. */
export function largestSums(
  limits: Pick<DeviceLimits, "adapterClass">,
  geometry: Geometry,
  hasPositions: boolean,
): number {
  const { B, N, H, Q, K } = geometry;
  const { parts } = keyParts(limits, geometry);
  return parts * B * N * H * (hasPositions ? Math.max(2 * Q, K) : Q);
}
