/**
 * Runtime of this program's own kernels, on a device.
 *
 * @module
 */
import type { DeviceSettings, Model, ModelConfig } from "@transformer-xl/model";
import { type Device, openDevice, useWebGpuFor } from "@transformer-xl/runtime";
import { type DeviceScorerType, openScorer, runtimeName } from "./open_scorer.ts";
import { RankScorer } from "./rank_scorer.ts";
import type { ScoringRuntime } from "./scoring_runtime.ts";

/** Settings of the runtime. */
export interface DeviceRuntimeSettings extends DeviceSettings {
  /** Name of the runtime that was asked for. */
  readonly type: DeviceScorerType;
  /** Receives one sentence about the device. */
  readonly notice: (sentence: string) => void;
}

/**
 * Opens the device of the settings, on the WebGPU that they name.
 *
 * @param notice receives one sentence about it
 * @throws {DeviceError} when a GPU was requested and there is none, or the driver is unsuitable
 */
export async function openScoringDevice(
  { device, webgpu, fp16, fp16Sums, matrixUnits }: DeviceSettings,
  notice: (sentence: string) => void,
): Promise<Device> {
  await useWebGpuFor({ device, webgpu });
  return await openDevice(device, notice, { halfSums: fp16Sums, halves: fp16, matrixUnits });
}

/**
 * Opens a device as the runtime of a model.
 *
 * @param create places the model on it
 * @throws {DeviceError} when a GPU was requested and there is none, or the driver is unsuitable
 */
export async function openDeviceRuntime(
  settings: DeviceRuntimeSettings,
  create: (device: Device, config: ModelConfig, fp16: boolean) => Promise<Model>,
): Promise<ScoringRuntime> {
  const { type, fp16, notice } = settings;
  const device = await openScoringDevice(settings, notice);
  return {
    name: runtimeName(type, device),
    math: fp16 ? "fp16" : "fp32",
    info: device.info,
    async load(config) {
      const model = await create(device, config, fp16);
      return {
        bytesByRole: device.liveBytesByRole,
        scorer: (lengths, options) => openScorer(type, model, lengths, options),
        rankingScorer: (lengths, options) => RankScorer.open(model, lengths, options),
        [Symbol.dispose]: () => model[Symbol.dispose](),
      };
    },
    [Symbol.dispose]: () => device[Symbol.dispose](),
  };
}
