/**
 * Tolerances against the reference's results, relative to the largest value of each tensor.
 *
 * @module
 */
import { type Device, ReferenceDevice } from "@transformer-xl/runtime";
import type { CaseConfig } from "./case_schema.ts";
import type { Floats } from "./golden_case.ts";

/** Limits by kind of result. */
export interface Tolerances {
  /** Losses per token. */
  readonly nll: number;
  /** Mean losses. */
  readonly loss: number;
  /** Rows of memory. */
  readonly memory: number;
  /** Values inside the network. */
  readonly activation: number;
  /** The table of positions: its frequencies are float32 in the reference too. */
  readonly positions: number;
  /** Gradients and their norms. */
  readonly gradient: number;
  /** Parameters and moments after optimizer steps on given gradients. */
  readonly optimizer: number;
}

const FLOAT32: Tolerances = {
  nll: 2e-6,
  loss: 1e-6,
  memory: 2e-6,
  activation: 2e-6,
  positions: 2e-6,
  gradient: 1e-5,
  optimizer: 1e-6,
};

/** Sums of hundreds of terms in float32. */
const WIDE_FLOAT32: Tolerances = {
  ...FLOAT32,
  nll: 2e-5,
  loss: 1e-5,
  memory: 2e-5,
  activation: 2e-5,
};

/** The reference's authors grant one case more. */
const LOOSE_GRADIENT = { id: /^F16\b/, limit: 1e-4 };

const FLOAT64: Tolerances = {
  nll: 1e-9,
  loss: 1e-9,
  memory: 1e-9,
  activation: 1e-9,
  positions: 1e-7,
  gradient: 1e-9,
  optimizer: 1e-9,
};

/** Relative to a wider reduction than this, float32 sums are judged by the wide limits. */
const WIDE = 256;

/** True for a device that computes in float64. */
export function isFloat64(device: Device): boolean {
  return device instanceof ReferenceDevice && device.precision === "f64";
}

/** What holds for a device; `config` is that of the network, where there is one. */
export function tolerancesOf(
  device: Device,
  { id, config }: { readonly id: string; readonly config?: CaseConfig },
): Tolerances {
  if (isFloat64(device)) return FLOAT64;
  const limits = config !== undefined && config.d_model >= WIDE ? WIDE_FLOAT32 : FLOAT32;
  return LOOSE_GRADIENT.id.test(id) ? { ...limits, gradient: LOOSE_GRADIENT.limit } : limits;
}

/** A limit, at least the rounding of values that the case stores as F32. */
export function limitFor(limit: number, want: Floats): number {
  return want instanceof Float32Array ? Math.max(limit, 2 ** -24) : limit;
}
