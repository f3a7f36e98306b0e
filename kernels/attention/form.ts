/**
 * Choice of an attention's form: materialised, as matrix products with arrays of scores between
 * them, or fused, in one launch without. A table of rates by adapter class, and a choice by estimated
 * time; long memories are always fused, whose scores would be the largest arrays of a plan. The
 * derivative of a fused attention computes the scores again, those of one layer at a time.
 *
 * @module
 */
import { type AdapterClass, bytesPer, type DeviceLimits } from "@transformer-xl/runtime/core";
import type { Geometry, Operands } from "./geometry.ts";
import { blocksOf, forwardPlan } from "./fused/plan.ts";

/** Which form of attention is recorded. */
export type AttentionForm = "auto" | "fused" | "materialized";

/** What a class is good at, in floating-point operations of its matrix products. */
interface FormRates {
  /** Rate of the fused kernel relative to the products. */
  readonly fused: number;
  /** Operations in the time that the fused kernel's softmax takes for one score. */
  readonly perScore: number;
  /** Operations in the time that one byte is moved. */
  readonly perByte: number;
  /** Operations in the time between two launches. */
  readonly perLaunch: number;
  /** Workgroups that run at once. */
  readonly cores: number;
  /** Rows of memory from which attention is always fused. */
  readonly longMemory: number;
}

/**
 * cpu: measured, Mesa 25 lavapipe on two Zen 3 cores, whose fused kernel takes 1.6 to 2.2 times as
 * long at 64 rows over 640 of memory, and 1.1 to 1.3 times over 1,600 and 3,200.
 *
 * GPUs: derived from peak rates and bandwidths of a large member of the family (H100, RX 7900, B580,
 * M4 Max), not measured: products reach 0.4 of the peak, and a fused score costs five loads from
 * workgroup memory per 32 multiply-adds where a product of 4 x 4 has two per 16.
 */
const RATES: Readonly<Record<AdapterClass, FormRates>> = {
  cpu: { fused: 0.6, perScore: 60, perByte: 2, perLaunch: 1e6, cores: 2, longMemory: 1600 },
  nvidia: { fused: 0.7, perScore: 20, perByte: 9, perLaunch: 52e6, cores: 132, longMemory: 640 },
  amd: { fused: 0.7, perScore: 20, perByte: 25, perLaunch: 50e6, cores: 96, longMemory: 640 },
  intel: { fused: 0.7, perScore: 20, perByte: 12, perLaunch: 12e6, cores: 20, longMemory: 640 },
  apple: { fused: 0.7, perScore: 20, perByte: 12, perLaunch: 13e6, cores: 40, longMemory: 640 },
  unknown: { fused: 0.7, perScore: 20, perByte: 12, perLaunch: 20e6, cores: 32, longMemory: 640 },
};

/** Passes over the scores by key and over those by position: products and softmax. */
const PASSES = { key: 5, position: 3 } as const;

/** Launches of a materialised attention with positions and without. */
const LAUNCHES = { relative: 6, plain: 5 } as const;

/** Fewer rows of queries leave most of a block of rows idle, and have few scores. */
const FEWEST_ROWS = 16;

/** What the choice depends on beside sizes. */
export interface FormOptions {
  /** The form a caller asks for. */
  readonly form?: AttentionForm;
  /** Whether a gradient is recorded, which computes the scores of a fused attention again. */
  readonly differentiate?: boolean;
  /** Whether probabilities are dropped. */
  readonly drops: boolean;
}

/**
 * Whether an attention is recorded in fused form. With dropout on the probabilities it is
 * materialised, and with a gradient unless the memory is long.
 */
export function isFused(
  limits: Pick<DeviceLimits, "adapterClass" | "subgroups">,
  geometry: Geometry,
  inputs: Pick<Operands, "q" | "r">,
  { form = "auto", differentiate = true, drops }: FormOptions,
): boolean {
  if (drops || form === "materialized") return false;
  if (form === "fused") return true;
  const { Q, M } = geometry;
  const rates = RATES[limits.adapterClass];
  if (Q < FEWEST_ROWS) return false;
  if (typeof M === "number" && M >= rates.longMemory) return true;
  return !differentiate &&
    fusedCost(limits, geometry, rates) < materializedCost(geometry, inputs, rates);
}

/** Cost of products over all pairs, of moving scores, and of launches. */
function materializedCost(
  { B, N, H, Q, K }: Geometry,
  { q, r }: Pick<Operands, "q" | "r">,
  { perByte, perLaunch }: FormRates,
): number {
  const pairs = B * N * Q * K;
  const passes = PASSES.key + (r === undefined ? 0 : PASSES.position);
  const launches = r === undefined ? LAUNCHES.plain : LAUNCHES.relative;
  return pairs * ((r === undefined ? 4 : 6) * H + passes * bytesPer(q.dtype) * perByte) +
    launches * perLaunch;
}

/** Cost of the visible blocks, in rounds of workgroups. */
function fusedCost(
  limits: Pick<DeviceLimits, "adapterClass" | "subgroups">,
  { B, N, H, Q, K, maxDistance }: Geometry,
  { fused, perScore, perLaunch, cores }: FormRates,
): number {
  const plan = forwardPlan(limits, { Q, K, H }, { positions: true, distanceBias: false });
  const { rows, keys, columns } = blocksOf(plan);
  const workgroups = Math.ceil(Q / rows) * B * N * Math.ceil(H / columns);
  const visible = Math.min(K - (Q - rows) / 2, maxDistance + rows) + keys / 2;
  const rounds = Math.ceil(workgroups / cores);
  return rounds * cores * rows * visible * (6 * H + perScore) / fused + perLaunch;
}
