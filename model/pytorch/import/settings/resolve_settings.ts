/**
 * The configuration of an imported model: from its tensors, from what its file states, and from the
 * user. Settings that change its numbers are never guessed.
 *
 * @module
 */
import {
  ConfigError,
  flagName,
  type Need,
  parseGuardedJson,
  quoted,
} from "@transformer-xl/runtime";
import { firstIssue } from "../../../checkpoint/checkpoint_checks.ts";
import { type ModelConfig, modelConfigSchema } from "../../../config.ts";
import type { Compat } from "../../../settings/compat.ts";
import { assertCutoffs } from "../../../text/vocabulary/cutoffs.ts";
import { areDivided, type DerivedSettings, derivedSettings, tiesOf } from "./derived_settings.ts";
import type { SourceModel } from "../find_model.ts";
import { cannotImport } from "../import_error.ts";
import type { StatedSettings } from "./stated_settings.ts";

/** Settings that the user may give; null, or no cut-offs, where the file tells. */
export interface GivenSettings {
  readonly compat: Compat | null;
  readonly nHead: number | null;
  readonly cutoffs: readonly number[];
  readonly preLnorm: boolean | null;
  readonly sameLength: boolean | null;
  readonly clampLen: number | null;
  readonly dropout: number | null;
  readonly dropatt: number | null;
}

/** Something that neither the file nor the user tells. */
export interface MissingFact {
  /** Its name in a sentence. */
  readonly name: string;
  /** What the user does about it. */
  readonly need: Need;
}

/** A configuration, and what it lacks. */
export interface ResolvedSettings {
  /** The configuration; undefined where something is missing. */
  readonly config: ModelConfig | undefined;
  /** What is missing. */
  readonly missing: readonly MissingFact[];
}

/** Settings that the tensors tell, and that must not be stated otherwise. */
const FIXED = [
  ...["nLayer", "nToken", "dModel", "dInner", "dEmbed", "attnType", "nHead", "dHead"] as const,
];

const CONFIG_JSON = { depth: 8, values: 100_000 };

/** Initialisation is done; a model extended by symbols draws their rows with these, the defaults. */
const INITIALISATION = {
  init: "normal",
  initRange: 0.1,
  initStd: 0.02,
  embInit: null,
  embInitRange: null,
  projInitStd: 0.01,
} as const;

/**
 * The configuration of a model.
 *
 * @throws {CheckpointError} When the file contradicts itself
 * @throws {ConfigError} When the user contradicts it
 */
export async function resolveSettings(
  path: string,
  source: SourceModel,
  given: GivenSettings,
): Promise<ResolvedSettings> {
  const { config: json, tensors, stated } = source;
  if (json !== undefined) return { config: ownConfig(path, json, given), missing: [] };
  const derived = derivedSettings(path, tensors);
  checkStated(path, derived, stated);
  const heads = headsOf(path, derived, stated, given.nHead);
  const cutoffs = cutoffsOf(path, derived, stated, given.cutoffs);
  const facts = {
    preLnorm: agreed(path, "pre_lnorm", stated.preLnorm, given.preLnorm),
    sameLength: given.sameLength ?? stated.sameLength,
    clampLen: given.clampLen ?? stated.clampLen,
  };
  const missing: MissingFact[] = [
    ...when(heads === undefined, "its attention heads", "heads of an imported model"),
    ...when(cutoffs === undefined, "its cut-offs", "cut-offs of an imported model"),
    ...when(facts.preLnorm === undefined, "pre_lnorm", "layer norms of an imported model"),
    ...when(facts.sameLength === undefined, "same_length", "the same length of an imported model"),
    ...when(facts.clampLen === undefined, "clamp_len", "clamped distances of an imported model"),
  ];
  if (heads === undefined || cutoffs === undefined || missing.length > 0) {
    return { config: undefined, missing };
  }
  const ties = await tiesOf(tensors, derived, cutoffs.length + 1);
  const hasProjections = derived.divVal > 1 || derived.dEmbed !== derived.dModel;
  const { nToken, nLayer, dModel, dInner, dEmbed, divVal, attnType, untieR } = derived;
  const parsed = modelConfigSchema.safeParse({
    ...{ nToken, nLayer, dModel, dInner, dEmbed, divVal, attnType, untieR, cutoffs },
    ...{ nHead: heads, dHead: derived.headWidth / heads, positionRows: derived.positionRows },
    ...facts,
    ...INITIALISATION,
    tieWeight: tied(path, "tie_weight", stated.tieWeight, ties.tieWeight),
    tieProjs: hasProjections
      ? ties.tieProjs.map((isTied, i) => tied(path, "tie_projs", stated.tieProjs?.[i], isTied))
      : ties.tieProjs.map((_, i) => stated.tieProjs?.[i] ?? i > 0),
    dropout: given.dropout ?? stated.dropout ?? 0,
    dropatt: given.dropatt ?? stated.dropatt ?? 0,
    compat: given.compat ?? source.compat,
  });
  if (!parsed.success) throw cannotImport(path, `in its model, ${firstIssue(parsed.error)}`);
  return { config: parsed.data, missing };
}

function when(isMissing: boolean, name: string, need: Need): MissingFact[] {
  return isMissing ? [{ name, need }] : [];
}

/** The configuration that `deno task export` wrote, with what does not shape the weights as given. */
function ownConfig(path: string, json: string, given: GivenSettings): ModelConfig {
  let value: unknown;
  try {
    value = parseGuardedJson(json, CONFIG_JSON);
  } catch (error) {
    throw cannotImport(path, `its model ${(error as Error).message}`);
  }
  const parsed = modelConfigSchema.safeParse(value);
  if (!parsed.success) throw cannotImport(path, `in its model, ${firstIssue(parsed.error)}`);
  const { nHead, preLnorm, cutoffs, divVal } = parsed.data;
  agreed(path, "n_head", nHead, given.nHead);
  agreed(path, "pre_lnorm", preLnorm, given.preLnorm);
  if (given.cutoffs.length > 0) {
    cutoffsOf(path, { divVal, cutoffs, nToken: NaN, tails: 0 }, {}, given.cutoffs);
  }
  const { sameLength, clampLen, dropout, dropatt, compat } = given;
  return {
    ...parsed.data,
    ...(sameLength !== null && { sameLength }),
    ...(clampLen !== null && { clampLen }),
    ...(dropout !== null && { dropout }),
    ...(dropatt !== null && { dropatt }),
    ...(compat !== null && { compat }),
  };
}

/** Compares what is stated with what the tensors tell. */
function checkStated(path: string, derived: DerivedSettings, stated: StatedSettings): void {
  const differs = (key: string, said: unknown, is: unknown) =>
    cannotImport(path, `it states ${flagName(key)} ${said}, its tensors have ${is}`);
  for (const key of FIXED) {
    const [said, is] = [stated[key], derived[key]];
    if (said !== undefined && is !== undefined && said !== is) throw differs(key, said, is);
  }
  const { cutoffs, widths, tails } = derived;
  if (cutoffs && stated.cutoffs && cutoffs.join() !== stated.cutoffs.join()) {
    throw differs("cutoffs", `[${stated.cutoffs}]`, `[${cutoffs}]`);
  }
  if (stated.divVal !== undefined && !areDivided(widths, stated.divVal)) {
    throw differs("divVal", stated.divVal, `tables of the widths [${widths}]`);
  }
  const ties = stated.tieProjs?.length ?? Infinity;
  if (widths.length > 1 && ties <= tails) {
    throw differs("tieProjs", `[${stated.tieProjs}]`, `${tails + 1} clusters`);
  }
}

/** The number of heads; undefined if nothing tells it. */
function headsOf(
  path: string,
  { nHead, dHead, headWidth }: DerivedSettings,
  stated: StatedSettings,
  given: number | null,
): number | undefined {
  const heads = agreed(path, "n_head", nHead ?? stated.nHead, given);
  if (heads === undefined) return undefined;
  const width = dHead ?? stated.dHead ?? headWidth / heads;
  if (heads * width === headWidth && Number.isInteger(width)) return heads;
  const problem = `the width ${headWidth} of its attention is not that of ${heads} heads`;
  if (given === null) throw cannotImport(path, problem);
  throw new ConfigError(`Cannot import ${quoted(path)}: ${problem}; give their number`);
}

/** The cut-offs; undefined if nothing tells them. */
function cutoffsOf(
  path: string,
  derived: Pick<DerivedSettings, "cutoffs" | "divVal" | "nToken" | "tails">,
  stated: StatedSettings,
  given: readonly number[],
): readonly number[] | undefined {
  const told = derived.cutoffs ?? stated.cutoffs;
  if (given.length > 0 && told !== undefined && told.join() !== given.join()) {
    throw new ConfigError(
      `Cannot import ${quoted(path)} with the cut-offs ${given}: those of its tables are ` +
        `[${told}]; leave them out`,
    );
  }
  const cutoffs = told ?? (given.length > 0 ? given : undefined);
  if (cutoffs === undefined || derived.cutoffs !== undefined) return cutoffs;
  const sentence = `the cut-offs ${cutoffs} for ${
    derived.tails + 1
  } clusters of ${derived.nToken} symbols`;
  try {
    assertCutoffs(cutoffs, derived.nToken, { emptyLast: derived.divVal === 1 });
    if (cutoffs.length === derived.tails) return cutoffs;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
  if (given.length === 0) throw cannotImport(path, `it states ${sentence}`);
  throw new ConfigError(
    `Cannot import ${quoted(path)} with ${sentence}; give ${derived.tails} that increase`,
  );
}

/** A setting of the file, which the user may repeat. */
function agreed<T extends number | boolean>(
  path: string,
  name: string,
  told: T | undefined,
  given: T | null,
): T | undefined {
  if (given === null || told === undefined || told === given) return told ?? given ?? undefined;
  throw new ConfigError(
    `Cannot import ${
      quoted(path)
    } with ${name} ${given}: its model has ${told}; leave the flag out`,
  );
}

function tied(path: string, name: string, stated: boolean | undefined, isTied: boolean): boolean {
  if (stated && !isTied) {
    throw cannotImport(path, `it states ${name}, but the numbers of the softmax are others`);
  }
  return stated ?? isTied;
}
