/**
 * The scorers by `--type`.
 *
 * @module
 */
import type { LengthSettings, Model } from "@transformer-xl/model";
import { PlanScorer } from "./plan_scorer.ts";
import type { Scorer } from "./scorer.ts";

/** How a scorer is opened. */
type OpenScorer = (model: Model, lengths: LengthSettings) => Promise<Scorer>;

const SCORERS = {
  plan: PlanScorer.open,
  pytorch: PlanScorer.open, // the reference's name of its default
} as const satisfies Readonly<Record<string, OpenScorer>>;

/** Value of `--type`. */
export type ScorerType = keyof typeof SCORERS;

/** Values of `--type`. */
export const SCORER_TYPES = Object.keys(SCORERS) as [ScorerType, ...ScorerType[]];

/**
 * Opens a scorer.
 *
 * @throws {DeviceError} when memory is short
 */
export function openScorer(
  type: ScorerType,
  model: Model,
  lengths: LengthSettings,
): Promise<Scorer> {
  return SCORERS[type](model, lengths);
}
