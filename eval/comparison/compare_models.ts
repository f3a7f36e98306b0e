/**
 * Comparison of two checkpoints on the same text, unit by unit: segments of a text, or lines.
 *
 * @module
 */
import { DataError, fixed, quoted } from "@transformer-xl/runtime";
import { bitsPerCharacter } from "../metrics.ts";
import {
  LEVEL,
  type LossDifference,
  pairedBootstrap,
  type PairedLoss,
  RESAMPLES,
} from "./bootstrap.ts";

/** Loss of a unit of text. */
export interface UnitLoss {
  /** Its losses together, in nats. */
  readonly nats: number;
  /** Scored tokens; 0 for a line that cannot be scored. */
  readonly tokens: number;
  /** Nats and characters of its whole raw text, for lines: tokens that are not scored count too. */
  readonly raw?: { readonly nats: number; readonly characters: number };
}

/** A text that a model has scored. */
export interface EvaluatedText {
  /** Name in results. */
  readonly name: string;
  /** Segments or lines, in order. */
  readonly units: readonly UnitLoss[];
}

/** A model that has scored texts. */
export interface EvaluatedModel {
  /** Path of its checkpoint. */
  readonly source: string;
  /** Fingerprint of its symbols. */
  readonly fingerprint: string;
  /** Digests of the texts by name. */
  readonly digests: Readonly<Record<string, string>>;
  /** The texts. */
  readonly texts: readonly EvaluatedText[];
}

/** The result of a comparison on one text. */
export interface Comparison extends LossDifference {
  /** Name of the text. */
  readonly split: string;
  /** What losses are divided by: tokens if both models have the same, else characters. */
  readonly per: "token" | "character";
  /** What was resampled. */
  readonly unit: "segment" | "line";
  /** Their number. */
  readonly units: number;
  /** Loss of the first model in nats per token or character. */
  readonly first: number;
  /** Loss of the second. */
  readonly second: number;
}

/** A model by its checkpoint and symbols. */
type NamedModel = Pick<EvaluatedModel, "source" | "fingerprint">;

/**
 * Checks that the segments of two models are those of the same symbols, before the first scores
 * anything.
 *
 * @throws {DataError} when they are not
 */
export function checkSymbols(first: NamedModel, second: NamedModel): void {
  if (first.fingerprint === second.fingerprint) return;
  throw new DataError(
    `Cannot compare ${namesOf(first, second)} by segments: they have different symbols, so ` +
      "segments are not the same text",
    { need: "lines, which are compared per character" },
  );
}

/**
 * Checks that two models score the same text, before the second scores anything.
 *
 * @param second without its results
 * @throws {DataError} when they do not
 */
export function checkTexts(first: EvaluatedModel, second: Omit<EvaluatedModel, "texts">): void {
  if (JSON.stringify(first.digests) === JSON.stringify(second.digests)) return;
  throw new DataError(
    `Cannot compare ${namesOf(first, second)}: they were trained on different texts`,
    { need: "the name of the text" },
  );
}

function namesOf(first: NamedModel, second: NamedModel): string {
  return `${quoted(first.source)} and ${quoted(second.source)}`;
}

/**
 * Compares two models on every text.
 *
 * @throws {DataError} when they have scored different segments, or there are fewer than two
 */
export function compareModels(
  first: EvaluatedModel,
  second: EvaluatedModel,
  { seed, isOfLines }: { readonly seed: number; readonly isOfLines: boolean },
): Comparison[] {
  const per = first.fingerprint === second.fingerprint ? "token" : "character";
  const unit = isOfLines ? "line" : "segment";
  return first.texts.map(({ name, units }, n) => {
    const others = second.texts[n]!.units;
    const pairs = pairsOf(units, others, per);
    if (units.length !== others.length || pairs === undefined) {
      throw new DataError(
        `Cannot compare on the ${name} text: the models scored different segments of it`,
        { need: "the same version of the reference" },
      );
    }
    if (pairs.length < 2) {
      throw new DataError(
        `Cannot compare on ${pairs.length} ${unit} of the ${name} text: an interval needs at least 2`,
        { need: "more text, a shorter memory or a smaller batch" },
      );
    }
    const weight = pairs.reduce((sum, pair) => sum + pair.weight, 0);
    return {
      ...{ split: name, per, unit, units: pairs.length },
      first: pairs.reduce((sum, pair) => sum + pair.first, 0) / weight,
      second: pairs.reduce((sum, pair) => sum + pair.second, 0) / weight,
      ...pairedBootstrap(pairs, { seed }),
    };
  });
}

/** Losses of the units that both models score; undefined where tokens differ that must not. */
function pairsOf(
  units: readonly UnitLoss[],
  others: readonly UnitLoss[],
  per: Comparison["per"],
): PairedLoss[] | undefined {
  const pairs: PairedLoss[] = [];
  for (const [i, own] of units.entries()) {
    const other = others[i];
    if (other === undefined || own.tokens === 0 || other.tokens === 0) continue;
    if (per === "token") {
      if (own.tokens !== other.tokens) return undefined;
      pairs.push({ first: own.nats, second: other.nats, weight: own.tokens });
    } else {
      const { characters } = own.raw!;
      pairs.push({ first: own.raw!.nats, second: other.raw!.nats, weight: characters });
    }
  }
  return pairs;
}

/** The lines of a comparison. */
export function comparisonLines(
  { split, per, unit, units, first, second, difference, low, high }: Comparison,
  { seed, names: [a, b] }: { readonly seed: number; readonly names: readonly [string, string] },
): string[] {
  const [value, name] = per === "token"
    ? [(nats: number) => nats, "nats per token"]
    : [bitsPerCharacter, "bits per character"];
  const shown = (nats: number) => fixed(value(nats), 0, 5);
  const verdict = high < 0 ? "B is better" : low > 0 ? "A is better" : "no clear difference";
  const differ = per === "token" ? "" : ", per character because the symbols differ";
  return [
    `compare ${split} : A ${quoted(a)} ${shown(first)}, B ${quoted(b)} ${shown(second)} ${name}`,
    `compare ${split} : B - A ${shown(difference)} ${name}, ${LEVEL} % interval ${shown(low)} to ` +
    `${shown(high)}, ${verdict} (paired bootstrap, ${units} ${unit}s, ${RESAMPLES} resamples, ` +
    `seed ${seed}${differ})`,
  ];
}
