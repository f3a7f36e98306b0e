/**
 * Layout of rows on the lanes of a workgroup, for kernels that reduce every row.
 *
 * @module
 */
import type { DeviceLimits } from "@transformer-xl/runtime/core";

/** Constants of a kernel that reduces rows. */
export interface RowLanes {
  /** Lanes of one row. */
  readonly LANES: number;
  /** Rows of a workgroup. */
  readonly ROWS: number;
}

/**
 * One row per lane of a vector on a processor, where exchanging sums costs more than strided loads;
 * a subgroup's worth of neighbouring lanes per row on a GPU, where neighbours load together.
 */
export function rowLanes({ adapterClass }: DeviceLimits): RowLanes {
  return adapterClass === "cpu" ? { LANES: 1, ROWS: 8 } : { LANES: 32, ROWS: 4 };
}
