/**
 * Runtime of this program's own kernels, on a device.
 *
 * @module
 */
import type { Model, ModelConfig } from "@transformer-xl/model";
import {
  type DeviceChoice,
  openDevice,
  useWebGpu,
  type WebGpuChoice,
} from "@transformer-xl/runtime";
import { type DeviceScorerType, openScorer, runtimeName } from "./open_scorer.ts";
import { RankScorer } from "./rank_scorer.ts";
import type { ScoringRuntime } from "./scoring_runtime.ts";

/** Settings of the runtime. */
export interface DeviceRuntimeSettings {
  /** The device. */
  readonly device: DeviceChoice;
  /** WebGPU implementation. */
  readonly webgpu: WebGpuChoice | null;
  /** Name of the runtime that was asked for. */
  readonly type: DeviceScorerType;
  /** Half precision. */
  readonly fp16: boolean;
  /** Receives one sentence about the device. */
  readonly notice: (sentence: string) => void;
}

/**
 * Opens a device.
 *
 * @param create places the model on it
 * @throws {DeviceError} when a GPU was requested and there is none, or the driver is unsuitable
 */
export async function openDeviceRuntime(
  { device: choice, webgpu, type, fp16, notice }: DeviceRuntimeSettings,
  create: (
    device: Awaited<ReturnType<typeof openDevice>>,
    config: ModelConfig,
    fp16: boolean,
  ) => Promise<Model>,
): Promise<ScoringRuntime> {
  if (choice !== "cpu") await useWebGpu(webgpu, notice);
  const device = await openDevice(choice, notice);
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
