/**
 * Learned tables of positions, `r_emb` and its like: one parameter [L, R, ...] holds those of all
 * layers, and row R - 1 - d stands for distance d.
 *
 * @module
 */
import type { Init, PackedParameter, ParameterStore, Shape } from "@transformer-xl/runtime/core";
import type { ModelConfig } from "../config.ts";
import { COMPAT_RULES } from "../settings/compat.ts";

/** Declares a parameter [L, ...shape] and packs each layer alone, [1, ...shape]. */
export function layerTables(
  store: ParameterStore,
  { nLayer }: ModelConfig,
  name: string,
  shape: Shape,
  init: Init,
): readonly PackedParameter[] {
  const parameter = store.declare(name, [nLayer, ...shape], init);
  return Array.from(
    { length: nLayer },
    (_, l) => store.pack(`${name}.${l}`, [{ parameter, from: l, to: l + 1 }]),
  );
}

/**
 * The largest distance with a row of its own; larger ones read the same row. `clampLen` lowers it.
 * The reference counts rows instead of distances in kind 1, and clamps nothing in kind 3.
 */
export function largestLearnedDistance(
  { attnType, clampLen, positionRows, compat }: Pick<
    ModelConfig,
    "attnType" | "clampLen" | "positionRows" | "compat"
  >,
): number {
  const farthest = positionRows - 1;
  if (clampLen <= 0) return farthest;
  if (COMPAT_RULES[compat].clampsEveryKind) return Math.min(farthest, clampLen);
  return attnType === 3 ? farthest : Math.min(farthest, clampLen - 1);
}
