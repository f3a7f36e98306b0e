/**
 * The scorers by `--type`.
 *
 * @module
 */
import type { LengthSettings, Model } from "@transformer-xl/model";
import type { Device } from "@transformer-xl/runtime";
import { PlanScorer, type ScorerOptions } from "./plan_scorer.ts";
import type { Scorer } from "./scorer.ts";

/** How a scorer is opened. */
type OpenScorer = (
  model: Model,
  lengths: LengthSettings,
  options?: ScorerOptions,
) => Promise<Scorer>;

const SCORERS = {
  webgpu: PlanScorer.open,
  pytorch: PlanScorer.open, // these two are the reference's runtimes of one model
  torchscript: PlanScorer.open,
} as const satisfies Readonly<Record<string, OpenScorer>>;

/** Value of `--type` for a model on a device. */
export type DeviceScorerType = keyof typeof SCORERS;

/** Values of {@link DeviceScorerType}. */
export const DEVICE_SCORER_TYPES = Object.keys(SCORERS) as [
  DeviceScorerType,
  ...DeviceScorerType[],
];

/** Value of `--type`; `onnx` is an exported model in ONNX Runtime. */
export type ScorerType = DeviceScorerType | "onnx";

/** Values of `--type`. */
export const SCORER_TYPES: [ScorerType, ...ScorerType[]] = [...DEVICE_SCORER_TYPES, "onnx"];

/**
 * Opens a scorer.
 *
 * @throws {ConfigError} when keys of memory rows are asked for and do not stay right
 * @throws {DeviceError} when memory is short
 */
export function openScorer(
  type: DeviceScorerType,
  model: Model,
  lengths: LengthSettings,
  options: ScorerOptions = {},
): Promise<Scorer> {
  return SCORERS[type](model, lengths, options);
}

/** What results call the runtime: the given name, but `cpu` without a driver. */
export function runtimeName(type: DeviceScorerType, { info }: Pick<Device, "info">): string {
  return type === "webgpu" && info.kind === "cpu" ? "cpu" : type;
}
