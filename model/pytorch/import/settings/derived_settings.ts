/**
 * Settings of a model that follow from the names and shapes of its tensors.
 *
 * @module
 */
import { quoted } from "@transformer-xl/runtime";
import { MAX_WIDTH } from "../../../settings/bounds.ts";
import { cannotImport } from "../import_error.ts";
import { sameNumbers, type SourceTensors } from "../source_tensors.ts";
import type { StatedSettings } from "./stated_settings.ts";

const LAYER = /^layers\.(\d+)\./;
const TABLE = /^word_emb\.emb_layers\.(\d+)\.weight$/;

/** Settings that follow from tensors; those of the vocabulary and of heads may stay open. */
export interface DerivedSettings extends StatedSettings {
  readonly nLayer: number;
  readonly nToken: number;
  readonly dModel: number;
  readonly dInner: number;
  readonly dEmbed: number;
  readonly divVal: number;
  readonly attnType: 0 | 1 | 2 | 3;
  readonly untieR: boolean;
  /** N H: width of all heads. */
  readonly headWidth: number;
  /** Widths of the embedding tables. */
  readonly widths: readonly number[];
  /** Clusters beside the head. */
  readonly tails: number;
  /** Rows of learned tables of positions; 0 without. */
  readonly positionRows: number;
}

/**
 * Derives settings.
 *
 * @throws {CheckpointError} When a tensor that every model has is missing, or shapes contradict
 */
export function derivedSettings(path: string, tensors: SourceTensors): DerivedSettings {
  const shapeOf = (name: string, axes: number): readonly number[] => {
    const shape = tensors.get(name)?.shape;
    if (shape === undefined) throw cannotImport(path, `it has no tensor ${quoted(name, 80)}`);
    if (shape.length === axes && shape.every((n) => n > 0)) return shape;
    throw cannotImport(path, `its tensor ${quoted(name, 80)} has the shape [${shape}]`);
  };
  const layers = new Set([...tensors.keys()].flatMap((name) => LAYER.exec(name)?.[1] ?? []));
  const [dModel, headWidth] = shapeOf("layers.0.dec_attn.o_net.weight", 2) as [number, number];
  const [dInner] = shapeOf("layers.0.pos_ff.CoreNet.0.weight", 2) as [number];
  const tables = [...tensors.keys()].filter((name) => TABLE.test(name)).length;
  const shapes = Array.from(
    { length: Math.max(tables, 1) },
    (_, i) => shapeOf(`word_emb.emb_layers.${i}.weight`, 2) as [number, number],
  );
  const tails = tensors.has("crit.cluster_bias") ? shapeOf("crit.cluster_bias", 1)[0]! : 0;
  if (tables > 1 && tables !== tails + 1) {
    throw cannotImport(path, `it has ${tables} embedding tables for ${tails + 1} clusters`);
  }
  if (!tensors.has("crit.out_layers_biases.0")) {
    throw cannotImport(
      path,
      "it has no softmax; give a language model, not its hidden layers alone",
    );
  }
  const bounds: number[] = [];
  let nToken = 0;
  for (const [rows] of shapes) bounds.push(nToken += rows);
  const widths = shapes.map(([, width]) => width);
  const divVal = divisorOf(widths);
  if (divVal === undefined) {
    throw cannotImport(path, `the widths [${widths}] of its embedding tables are no powers apart`);
  }
  const untieR = tensors.has("layers.0.dec_attn.r_w_bias") && !tensors.has("r_w_bias");
  const attnType = attentionType(tensors);
  const heads = tensors.get(untieR ? "layers.0.dec_attn.r_w_bias" : "r_w_bias")?.shape ?? [];
  const [nHead, dHead] = heads.slice(-2);
  return {
    nLayer: layers.size,
    nToken,
    dModel,
    dInner,
    dEmbed: widths[0]!,
    divVal,
    attnType,
    untieR: untieR && attnType === 0,
    headWidth,
    widths,
    tails,
    nHead,
    dHead,
    cutoffs: tables > 1 ? bounds.slice(0, -1) : tails === 0 ? [] : undefined,
    positionRows: tensors.get("r_emb")?.shape[1] ?? 0,
  };
}

/** The kind of attention, which the names of its tables tell. */
function attentionType(tensors: SourceTensors): 0 | 1 | 2 | 3 {
  if (tensors.has("layers.0.dec_attn.r_net.weight")) return 0;
  const table = tensors.get("r_emb");
  if (table === undefined) return 2;
  return table.shape.length === 4 ? 1 : 3;
}

/** The smallest factor between the widths of tables, each rounded down; 1 for a single table. */
function divisorOf(widths: readonly number[]): number | undefined {
  const [first = 1] = widths;
  if (widths.length <= 1) return 1;
  for (let factor = 1; factor <= Math.min(first, MAX_WIDTH); factor++) {
    if (areDivided(widths, factor)) return factor;
  }
  return undefined;
}

/** Whether every table is so many times narrower than the one before, rounded down. */
export function areDivided(widths: readonly number[], factor: number): boolean {
  const [first = 1] = widths;
  return widths.every((width, i) => Math.floor(first / factor ** i) === width);
}

/**
 * Whether softmax tables, and the projections of every cluster, are those of the embedding. They are
 * where the file has one tensor for both, or equal numbers, or none of the softmax's own.
 *
 * @param clusters number of clusters, the head included
 */
export async function tiesOf(
  tensors: SourceTensors,
  { divVal }: Pick<DerivedSettings, "divVal">,
  clusters: number,
): Promise<{ readonly tieWeight: boolean; readonly tieProjs: boolean[] }> {
  const isTied = async (own: string, shared: string) => {
    const [mine, theirs] = [tensors.get(own), tensors.get(shared)];
    return mine === undefined || theirs !== undefined && await sameNumbers(mine, theirs);
  };
  const tieProjs: boolean[] = [];
  for (let i = 0; i < clusters; i++) {
    const shared = `word_emb.emb_projs.${divVal > 1 ? i : 0}`;
    tieProjs.push(await isTied(`crit.out_projs.${i}`, shared));
  }
  let tieWeight = true;
  for (let i = 0; tieWeight && tensors.has(`crit.out_layers_weights.${i}`); i++) {
    tieWeight = await isTied(`crit.out_layers_weights.${i}`, `word_emb.emb_layers.${i}.weight`);
  }
  return { tieWeight, tieProjs };
}

/** Copies of tensors that modules share, with the names of the originals. */
const COPIES: readonly (readonly [copy: RegExp, original: string])[] = [
  [/^layers\.\d+\.dec_attn\.(r_[wr]_bias)$/, "$1"],
  [/^crit\.shared_out_projs\.(\d+)$/, "word_emb.emb_projs.$1"],
];

/**
 * Compares copies with what they are copies of.
 *
 * @throws {CheckpointError} When one has other numbers: the model is of another kind
 */
export async function checkCopies(path: string, tensors: SourceTensors): Promise<void> {
  for (const [name, tensor] of tensors) {
    for (const [copy, original] of COPIES) {
      const shared = copy.test(name) ? tensors.get(name.replace(copy, original)) : undefined;
      if (shared === undefined || await sameNumbers(tensor, shared)) continue;
      throw cannotImport(
        path,
        `its tensors ${quoted(name, 60)} and ${
          quoted(name.replace(copy, original), 60)
        } are shared, but have other numbers`,
      );
    }
  }
}
