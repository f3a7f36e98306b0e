/**
 * The footprint of a configuration: parameters, memory by role, launches and work, computed without
 * allocation.
 *
 * @module
 */
import { Evaluator } from "@transformer-xl/eval";
import { type Lengths, meanLength, Model, type ModelConfig } from "@transformer-xl/model";
import {
  type Allocation,
  type Device,
  DeviceError,
  type DeviceLimits,
  DryDevice,
  formatBytes,
  type ParameterStore,
  type Role,
  roleLines,
  sizeOf,
} from "@transformer-xl/runtime";
import type { TrainConfig } from "./config.ts";
import { evaluationTooLarge, tooWide } from "./settings/flag_errors.ts";
import { planRun, type Share, WHOLE } from "./run_plan.ts";
import { TrainStep } from "./step/train_step.ts";

/** Share of memory for one run; the rest is for driver and desktop. */
export const USABLE_SHARE = 0.9;

/** Footprint of a run. */
export interface Footprint {
  /** Parameters per part of the model. */
  readonly parameters: ReadonlyMap<string, number>;
  /** Bytes on the device by role. */
  readonly bytes: ReadonlyMap<Role, number>;
  /** Bytes of memories in host memory. */
  readonly hostBytes: number;
  /** The largest buffer. */
  readonly largest: Allocation;
  /** Kernel launches of one training step. */
  readonly launches: number;
  /** Floating-point operations of one training step per target token. */
  readonly flopsPerToken: number;
  /** Bytes that the ops of one training step read and write per target token. */
  readonly bytesPerToken: number;
  /** What hinders the device from evaluating; the numbers are then those of training alone. */
  readonly obstacle?: DeviceError;
}

/** What a footprint depends on beside the configuration. */
export interface FootprintOptions {
  /**
   * Shares of the tokens in each cluster of the vocabulary; without them, every cluster counts at
   * its capacity.
   */
  readonly shares?: readonly number[];
  /** The process that is counted. */
  readonly share?: Share;
}

/**
 * Records a run without a device and counts.
 *
 * @throws {DeviceError} when one parameter or an attention of a step exceeds the binding limit
 */
export async function footprint(
  config: TrainConfig,
  modelConfig: ModelConfig,
  limits: DeviceLimits,
  options: FootprintOptions = {},
): Promise<Footprint> {
  const { batchChunk, batchSize } = config;
  if (batchChunk <= RECORDED_CHUNKS) return await record(config, modelConfig, limits, options);
  // Every chunk after the first takes the same, so one and two tell what many take.
  const some = (chunks: number, noEval: boolean) => ({
    ...config,
    batchChunk: chunks,
    batchSize: chunks * (batchSize / batchChunk),
    noEval,
  });
  const one = await record(some(1, true), modelConfig, limits, options);
  const two = await record(some(2, config.noEval), modelConfig, limits, options);
  const further = (of: (footprint: Recorded) => number) =>
    of(two) + (batchChunk - 2) * (of(two) - of(one));
  const perToken = (one: number, two: number) =>
    (one + (batchChunk - 1) * (2 * two - one)) / batchChunk;
  const role = (role: Role) => {
    const added = (two.stepBytes.get(role) ?? 0) - (one.stepBytes.get(role) ?? 0);
    return two.bytes.get(role)! + (batchChunk - 2) * added;
  };
  return {
    parameters: two.parameters,
    bytes: new Map([...two.bytes.keys()].map((key) => [key, role(key)])),
    hostBytes: further(({ hostBytes }) => hostBytes),
    largest: two.largest,
    launches: further(({ launches }) => launches),
    flopsPerToken: perToken(one.flopsPerToken, two.flopsPerToken),
    bytesPerToken: perToken(one.bytesPerToken, two.bytesPerToken),
    ...(two.obstacle && { obstacle: two.obstacle }),
  };
}

/** Batch chunks that are recorded one by one. */
const RECORDED_CHUNKS = 2;

/** A footprint whose chunks have all been recorded. */
interface Recorded extends Footprint {
  /** Bytes by role before the recording of evaluation. */
  readonly stepBytes: ReadonlyMap<Role, number>;
}

async function record(
  config: TrainConfig,
  modelConfig: ModelConfig,
  limits: DeviceLimits,
  { shares, share = WHOLE }: FootprintOptions,
): Promise<Recorded> {
  const device = new DryDevice(limits);
  const model = new Model(device, modelConfig, { fp16: config.fp16 });
  try {
    model.store.allocate(device, { gradients: true });
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    const bindingBytes = Math.min(limits.maxBindingBytes, limits.maxBufferBytes);
    throw tooWide(config, error, bindingBytes);
  }
  const plan = planRun(config, share);
  const step = await TrainStep.record(model, plan.trainLengths, plan.step);
  const stepBytes = new Map(device.liveBytesByRole);
  const obstacle = plan.evalLengths && await evaluationObstacle(model, plan.evalLengths);
  const tokens = config.batchSize / share.size *
    (config.varlen ? meanLength(config) : config.tgtLen);
  const cost = step.cost(shares);
  return {
    stepBytes,
    parameters: parametersByPart(model.store),
    bytes: obstacle ? stepBytes : new Map(device.liveBytesByRole),
    hostBytes: step.hostBytes,
    largest: device.largest,
    launches: step.plans.reduce((sum, { launchCount }) => sum + launchCount, 0),
    flopsPerToken: cost.flops / tokens,
    bytesPerToken: cost.bytes / tokens,
    ...(obstacle && { obstacle }),
  };
}

/** Records an evaluation; the error of a device that binds too little for its attention. */
async function evaluationObstacle(
  model: Model,
  lengths: Lengths,
): Promise<DeviceError | undefined> {
  try {
    await Evaluator.create(model, lengths);
    return undefined;
  } catch (error) {
    if (!(error instanceof DeviceError) || error.reason !== "out-of-memory") throw error;
    return evaluationTooLarge(lengths, error);
  }
}

/**
 * Rejects a run that does not fit the device, before anything is allocated.
 *
 * @throws {DeviceError} with the planned bytes and what reduces them
 */
export function checkFits(
  { bytes, largest, obstacle }: Footprint,
  { budgetBytes, limits }: Pick<Device, "budgetBytes" | "limits">,
): void {
  if (obstacle !== undefined) throw obstacle;
  const total = totalBytes(bytes);
  const bindingBytes = Math.min(limits.maxBindingBytes, limits.maxBufferBytes);
  if (largest.bytes > bindingBytes) {
    throw new DeviceError(
      "out-of-memory",
      `Cannot train: one buffer of a step needs ${formatBytes(largest.bytes)} ` +
        `(${formatBytes(total)} in all), the device binds at most ${
          formatBytes(bindingBytes)
        } at once`,
      { need: "less memory for a step" },
    );
  }
  if (total <= budgetBytes) return;
  throw new DeviceError(
    "out-of-memory",
    `Cannot train: the plan needs ${formatBytes(total)} (${rolesText(bytes)}), the device has ` +
      formatBytes(budgetBytes),
    { need: 2 * parameterBytes(bytes) > total ? "a smaller model" : "less memory for a step" },
  );
}

/** Parameters per part of a model, without a device. */
export function countParameters(
  modelConfig: ModelConfig,
  limits: DeviceLimits,
): ReadonlyMap<string, number> {
  return parametersByPart(new Model(new DryDevice(limits), modelConfig).store);
}

/** Parameters per part as log lines. */
export function parameterLines(parameters: Footprint["parameters"]): string[] {
  return [
    `#params = ${parameters.values().reduce((sum, count) => sum + count, 0)}`,
    `#non emb params = ${parameters.get("layers") ?? 0}`,
    ...[...parameters].map(([part, count]) => `    - ${part} : ${count}`),
  ];
}

/** The footprint as log lines. */
export function footprintLines(
  { parameters, bytes, hostBytes, launches, flopsPerToken, bytesPerToken, obstacle }: Footprint,
): string[] {
  return [
    ...parameterLines(parameters),
    ...roleLines("device memory", bytes),
    ...hostBytes > 0 ? [`host memory = ${formatBytes(hostBytes)} (memories)`] : [],
    `launches per step = ${launches}`,
    `MFLOP per token = ${(flopsPerToken / 1e6).toFixed(2)}`,
    `kB moved per token = ${(bytesPerToken / 1e3).toFixed(1)}`,
    ...obstacle ? [`evaluation does not fit and is not counted: ${obstacle.message}`] : [],
  ];
}

/** Bytes of all roles. */
export function totalBytes(bytes: ReadonlyMap<Role, number>): number {
  return bytes.values().reduce((sum, size) => sum + size, 0);
}

/** Bytes that grow with the parameters, not with the batch. */
function parameterBytes(bytes: ReadonlyMap<Role, number>): number {
  const roles = ["weights", "masters", "gradients", "moments"] as const;
  return roles.reduce((sum, role) => sum + (bytes.get(role) ?? 0), 0);
}

function rolesText(bytes: ReadonlyMap<Role, number>): string {
  return [...bytes].filter(([, size]) => size > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([role, size]) => `${role} ${formatBytes(size)}`).join(", ");
}

/** Sums over the first word of the checkpoint names. */
function parametersByPart(store: ParameterStore): Map<string, number> {
  const parts = new Map<string, number>();
  for (const { name, shape } of store.parameters) {
    const [first] = name.split(".");
    const part = first === "word_emb"
      ? "embedding"
      : first === "crit"
      ? "softmax"
      : first === "layers"
      ? "layers"
      : first === "r_emb"
      ? "positions"
      : "attention biases";
    parts.set(part, (parts.get(part) ?? 0) + sizeOf(shape));
  }
  return parts;
}
