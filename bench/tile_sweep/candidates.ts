/**
 * Tile plans to try on an adapter: a coarse grid first, then the neighbours of the fastest.
 *
 * @module
 */
import {
  type MatmulProblem,
  needsWholeSums,
  PLAIN_EPILOGUE,
  type TilePlan,
  tileResources,
} from "@transformer-xl/kernels";

/** What an adapter allows a kernel. */
export interface TileLimits {
  /** Invocations of a workgroup. */
  readonly maxComputeInvocationsPerWorkgroup: number;
  /** Invocations of a workgroup along x. */
  readonly maxComputeWorkgroupSizeX: number;
  /** Workgroup memory in bytes. */
  readonly maxComputeWorkgroupStorageSize: number;
  /** Largest range of a binding in bytes: partial sums must fit. */
  readonly maxStorageBufferBindingSize: number;
}

const EXTENTS = [128, 64, 32];
const WARP_EXTENTS = { rows: [256, 128, 64, 32], columns: [256, 128, 64] };

/** Tiles, parts of subgroups and depths of matrix units; those in software compile for minutes if large. */
const MATRIX = {
  gpu: {
    extents: [256, 128, 64],
    parts: [[64, 32], [32, 32], [32, 64], [64, 64], [16, 32]],
    depths: [32, 16, 64],
  },
  cpu: { extents: [32], parts: [[16, 16], [8, 16]], depths: [16, 8] },
} as const;

const DEPTHS = [16, 8, 32];
const MICRO_TILES = [[8, 8], [8, 4], [4, 8], [4, 4]] as const;
const LANE_ROWS = [8, 16, 24, 32];
const LANE_COLUMNS = [2, 4];
const DIRECT_ROWS = [4, 8, 16];
const DIRECT_COLUMNS = [2, 4, 8];
const PARTS = [1, 2, 4, 8, 16];

/** Sums shorter than this are not worth a part of their own. */
const SHORTEST_PART = 128;

/** Fewer invocations than this leave lanes of every GPU idle. */
const FEWEST_INVOCATIONS = 32;

/** The reduction of parts dispatches one workgroup per row; a dimension holds this many. */
const TALLEST_SPLIT = 65_535;

/**
 * Every tile and micro-tile at one depth, with the loads and parts that the table chose; within the
 * limits.
 *
 * @param table the table's plan
 */
export function coarseCandidates(
  problem: MatmulProblem,
  table: TilePlan,
  limits: TileLimits,
): TilePlan[] {
  const tiles = [
    ...(problem.matrixUnits ? matrixTiles(problem) : []),
    ...(problem.adapterClass === "cpu"
      ? laneTiles(problem.subgroups)
      : [...(problem.aligned ? warpTiles() : []), ...workgroupTiles()]),
  ];
  return tiles.map((tile) => changed(problem, table, tile))
    .filter((plan) => isAllowed(plan, problem, limits));
}

/** Plans that differ from a fast one in depth, loads or parts; within the limits. */
export function neighbours(
  problem: MatmulProblem,
  plan: TilePlan,
  limits: TileLimits,
): TilePlan[] {
  const staged = plan.stage === "workgroup" || plan.stage === "warp";
  const depths = plan.stage === "matrix" ? matrixRow(problem).depths : staged ? DEPTHS : [];
  const changes: Partial<TilePlan>[] = [
    ...PARTS.map((splitK) => ({
      splitK,
      epilogue: splitK > 1 ? PLAIN_EPILOGUE : problem.epilogue,
    })),
    ...depths.map((tileK) => ({ tileK })),
    ...(plan.stage === "workgroup" && problem.aligned ? [{ vec4: !plan.vec4 }] : []),
  ];
  return changes.map((change) => changed(problem, plan, change))
    .filter((other) => planKey(other) !== planKey(plan) && isAllowed(other, problem, limits));
}

/** Equal for equal plans. */
export function planKey(plan: TilePlan): string {
  const { stage, tileM, tileN, tileK, microM, microN, vec4, packedSums = false, splitK } = plan;
  return [stage, tileM, tileN, tileK, microM, microN, vec4, packedSums, splitK].join();
}

/** A plan with another tile or depth, its loads and their tests as the problem needs them. */
function changed(
  { K, fixedK = false, aligned = false, adapterClass, matrixUnits }: MatmulProblem,
  plan: TilePlan,
  change: Partial<TilePlan>,
): TilePlan {
  const { wholeTurns: _w, packedSums, units: _u, ...other } = { ...plan, ...change };
  const wholeTurns = fixedK && K % other.tileK === 0;
  switch (other.stage) {
    case "matrix":
      return { ...other, vec4: true, wholeTurns, units: matrixUnits! };
    case "warp":
      return { ...other, vec4: true, wholeTurns, ...(packedSums && { packedSums }) };
    default:
      return { ...other, vec4: change.vec4 ?? (aligned && adapterClass !== "cpu") };
  }
}

type TileShape = Pick<TilePlan, "stage" | "tileM" | "tileN" | "tileK" | "microM" | "microN">;

function workgroupTiles(): TileShape[] {
  const extents = EXTENTS.flatMap((tileM) => EXTENTS.map((tileN) => ({ tileM, tileN })));
  return extents.flatMap(({ tileM, tileN }) =>
    MICRO_TILES.map(([microM, microN]) => (
      { stage: "workgroup", tileM, tileN, tileK: DEPTHS[0]!, microM, microN } as const
    ))
  );
}

function matrixRow({ adapterClass }: MatmulProblem): typeof MATRIX["gpu" | "cpu"] {
  return MATRIX[adapterClass === "cpu" ? "cpu" : "gpu"];
}

function matrixTiles(problem: MatmulProblem): TileShape[] {
  const { extents, parts, depths } = matrixRow(problem);
  return extents.flatMap((tileM) =>
    extents.flatMap((tileN) =>
      parts.map(([microM, microN]) => (
        { stage: "matrix", tileM, tileN, tileK: depths[0], microM, microN } as const
      ))
    )
  );
}

function warpTiles(): TileShape[] {
  return WARP_EXTENTS.rows.flatMap((tileM) =>
    WARP_EXTENTS.columns.map((tileN) => (
      { stage: "warp", tileM, tileN, tileK: DEPTHS[0]!, microM: 8, microN: 8 } as const
    ))
  );
}

function laneTiles(subgroups: boolean): TileShape[] {
  const stage = subgroups ? "subgroup" : "direct";
  const [rows, columns] = subgroups ? [LANE_ROWS, LANE_COLUMNS] : [DIRECT_ROWS, DIRECT_COLUMNS];
  return rows.flatMap((microM) =>
    columns.map((microN) => (
      { stage, tileM: microM, tileN: 8 * microN, tileK: 2, microM, microN } as const
    ))
  );
}

function isAllowed(
  plan: TilePlan,
  { batches, M, N, K, epilogue }: MatmulProblem,
  limits: TileLimits,
): boolean {
  if (plan.splitK > 1) {
    const whole = batches > 1 || M > TALLEST_SPLIT || needsWholeSums(epilogue);
    const bytes = 4 * plan.splitK * M * N;
    if (whole || K / plan.splitK < SHORTEST_PART) return false;
    if (bytes > limits.maxStorageBufferBindingSize) return false;
  }
  const { workgroupSize, workgroupBytes } = tileResources(plan);
  const most = Math.min(
    limits.maxComputeInvocationsPerWorkgroup,
    limits.maxComputeWorkgroupSizeX,
  );
  return workgroupSize <= most && workgroupBytes <= limits.maxComputeWorkgroupStorageSize &&
    (isLane(plan) || workgroupSize >= FEWEST_INVOCATIONS);
}

/** Whether a plan is one of software drivers. */
export function isLane({ stage }: Pick<TilePlan, "stage">): boolean {
  return stage === "subgroup" || stage === "direct";
}
