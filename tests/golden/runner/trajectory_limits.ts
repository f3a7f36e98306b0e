/**
 * Tolerances of a training run against the reference's. Rounding grows from step to step, so limits
 * follow the step; a float32 case tells by how much its own rounding spreads.
 *
 * @module
 */
import type { Device } from "@transformer-xl/runtime";
import type { RecordOf } from "./case_schema.ts";
import { isFloat64 } from "./tolerances.ts";

/** Limits by step. */
export interface TrajectoryLimits {
  /** Training loss. */
  loss(step: number): number;
  /** Validation loss. */
  validation(step: number): number;
  /** Gradient norm before clipping. */
  gradientNorm(step: number): number;
  /** Parameters and memory after the step; Infinity where they are only reported. */
  parameter(step: number): number;
}

const EXACT = 1e-9;
/** Half precision: of the losses of the float32 run, and of its last validation. */
const HALF = { loss: 0.02, validation: 0.01 };
const LEAST = 1e-4;
const SPREAD_FACTOR = 3;
/** Steps until which rounding explains every difference of a float32 run; it is chaotic later. */
const STRICT_STEPS = 130;
const CHAOTIC = 0.01;

/** Limits of a case on a device, in full or half precision. */
export function trajectoryLimits(
  device: Device,
  record: RecordOf<"trajectory">,
  { fp16 }: { readonly fp16: boolean },
): TrajectoryLimits {
  if (fp16) {
    return {
      loss: () => HALF.loss,
      validation: () => HALF.validation,
      gradientNorm: () => Infinity,
      parameter: () => Infinity,
    };
  }
  if (record.precision === "float32") return spreadLimits(record);
  if (isFloat64(device)) {
    const exact = () => EXACT;
    return { loss: exact, validation: exact, gradientNorm: exact, parameter: exact };
  }
  const early = (step: number) => step <= 1 ? 1e-5 : step <= 10 ? 1e-4 : 1e-3;
  return {
    loss: early,
    validation: early,
    gradientNorm: (step) => step <= 10 ? early(step) : Infinity,
    parameter: (step) => step <= 10 ? early(step) : Infinity,
  };
}

/**
 * Limits of a float32 run: three times the spread of the reference's own rounding, at least 1e-4;
 * after {@link STRICT_STEPS}, where equally exact orders of a sum lead to different runs, 1 %.
 */
function spreadLimits({ spread }: RecordOf<"trajectory">): TrajectoryLimits {
  const limit = (value: number | undefined) => Math.max(LEAST, SPREAD_FACTOR * (value ?? 0));
  const bounds = Object.entries(spread ?? {}).flatMap(([name, value]) => {
    const match = /^loss_to_step_(\d+)$/.exec(name);
    return match && typeof value === "number" ? [{ step: Number(match[1]), value }] : [];
  }).sort((a, b) => a.step - b.step);
  const strict = (limits: (step: number) => number) => (step: number) =>
    step <= STRICT_STEPS ? limits(step) : CHAOTIC;
  return {
    loss: strict((step) =>
      limit((bounds.find((bound) => step <= bound.step) ?? bounds.at(-1))?.value)
    ),
    validation: strict((step) => limit(spread?.valid[String(step)])),
    gradientNorm: () => Infinity,
    parameter: () => Infinity,
  };
}
