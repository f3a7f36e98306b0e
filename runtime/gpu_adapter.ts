/**
 * Choosing an adapter and learning what it can do. Deno's `adapter.features` hides features that
 * `requestDevice` grants (subgroups among them), so features are found by trying.
 *
 * @module
 */
import { DeviceError } from "./errors.ts";
import type { AdapterClass } from "./target.ts";

/** An adapter with the features and limits that are used. */
export interface AdapterChoice {
  /** The adapter. */
  readonly adapter: GPUAdapter;
  /** Name, as the driver gives it. */
  readonly name: string;
  /** Whether it is a software rasteriser. */
  readonly software: boolean;
  /** Family, for tile plans. */
  readonly adapterClass: AdapterClass;
  /** Features that were granted when asked for one by one. */
  readonly features: readonly string[];
}

/** Features the kernels know how to use. */
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

/**
 * The most powerful adapter of `gpu`, or undefined when there is none.
 */
export async function chooseAdapter(gpu: GPU | undefined): Promise<AdapterChoice | undefined> {
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return undefined;
  const { info } = adapter;
  const name = info.description || info.device || "unnamed adapter";
  const software = /llvmpipe|lavapipe|swiftshader/i.test(name);
  const features: string[] = [];
  for (const feature of WANTED_FEATURES) {
    if (await grants(adapter, feature)) features.push(feature);
  }
  return {
    adapter,
    name,
    software,
    adapterClass: software ? "cpu" : VENDORS[info.vendor.toLowerCase()] ?? "unknown",
    features,
  };
}

async function grants(adapter: GPUAdapter, feature: string): Promise<boolean> {
  try {
    const device = await adapter.requestDevice({ requiredFeatures: [feature as GPUFeatureName] });
    device.destroy();
    return true;
  } catch {
    return false; // refusal is the answer, not an error
  }
}

const LIMITS = [
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
  const requiredLimits = Object.fromEntries(
    LIMITS.map((limit) => [limit, choice.adapter.limits[limit]]),
  );
  try {
    return await choice.adapter.requestDevice({
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

/** The message of whatever was thrown; WebGPU errors are not instances of Error in Deno. */
export function messageOf(error: unknown): string {
  return (error as { message?: string } | undefined)?.message ?? String(error);
}
