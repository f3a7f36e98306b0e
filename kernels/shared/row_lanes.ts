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
 * On a CPU one row per vector lane, since exchanging sums costs more than strided loads; on a GPU a
 * subgroup of neighbouring lanes per row, for coalesced loads.
 */
export function rowLanes({ adapterClass }: DeviceLimits): RowLanes {
  return adapterClass === "cpu" ? { LANES: 1, ROWS: 8 } : { LANES: 32, ROWS: 4 };
}
