/**
 * The model of `--manual_config`: constructor arguments of the reference's model, or this program's
 * model settings, as JSON.
 *
 * @module
 */
import {
  keysOf,
  type Lengths,
  type ModelConfig,
  modelConfig,
  modelFields,
  type ModelSettings,
  parseModelConfig,
} from "@transformer-xl/model";
import { ConfigError, flagName, nearestName, quoted } from "@transformer-xl/runtime";

/** Arguments that are settings of an evaluation here, or set nothing in either program. */
const UNUSED = ["dtype", "tgt_len", "ext_len", "mem_len", "adapt_inp", "sample_softmax"];

/** Arguments of the reference's model for which the model section has another form. */
const OWN = ["n_token", "tie_weight", "tie_projs"] as const;

const FLAGS_WITH_OTHER_FORM = new Set(["not_tied", "adaptive"]);

/** Settings of the model section by their names in JSON. */
const SECTION: ReadonlyMap<string, string> = new Map(
  Object.keys(modelFields).map((key) => [flagName(key), key] as const)
    .filter(([name]) => !FLAGS_WITH_OTHER_FORM.has(name)),
);

/** A model and what of its description set nothing. */
export interface ManualModel {
  /** The model. */
  readonly config: ModelConfig;
  /** Names of arguments that set nothing here. */
  readonly unused: readonly string[];
}

/**
 * Reads the model of `--manual_config`. `n_token` is required; widths that are left out follow from
 * `d_model`, and `cutoffs` make embedding and softmax adaptive.
 *
 * @param lengths those of the evaluation, for which tables of learned positions are made
 * @throws {ConfigError} naming the argument that is unknown or wrong
 */
export function manualModel(
  json: Readonly<Record<string, unknown>>,
  lengths: Lengths,
): ManualModel {
  const names = [...SECTION.keys(), ...OWN, ...UNUSED];
  const given = new Map<string, unknown>();
  for (const [key, value] of Object.entries(json)) {
    const name = flagName(key);
    if (!names.includes(name)) {
      const near = nearestName(name, names);
      throw wrong(
        `there is no argument ${quoted(key)}` +
          (near === undefined ? "" : `, did you mean "${near}"?`),
      );
    }
    if (value === null) continue;
    checkValue(name, value);
    given.set(name, value);
  }
  const nToken = given.get("n_token");
  if (nToken === undefined) throw wrong('"n_token", the size of the vocabulary, is missing');
  if (!Number.isInteger(nToken) || nToken as number < 2) {
    throw wrong(`"n_token" is ${quoted(nToken)}, want an integer >= 2`);
  }
  const tieWeight = given.get("tie_weight") ?? true;
  if (typeof tieWeight !== "boolean") {
    throw wrong(`"tie_weight" is ${quoted(tieWeight)}, want true or false`);
  }
  const cutoffs = given.get("cutoffs") ?? [];
  const isAdaptive = Array.isArray(cutoffs) && cutoffs.length > 0;
  const section = Object.fromEntries(
    [...given].flatMap(([name, value]) => SECTION.has(name) ? [[SECTION.get(name)!, value]] : []),
  );
  const settings = {
    ...section,
    vocabSize: nToken,
    adaptive: isAdaptive,
    notTied: !tieWeight,
    positionRows: keysOf(lengths),
  };
  const resolved = withReason(() => modelConfig(settings as unknown as ModelSettings));
  const tieProjs = given.get("tie_projs") ?? resolved.tieProjs;
  const length = Array.isArray(tieProjs) ? tieProjs.length : 0;
  if (length !== resolved.tieProjs.length) {
    throw wrong(
      `"tie_projs" is ${quoted(tieProjs)}, want ${resolved.tieProjs.length} of true or false, ` +
        "for the head and every cluster",
    );
  }
  return {
    config: withReason(() => parseModelConfig({ ...resolved, tieProjs })),
    unused: UNUSED.filter((name) => given.has(name)),
  };
}

/** The line about arguments that set nothing; undefined without any. */
export function unusedLine(unused: readonly string[]): string | undefined {
  if (unused.length === 0) return undefined;
  return `--manual_config: ${unused.join(", ")} set nothing, lengths and precision are flags`;
}

function checkValue(name: string, value: unknown): void {
  const key = SECTION.get(name) as keyof typeof modelFields | undefined;
  const result = key === undefined ? undefined : modelFields[key].safeParse(value);
  if (result?.success === false) {
    const { message } = result.error.issues[0]!;
    throw wrong(`"${name}" is ${quoted(value)}: ${lowered(message)}`);
  }
}

function lowered(sentence: string): string {
  return sentence.slice(0, 1).toLowerCase() + sentence.slice(1);
}

function wrong(reason: string, cause?: unknown): ConfigError {
  return new ConfigError(`Cannot use --manual_config: ${reason}`, { cause });
}

function withReason<T>(build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw wrong(lowered(error.message), error);
  }
}
