/**
 * Properties of a device that ops may use while recording: enough to choose tiles and split tables.
 * A plan recorded for these limits runs on any executor.
 *
 * @module
 */

/** Families of adapters that share tile plans. */
export const ADAPTER_CLASSES = ["cpu", "nvidia", "amd", "intel", "apple", "unknown"] as const;

/** One of {@link ADAPTER_CLASSES}. */
export type AdapterClass = typeof ADAPTER_CLASSES[number];

/**
 * Sums of products of halves: in float32, or at most 32 steps of k in half precision, whose sums are
 * added in float32.
 */
export const HALF_SUMS = ["float32", "packed"] as const;

/** One of {@link HALF_SUMS}. */
export type HalfSums = typeof HALF_SUMS[number];

/**
 * Units that multiply small matrices of halves for a whole subgroup at once, [M, K] x [K, N], with
 * sums in float32.
 */
export interface MatrixUnits {
  /** Rows of the result. */
  readonly M: number;
  /** Columns of the result. */
  readonly N: number;
  /** Length of the sums. */
  readonly K: number;
  /** Invocations of every subgroup. */
  readonly lanes: number;
}

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
  /**
   * False where fused attention runs as loops and its products do not, so that attention is
   * materialised whatever its size; true by default.
   */
  readonly fusedAttention?: boolean;
  /** How matrix products of halves are summed where a device gains by packed sums; float32 by default. */
  readonly halfSums?: HalfSums;
  /** Matrix units that products of halves are to use. */
  readonly matrixUnits?: MatrixUnits;
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
