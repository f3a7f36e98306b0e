/**
 * The environment of a run, for its log: versions, machine and device, without names of hosts and
 * users and without variables.
 *
 * @module
 */
import type { DeviceInfo } from "../plan/device.ts";

/** Facts about what computes: a device, or a runtime of another program. */
export interface DeviceFacts extends Pick<DeviceInfo, "adapter" | "features" | "implementation"> {
  /** Kind of device; `onnx`: ONNX Runtime. */
  readonly kind: DeviceInfo["kind"] | "onnx";
}

/** Facts about where a program runs. */
export interface Environment {
  /** Version of Deno. */
  readonly deno: string;
  /** Version of its JavaScript engine. */
  readonly v8: string;
  /** Operating system and processor architecture. */
  readonly target: string;
  /** Logical processors. */
  readonly cores: number;
  /** Adapter as its driver names it, or the executor. */
  readonly adapter: string;
  /** Kind of device. */
  readonly device: DeviceFacts["kind"];
  /** Name of the WebGPU implementation, unless it is Deno's own. */
  readonly webgpu?: string;
  /** Features of the device that are used if they are there. */
  readonly features: readonly string[];
}

/** The environment of this process, which computes on a device. */
export function environmentOf(
  { adapter, kind, features, implementation }: DeviceFacts,
): Environment {
  const { deno, v8 } = Deno.version;
  return {
    deno,
    v8,
    target: Deno.build.target,
    cores: navigator.hardwareConcurrency,
    adapter,
    device: kind,
    ...(implementation !== undefined && { webgpu: implementation }),
    features,
  };
}
