/**
 * Properties of a device that ops may use while recording: enough to choose tiles and split tables.
 * A plan recorded for these limits runs on any executor.
 *
 * @module
 */

/** Families of adapters that share tile plans. */
export type AdapterClass = "cpu" | "nvidia" | "amd" | "intel" | "apple" | "unknown";

/** Device properties that affect a recording. */
export interface DeviceLimits {
  /** Family of the adapter. */
  readonly adapterClass: AdapterClass;
  /** Whether subgroup operations compile. */
  readonly subgroups: boolean;
  /** Largest range one binding may cover, in bytes; 128 MiB is the WebGPU floor. */
  readonly maxBindingBytes: number;
  /** Largest buffer in bytes. */
  readonly maxBufferBytes: number;
  /** Largest dispatch along one dimension. */
  readonly maxWorkgroups: number;
}

/** Ranges of flat buffers start at multiples of this, in bytes (the WebGPU floor). */
export const OFFSET_ALIGNMENT = 256;

/** Default limits of the reference executor, which every WebGPU device has. */
export const PORTABLE_LIMITS: DeviceLimits = {
  adapterClass: "cpu",
  subgroups: false,
  maxBindingBytes: 128 * 2 ** 20,
  maxBufferBytes: 256 * 2 ** 20,
  maxWorkgroups: 65_535,
};
