/**
 * The generator of matmul kernels from a tile plan. Unrolled code makes these kernels fast, because
 * every WGSL loop carries a hidden trip counter; so they are generated, as fused attention is.
 *
 * @module
 */
import { isPlain } from "./epilogue.ts";
import { lanes } from "./tile_plan.ts";
import type { TilePlan } from "./tile_plan.ts";
import { laneTileSource } from "./tile_lanes.ts";
import {
  fitsMatrix,
  type MatrixPlan,
  matrixResources,
  matrixTileSource,
} from "./matrix/tile_matrix.ts";
import { warp, warpResources, warpTileSource } from "./tile_warp.ts";
import { workgroupTileSource } from "./tile_workgroup.ts";

export { type Epilogue, needsWholeSums, PLAIN_EPILOGUE } from "./epilogue.ts";
export type { MatmulForm, TilePlan, TileStage } from "./tile_plan.ts";

/** A generated kernel and the properties that its launches use. */
export interface TileSource {
  /** WGSL text; the entry point is `main`. */
  readonly source: string;
  /** Invocations per workgroup. */
  readonly workgroupSize: number;
  /** Rows of C per workgroup: workgroup y covers rows y * tileM and on. */
  readonly tileM: number;
  /** Columns of C per workgroup: workgroup x covers columns x * tileN and on. */
  readonly tileN: number;
  /** Workgroup memory in bytes. */
  readonly workgroupBytes: number;
}

/**
 * Writes the kernel of a plan.
 *
 * @example
 * ```ts
 * import { tileSource } from "@transformer-xl/kernels";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 *
 * const { source, workgroupSize } = tileSource({
 *   form: "NT", stage: "subgroup", tileM: 8, tileN: 16, tileK: 2, microM: 8, microN: 2,
 *   vec4: false, splitK: 1, epilogue: { bias: false, relu: false, accumulate: false },
 * });
 * assertEquals(workgroupSize, 8);
 * assertStringIncludes(source, "subgroupBroadcast");
 * ```
 *
 * @throws {RangeError} When the plan's numbers do not divide one another.
 */
export function tileSource(plan: TilePlan): TileSource {
  checkPlan(plan);
  const { tileM, tileN } = plan;
  switch (plan.stage) {
    case "matrix":
      return { ...matrixTileSource(plan as MatrixPlan), tileM, tileN };
    case "warp":
      return { ...warpTileSource(plan), tileM, tileN };
    case "workgroup":
      return { ...workgroupTileSource(plan), tileM, tileN };
    default:
      return {
        source: laneTileSource(plan),
        workgroupSize: lanes,
        tileM,
        tileN,
        workgroupBytes: 0,
      };
  }
}

/**
 * What a workgroup of a plan needs, without the text where that is long.
 *
 * @throws {RangeError} see {@link tileSource}
 */
export function tileResources(
  plan: TilePlan,
): Pick<TileSource, "workgroupSize" | "workgroupBytes"> {
  if (plan.stage !== "warp" && plan.stage !== "matrix") return tileSource(plan);
  checkPlan(plan);
  return plan.stage === "warp" ? warpResources(plan) : matrixResources(plan as MatrixPlan);
}

/**
 * Workgroups to dispatch for a C of `rows` x `columns`; z is the batch, or the part of a split sum.
 *
 * @example
 * ```ts
 * import { tileGrid } from "@transformer-xl/kernels";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tileGrid({ tileM: 24, tileN: 32, splitK: 1 }, 50, 33, 6), [2, 3, 6]);
 * ```
 */
export function tileGrid(
  plan: Pick<TilePlan, "tileM" | "tileN" | "splitK">,
  rows: number,
  columns: number,
  batches: number,
): [number, number, number] {
  return [
    Math.ceil(columns / plan.tileN),
    Math.ceil(rows / plan.tileM),
    plan.splitK > 1 ? plan.splitK : batches,
  ];
}

function checkPlan(plan: TilePlan): void {
  const { stage, tileM, tileN, tileK, microM, microN, splitK, epilogue, vec4 } = plan;
  if (!fits(plan)) {
    throw new RangeError(
      `Cannot write a "${stage}" matmul kernel: tile ${tileM} x ${tileN} x ${tileK} with micro-tile ` +
        `${microM} x ${microN}${vec4 ? " and vec4" : ""} does not divide evenly`,
    );
  }
  const isStaged = stage !== "subgroup" && stage !== "direct";
  if (epilogue.dropout && (!isStaged || tileN % 32 !== 0)) {
    throw new RangeError(
      `Cannot write a "${stage}" matmul kernel with dropout and columns in tiles of ${tileN}: masks ` +
        "are drawn in workgroup memory, 32 elements of a row at once",
    );
  }
  if (splitK > 1 && !isPlain(epilogue)) {
    throw new RangeError(
      "Cannot write a matmul kernel with splitK above 1 and an epilogue: partial sums are stored " +
        "plain, let reduce_partials.wgsl accumulate",
    );
  }
}

/** Whether the numbers of a plan divide one another as its stage needs. */
function fits(plan: TilePlan): boolean {
  const { stage, tileM, tileN, tileK, microM, microN, vec4 } = plan;
  switch (stage) {
    case "matrix":
      return fitsMatrix(plan);
    case "warp":
      return microM === warp.micro && microN === warp.micro && tileM % warp.rows === 0 &&
        tileN % warp.columns === 0 && tileK % 4 === 0 && vec4;
    case "workgroup":
      return [microM, microN, tileK].every((size) => size % 4 === 0) && tileM % microM === 0 &&
        tileN % microN === 0;
    default:
      return microM === tileM && microN * lanes === tileN && !vec4 &&
        (stage === "direct" || tileM % lanes === 0);
  }
}
