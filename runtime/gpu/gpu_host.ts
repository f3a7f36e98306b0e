/**
 * The interface between a compiled plan and its GPU, and the GPU form of commands.
 *
 * @module
 */
import type { HostArray } from "../tensor/dtype.ts";
import type { DeviceInfo } from "../plan/device.ts";
import type { GpuStorage } from "./gpu_buffer.ts";
import type { Command } from "../record/recorder.ts";
import type { DeviceLimits } from "../tensor/device_limits.ts";
import type { StorageSpec } from "../tensor/tensor.ts";

/** The GPU interface of compiled plans. */
export interface GpuHost {
  /** The WebGPU device. */
  readonly gpu: GPUDevice;
  /** Properties of the device. */
  readonly info: DeviceInfo;
  /** What plans are recorded for. */
  readonly limits: DeviceLimits;
  /** Allocates zeroed memory. */
  allocate(spec: StorageSpec): GpuStorage;
  /** A uniform buffer of `bytes`. */
  allocateUniform(label: string, bytes: number): GpuStorage;
  /** Writes elements from `offset` on. */
  write(storage: GpuStorage, offset: number, values: HostArray): void;
  /** Throws the first error that was reported. */
  checkFault(): void;
  /** Keeps an error for the next run, read or idle. */
  report(action: string, error: GPUError): void;
}

/** A command with resolved bindings. */
export type BoundCommand =
  | {
    readonly kind: "launch";
    readonly launch: Extract<Command, { kind: "launch" }>;
    readonly pipeline: GPUComputePipeline;
    readonly bindGroup: GPUBindGroup;
  }
  | {
    readonly kind: "clear";
    readonly buffer: GPUBuffer;
    readonly offset: number;
    readonly bytes: number;
  };
