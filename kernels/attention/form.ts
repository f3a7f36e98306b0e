/**
 * Choice of an attention's form: materialised, as matrix products with arrays of scores between them,
 * or fused, without such arrays, in one launch and one for most of the derivative. Between both lies
 * the fused forward pass with the derivative of the materialised form, which computes the scores of one
 * layer again. A table of rates by adapter class, and a choice by estimated time; long memories are
 * never materialised, whose scores would be the largest arrays of a plan.
 *
 * @module
 */
import {
  type AdapterClass,
  bytesPer,
  type DeviceLimits,
  type DType,
} from "@transformer-xl/runtime/core";
import { largestSums } from "./fused/backward/parts.ts";
import { backwardPlan, blocksOf, forwardPlan, type FusedPlan } from "./fused/plan.ts";
import type { Geometry, Operands } from "./geometry.ts";

/**
 * Forms in which attention is recorded.
 *
 * - `auto`: the one with the shortest estimated time;
 * - `fused`: no array of scores;
 * - `recomputed`: no array of scores in the forward pass, those of one layer in its derivative;
 * - `materialized`: products with arrays of scores.
 */
export const ATTENTION_FORMS = ["auto", "fused", "recomputed", "materialized"] as const;

/** One of {@link ATTENTION_FORMS}. */
export type AttentionForm = typeof ATTENTION_FORMS[number];

/** A form that can be recorded. */
export type ChosenForm = Exclude<AttentionForm, "auto">;

/** What a class is good at, in floating-point operations of its matrix products. */
interface FormRates {
  /** Rate of the fused forward kernel relative to the products. */
  readonly fused: number;
  /** Rate of the kernel of the fused derivative. */
  readonly derivative: number;
  /** Operations in the time that the softmax of a fused kernel takes for one score. */
  readonly perScore: number;
  /** Operations in the time that one byte is moved. */
  readonly perByte: number;
  /** Operations in the time between two launches. */
  readonly perLaunch: number;
  /** Workgroups that run at once. */
  readonly cores: number;
  /** Rows of memory from which attention is never materialised. */
  readonly longMemory: number;
}

const GPU = { fused: 0.7, derivative: 0.7, perScore: 20, longMemory: 640 } as const;

/**
 * cpu: measured, Mesa 25 lavapipe on two Zen 3 cores, whose fused kernel takes 1.6 to 2.2 times as
 * long at 64 rows over 640 of memory, and 1.1 to 1.3 times over 1,600 and 3,200.
 *
 * GPUs: derived from peak rates and bandwidths of a large member of the family (H100, RX 7900, B580,
 * M4 Max), not measured. NVIDIA's products, in tiles of warps, are taken to reach 0.64 of the peak and
 * kernels that move scores 0.6 of the bandwidth, those of others 0.4 of the peak and all of it. Fused
 * kernels have micro-tiles of 4 x 4, whose multiply loop loads twice as much for an operation.
 */
const RATES: Readonly<Record<AdapterClass, FormRates>> = {
  cpu: {
    ...{ fused: 0.6, derivative: 0.3, perScore: 60, perByte: 2, perLaunch: 1e6 },
    ...{ cores: 2, longMemory: 1600 },
  },
  nvidia: { ...GPU, perByte: 24, perLaunch: 86e6, cores: 132 },
  amd: { ...GPU, perByte: 25, perLaunch: 50e6, cores: 96 },
  intel: { ...GPU, perByte: 12, perLaunch: 12e6, cores: 20 },
  apple: { ...GPU, perByte: 12, perLaunch: 13e6, cores: 40 },
  unknown: { ...GPU, perByte: 12, perLaunch: 20e6, cores: 32 },
};

/** Work of a part of the materialised form. */
interface ArrayWork {
  /** Products over all pairs of a query and a key. */
  readonly products: number;
  /** Times that scores are read or written. */
  readonly passes: number;
  /** Launches. */
  readonly launches: number;
}

/** Work of attention with positions or without. */
interface FormWork {
  readonly forward: ArrayWork;
  /** The probabilities alone. */
  readonly scores: ArrayWork;
  readonly derivative: ArrayWork;
  /** Products of the fused derivative. */
  readonly fused: number;
}

const RELATIVE: FormWork = {
  forward: { products: 3, passes: 8, launches: 6 },
  scores: { products: 2, passes: 7, launches: 5 },
  derivative: { products: 6, passes: 10, launches: 12 },
  fused: 8,
};

const PLAIN: FormWork = {
  forward: { products: 2, passes: 5, launches: 5 },
  scores: { products: 1, passes: 4, launches: 4 },
  derivative: { products: 4, passes: 7, launches: 8 },
  fused: 5,
};

/** A dropout reads and writes an array, once in the forward pass and twice in the derivative. */
const DROPOUT_PASSES = 2;

/** Launches of the fused derivative. */
const FUSED_LAUNCHES = 3;

/** Times that sums of the fused derivative are read or written. */
const SUM_PASSES = 4;

/** Fewer rows of queries leave most of a block of rows idle, and have few scores. */
const FEWEST_ROWS = 16;

/** What the choice depends on beside sizes. */
export interface FormOptions {
  /** The form a caller asks for. */
  readonly form?: AttentionForm;
  /** Whether a gradient is recorded. */
  readonly differentiate?: boolean;
  /** Whether probabilities are dropped. */
  readonly drops: boolean;
}

/** Limits that the choice depends on. */
type Limits = Pick<
  DeviceLimits,
  | "adapterClass"
  | "subgroups"
  | "maxBindingBytes"
  | "maxBufferBytes"
  | "halfSums"
  | "matrixUnits"
  | "fusedAttention"
>;

/** Rate of products with packed sums relative to others; fused kernels have none. */
const PACKED_GAIN = 1.5;

/** Rate of products by matrix units in tiles as small as those of attention; fused kernels use none. */
const UNITS_GAIN = 2.2;

/** Rates of a class, relative to its products of an element type. */
function ratesOf({ adapterClass, halfSums, matrixUnits }: Limits, dtype: DType): FormRates {
  const rates = RATES[adapterClass];
  if (dtype !== "f16" || adapterClass === "cpu") return rates;
  const gain = matrixUnits ? UNITS_GAIN : halfSums === "packed" ? PACKED_GAIN : 1;
  const { fused, derivative, perScore, perByte, perLaunch } = rates;
  return {
    ...rates,
    ...{ fused: fused / gain, derivative: derivative / gain },
    ...{ perScore: gain * perScore, perByte: gain * perByte, perLaunch: gain * perLaunch },
  };
}

/** The form in which an attention is recorded: the one asked for, or that of the lowest cost. */
export function formOf(
  limits: Limits,
  geometry: Geometry,
  { q, r }: Pick<Operands, "q" | "r">,
  { form = "auto", differentiate = true, drops }: FormOptions,
): ChosenForm {
  if (form !== "auto") return form;
  if (geometry.Q < FEWEST_ROWS || limits.fusedAttention === false) return "materialized";
  const rates = ratesOf(limits, q.dtype);
  const { B, N, Q, K, H, M } = geometry;
  const [pairs, bytes] = [B * N * Q * K, bytesPer(q.dtype)];
  const limit = Math.min(limits.maxBindingBytes, limits.maxBufferBytes);
  const isBindable = bytes * pairs <= limit;
  const work = r === undefined ? PLAIN : RELATIVE;
  const arrays = ({ products, passes, launches }: ArrayWork, dropouts: number) => {
    if (!isBindable) return Infinity;
    const moved = bytes * (passes + (drops ? DROPOUT_PASSES * dropouts : 0));
    return pairs * (2 * products * H + moved * rates.perByte) + launches * rates.perLaunch;
  };
  const forwardTiles = forwardPlan(limits, geometry, TIMED);
  const fused = tileCost(geometry, forwardTiles, work.forward.products, rates.fused, rates) +
    rates.perLaunch;
  const derivative = differentiate ? arrays(work.derivative, 2) : 0;
  const costs: Record<ChosenForm, number> = {
    materialized: arrays(work.forward, 1) + derivative,
    recomputed: fused + (differentiate ? arrays(work.scores, 0) + derivative : 0),
    fused: fused + (differentiate ? fusedDerivative() : 0),
  };
  if (typeof M === "number" && M >= rates.longMemory) costs.materialized = Infinity;
  const forms: readonly ChosenForm[] = ["materialized", "fused", "recomputed"];
  return forms.reduce((best, each) => costs[each] < costs[best] ? each : best);

  function fusedDerivative(): number {
    const sums = 4 * largestSums(limits, geometry, r !== undefined);
    if (sums > limit) return Infinity;
    const tiles = backwardPlan(limits, geometry, TIMED);
    return tileCost(geometry, tiles, work.fused, rates.derivative, rates) +
      SUM_PASSES * sums * rates.perByte + FUSED_LAUNCHES * rates.perLaunch;
  }
}

/** Tiles have the same sizes with every kind of scores. */
const TIMED = { positions: true, distanceBias: false, mask: "none" } as const;

/** Cost of the visible blocks of a fused kernel, in rounds of workgroups with one block of rows. */
function tileCost(
  { B, N, H, Q, K, maxDistance }: Geometry,
  plan: FusedPlan,
  products: number,
  rate: number,
  { perScore, cores }: FormRates,
): number {
  const { rows, keys, columns } = blocksOf(plan);
  const workgroups = Math.ceil(Q / rows) * B * N * Math.ceil(H / columns);
  const visible = Math.min(K - (Q - rows) / 2, maxDistance + rows) + keys / 2;
  const rounds = Math.ceil(workgroups / cores);
  return rounds * cores * rows * visible * (2 * products * H + perScore) / rate;
}
