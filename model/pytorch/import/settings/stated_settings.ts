/**
 * Settings of a model as its file states them: arguments of NVIDIA's constructor, attributes of the
 * authors' modules, or a `config.json` of Hugging Face.
 *
 * @module
 */
import { attributesOf, type PickleObject, type PickleValue } from "@transformer-xl/runtime";
import { z } from "zod";
import { firstIssue } from "../../../checkpoint/checkpoint_checks.ts";
import { lengthValue, MAX_CUTOFFS, rowsValue } from "../../../settings/bounds.ts";
import { cannotImport } from "../import_error.ts";
import { childOf } from "../module_tensors.ts";

const count = z.int().min(0);
const rate = z.number().min(0).lt(1);

/** The names of NVIDIA's constructor; Hugging Face's differ in what stands last. */
const statedSchema = z.object({
  n_token: count,
  n_layer: count,
  n_head: count,
  d_head: count,
  d_model: count,
  d_inner: count,
  d_embed: z.int().min(-1).nullable(),
  div_val: count,
  cutoffs: z.array(count).max(MAX_CUTOFFS),
  tie_projs: z.array(z.boolean()).max(MAX_CUTOFFS + 1),
  tie_weight: z.boolean(),
  pre_lnorm: z.boolean(),
  same_length: z.boolean(),
  clamp_len: z.int().min(-1),
  attn_type: count,
  dropout: rate,
  dropatt: rate,
  vocab_size: count,
  proj_share_all_but_first: z.boolean(),
  tie_word_embeddings: z.boolean(),
  untie_r: z.boolean(),
  layer_norm_epsilon: z.number(),
  tgt_len: lengthValue.nullable(),
  ext_len: rowsValue.nullable(),
  mem_len: rowsValue.nullable(),
}).partial();

/** What is added to the variance in layer norms. */
const EPSILON = 1e-5;

/** Settings by their names in checkpoints; undefined where the file does not state them. */
export interface StatedSettings {
  readonly nToken?: number | undefined;
  readonly nLayer?: number | undefined;
  readonly nHead?: number | undefined;
  readonly dHead?: number | undefined;
  readonly dModel?: number | undefined;
  readonly dInner?: number | undefined;
  readonly dEmbed?: number | undefined;
  readonly divVal?: number | undefined;
  readonly cutoffs?: readonly number[] | undefined;
  readonly tieProjs?: readonly boolean[] | undefined;
  readonly tieWeight?: boolean | undefined;
  readonly preLnorm?: boolean | undefined;
  readonly sameLength?: boolean | undefined;
  readonly clampLen?: number | undefined;
  readonly attnType?: number | undefined;
  readonly dropout?: number | undefined;
  readonly dropatt?: number | undefined;
  readonly untieR?: boolean | undefined;
  readonly tgtLen?: number | undefined;
  readonly extLen?: number | undefined;
  readonly memLen?: number | undefined;
}

/**
 * Settings from arguments by name; others are ignored.
 *
 * @param path the file that has them
 * @param where what it calls them
 * @throws {CheckpointError} When one is of another type
 */
export function statedSettings(
  path: string,
  where: string,
  values: ReadonlyMap<PickleValue, unknown>,
): StatedSettings {
  const known = Object.keys(statedSchema.shape).filter((name) => values.has(name));
  const parsed = statedSchema.safeParse(
    Object.fromEntries(known.map((name) => [name, values.get(name)])),
  );
  if (!parsed.success) throw cannotImport(path, `in ${where}, ${firstIssue(parsed.error)}`);
  const { data } = parsed;
  if (data.layer_norm_epsilon !== undefined && data.layer_norm_epsilon !== EPSILON) {
    throw cannotImport(
      path,
      `in ${where}, layer_norm_epsilon is ${data.layer_norm_epsilon}, models here have ${EPSILON}`,
    );
  }
  const { cutoffs, d_embed: dEmbed, proj_share_all_but_first: shares } = data;
  const shared = cutoffs && shares !== undefined
    ? [false, ...cutoffs.map(() => shares)]
    : undefined;
  return {
    nToken: data.n_token ?? data.vocab_size,
    nLayer: data.n_layer,
    nHead: data.n_head,
    dHead: data.d_head,
    dModel: data.d_model,
    dInner: data.d_inner,
    dEmbed: typeof dEmbed === "number" && dEmbed > 0 ? dEmbed : undefined,
    divVal: data.div_val,
    cutoffs,
    tieProjs: data.tie_projs ?? shared,
    tieWeight: data.tie_weight ?? data.tie_word_embeddings,
    preLnorm: data.pre_lnorm,
    sameLength: data.same_length,
    clampLen: data.clamp_len,
    attnType: data.attn_type,
    dropout: data.dropout,
    dropatt: data.dropatt,
    untieR: data.untie_r,
    tgtLen: data.tgt_len ?? undefined,
    extLen: data.ext_len ?? undefined,
    memLen: data.mem_len ?? undefined,
  };
}

/** The attributes of a network's modules that are arguments of its constructor. */
export function moduleArguments(network: PickleObject): Map<PickleValue, PickleValue> {
  const attributes = new Map(attributesOf(network));
  const add = (name: string, module: PickleObject | undefined, attribute: string) => {
    const value = attributesOf(module).get(attribute);
    if (value !== undefined) attributes.set(name, value);
  };
  add("pre_lnorm", childOf(network, "layers", "0", "dec_attn"), "pre_lnorm");
  add("dropout", childOf(network, "drop"), "p");
  add("dropatt", childOf(network, "layers", "0", "dec_attn", "dropatt"), "p");
  add("div_val", childOf(network, "word_emb"), "div_val");
  // There the last bound is the size of the vocabulary.
  const bounds = attributesOf(childOf(network, "crit")).get("cutoffs");
  if (Array.isArray(bounds)) attributes.set("cutoffs", bounds.slice(0, -1));
  return attributes;
}
