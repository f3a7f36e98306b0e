/**
 * Tile plans of fused attention: how a workgroup splits a block of scores, rows by keys.
 *
 * @module
 */
import type { DeviceLimits } from "@transformer-xl/runtime/core";

/**
 * Where the operands of a block of scores live while they are multiplied.
 *
 * - `subgroup`: registers of one 8-lane subgroup; rows are passed around by subgroupBroadcast.
 * - `direct`: registers of one lane; every lane loads all rows itself.
 * - `workgroup`: workgroup memory, in chunks of the head width.
 */
export type FusedStage = "subgroup" | "direct" | "workgroup";

/** Plan of a fused kernel. Equal plans give equal WGSL. */
export interface FusedPlan {
  /** Where operands live. */
  readonly stage: FusedStage;
  /** Lanes side by side along keys, and along columns of a head. */
  readonly lanesX: number;
  /** Lanes along rows. */
  readonly lanesY: number;
  /** Rows of a lane. */
  readonly microRows: number;
  /** Neighbouring keys of a lane, a multiple of 4. */
  readonly microKeys: number;
  /** Groups of 4 columns of a lane. */
  readonly columnGroups: number;
  /** Whether scores have a part by position. */
  readonly positions: boolean;
  /** Whether a bias of distances is added to it. */
  readonly distanceBias: boolean;
  /** Where the dropout of the probabilities comes from. */
  readonly mask: MaskKind;
  /** Bind operands as arrays of vec4: for `workgroup` plans, where the head width is a multiple of 4. */
  readonly vec4: boolean;
  /** `workgroup`: columns of a head in a turn of the multiply loop. */
  readonly unrolled: number;
}

/** Columns of a turn on a GPU. */
const UNROLLED = 4;

/** A dropout of probabilities: none, drawn from a counter, or given as an array. */
export type MaskKind = "none" | "philox" | "given";

/** What a plan takes over from the operands. */
export type ScoreKind = Pick<FusedPlan, "positions" | "distanceBias" | "mask">;

/** Sizes of the blocks of a plan. */
export interface BlockSizes {
  /** Rows of queries. */
  readonly rows: number;
  /** Keys. */
  readonly keys: number;
  /** Columns of a head. */
  readonly columns: number;
}

/** Blocks of one workgroup. */
export function blocksOf(plan: FusedPlan): BlockSizes {
  return {
    rows: plan.lanesY * plan.microRows,
    keys: plan.lanesX * plan.microKeys,
    columns: 4 * plan.lanesX * plan.columnGroups,
  };
}

/** Below this many scores of a head, a kernel of a CPU runs less long than a large tile compiles. */
const SMALL_PROBLEM = 4096;

/**
 * The plan of a forward pass. On a CPU one 8-lane vector owns a block, in 12 KiB of workgroup memory;
 * on a GPU 64 lanes share 13 KiB. Every adapter has 16.
 *
 * cpu, measured on Mesa 25 lavapipe, two Zen 3 cores, 192 rows over 384 keys: 16 x 8 is as fast as
 * 24 x 4 and compiles twice as fast; 16 x 4 and 8 x 8 are slower.
 */
export function forwardPlan(
  { adapterClass, subgroups }: Pick<DeviceLimits, "adapterClass" | "subgroups">,
  { Q, K, H }: { readonly Q: number; readonly K: number; readonly H: number },
  scores: ScoreKind,
): FusedPlan {
  const columnGroups = H <= 32 ? 1 : 2;
  if (adapterClass !== "cpu") {
    const shape = { lanesX: 8, lanesY: 8, microRows: 4, microKeys: 4 };
    return {
      stage: "workgroup",
      ...shape,
      columnGroups,
      ...scores,
      vec4: H % 4 === 0,
      unrolled: UNROLLED,
    };
  }
  const micro = Q * K < SMALL_PROBLEM
    ? { microRows: 8, microKeys: 4 }
    : { microRows: 16, microKeys: 8 };
  const shape = { lanesX: 8, lanesY: 1, ...micro };
  const stage = subgroups ? "subgroup" : "direct";
  return { stage, ...shape, columnGroups, ...scores, vec4: false, unrolled: 1 };
}

/**
 * The plan of the derivative. On a GPU 128 lanes share blocks of 32 rows and 64 keys, in 18 KiB of
 * workgroup memory; on a CPU one 8-lane vector has 8 rows and 16 keys, since a software driver compiles
 * the large blocks for minutes. A lane owns 4 x 4 scores, 4 keys with 8 columns, and 4 rows with 4
 * columns.
 */
export function backwardPlan(
  { adapterClass }: Pick<DeviceLimits, "adapterClass">,
  { H }: { readonly H: number },
  scores: ScoreKind,
): FusedPlan {
  const shape = { microRows: 4, microKeys: 4, columnGroups: 1 };
  const lanes = adapterClass === "cpu"
    ? { lanesX: 4, lanesY: 2, vec4: false, unrolled: 1 }
    : { lanesX: 16, lanesY: 8, vec4: H % 4 === 0, unrolled: UNROLLED };
  return { stage: "workgroup", ...shape, ...lanes, ...scores };
}
