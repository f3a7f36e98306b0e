/**
 * Selection and capabilities of an adapter. Deno's `adapter.features` hides features that
 * `requestDevice` grants, such as subgroups, so those are detected by requesting them.
 *
 * @module
 */
import { DeviceError, messageOf } from "../base/errors.ts";
import type { AdapterClass, DeviceLimits, HalfSums, MatrixUnits } from "../tensor/device_limits.ts";

/** A WebGPU implementation beside that of the platform. */
export interface NamedGpu extends GPU {
  /** Its name. */
  readonly implementation: string;
  /** The same with features that are no part of the standard yet, if it has any. */
  readonly experimental?: GPU | undefined;
}

/** An adapter with its features and limits. */
export interface AdapterChoice {
  /** Source of adapters: each device is opened on a new one. */
  readonly gpu: GPU;
  /** Name of the WebGPU implementation, unless it is that of the platform. */
  readonly implementation?: string;
  /** The adapter, for its limits and description. */
  readonly adapter: GPUAdapter;
  /** Name, as the driver gives it. */
  readonly name: string;
  /** Whether it is a software rasteriser. */
  readonly software: boolean;
  /** Family, for tile plans. */
  readonly adapterClass: AdapterClass;
  /** How devices opened on it sum products of halves; float32 by default. */
  readonly halfSums?: HalfSums;
  /** Matrix units that devices opened on it use, see {@link withMatrixUnits}. */
  readonly matrixUnits?: MatrixUnits;
  /** Features granted when requested one by one. */
  readonly features: readonly string[];
}

/** Features that kernels use. */
export const WANTED_FEATURES = ["subgroups", "shader-f16", "timestamp-query"] as const;

const VENDORS: Readonly<Record<string, AdapterClass>> = {
  "4318": "nvidia", // PCI vendor 0x10de
  "4098": "amd", // 0x1002
  "32902": "intel", // 0x8086
  "4203": "apple", // 0x106b
  nvidia: "nvidia",
  amd: "amd",
  intel: "intel",
  apple: "apple",
};

const choices = new WeakMap<GPU, AdapterChoice>();

/** Whether the high-performance adapter of `gpu` is hardware. Its features are not examined. */
export async function offersHardware(gpu: GPU | undefined): Promise<boolean> {
  const adapter = gpu && await freshAdapter(gpu);
  return adapter ? !isSoftware(adapter) : false;
}

/** The high-performance adapter of `gpu`, or undefined if there is none. It is examined once. */
export async function chooseAdapter(gpu: GPU | undefined): Promise<AdapterChoice | undefined> {
  if (gpu === undefined) return undefined;
  const known = choices.get(gpu);
  if (known !== undefined) return known;
  const adapter = await freshAdapter(gpu);
  if (!adapter) return undefined;
  const software = isSoftware(adapter);
  const features: string[] = [];
  for (const feature of WANTED_FEATURES) {
    if (adapter.features.has(feature) || await grantsFeature(gpu, feature)) features.push(feature);
  }
  const { implementation } = gpu as Partial<NamedGpu>;
  const choice: AdapterChoice = {
    gpu,
    adapter,
    name: nameOf(adapter),
    software,
    adapterClass: software ? "cpu" : VENDORS[adapter.info.vendor.toLowerCase()] ?? "unknown",
    features,
    ...(implementation !== undefined && { implementation }),
  };
  choices.set(gpu, choice);
  return choice;
}

function nameOf({ info }: GPUAdapter): string {
  return info.description || info.device ||
    [info.vendor, info.architecture].filter((word) => word !== "").join(" ") || "unnamed adapter";
}

function isSoftware(adapter: GPUAdapter): boolean {
  return adapter.info.isFallbackAdapter === true ||
    /llvmpipe|lavapipe|swiftshader/i.test(nameOf(adapter));
}

/** An adapter opens one device only, whether that succeeds or not. */
async function freshAdapter(gpu: GPU): Promise<GPUAdapter | null> {
  return await gpu.requestAdapter({ powerPreference: "high-performance" });
}

/** Whether a device with `feature` opens on the high-performance adapter of `gpu`. */
export async function grantsFeature(gpu: GPU, feature: string): Promise<boolean> {
  const adapter = await freshAdapter(gpu);
  if (adapter === null) return false;
  try {
    const device = await adapter.requestDevice({ requiredFeatures: [feature as GPUFeatureName] });
    device.destroy();
    return true;
  } catch {
    return false; // refusal is the answer, not an error
  }
}

/** Limits for plans on a device of `choice`. */
export function limitsOf(choice: AdapterChoice, limits: GPUSupportedLimits): DeviceLimits {
  return {
    adapterClass: choice.adapterClass,
    // Kernels exchange registers in groups of 8 lanes; narrower subgroups would give wrong results.
    subgroups: choice.features.includes("subgroups") && choice.adapter.info.subgroupMinSize >= 8,
    maxBindingBytes: Math.floor(limits.maxStorageBufferBindingSize / 256) * 256,
    maxBufferBytes: Math.floor(limits.maxBufferSize / 256) * 256,
    maxWorkgroups: limits.maxComputeWorkgroupsPerDimension,
    ...(choice.halfSums && { halfSums: choice.halfSums }),
    ...(choice.matrixUnits && { matrixUnits: choice.matrixUnits }),
  };
}

/** Adapter limits requested for a device. */
export const REQUESTED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupsPerDimension",
] as const;

/**
 * Opens a device with the adapter's own limits and every wanted feature it grants.
 *
 * @throws {DeviceError} when the adapter refuses
 */
export async function requestDevice(choice: AdapterChoice): Promise<GPUDevice> {
  const adapter = await freshAdapter(choice.gpu);
  if (adapter === null) {
    throw new DeviceError(
      "no-adapter",
      `Cannot open adapter "${choice.name}": it no longer answers`,
    );
  }
  const requiredLimits = Object.fromEntries(
    REQUESTED_LIMITS.map((limit) => [limit, adapter.limits[limit]]),
  );
  try {
    return await adapter.requestDevice({
      label: choice.name,
      requiredFeatures: choice.features as GPUFeatureName[],
      requiredLimits,
    });
  } catch (cause) {
    throw new DeviceError(
      "unsupported",
      `Cannot open adapter "${choice.name}": ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}
