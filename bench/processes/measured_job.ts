/**
 * A measured job: ranks of one program with a GPU each, of which rank 0 prints what it measured as
 * JSON.
 *
 * @module
 */
import {
  assignGpus,
  GpuDevice,
  launch,
  listAdapters,
  openGroup,
  type ProcessGroup,
  rankEnvironment,
  sameProgram,
  selectGpu,
  SoloGroup,
  useWebGpu,
} from "@transformer-xl/runtime";

/** A job. */
export interface MeasuredJob {
  /** Processes. */
  readonly size: number;
  /** Whether they may share a GPU or the software driver. */
  readonly oversubscribe: boolean;
  /** Longest wait for another process. */
  readonly timeoutMs: number;
}

/**
 * Measures as one rank; without a launcher, launches all ranks of the job, this program with its
 * arguments.
 *
 * @returns exit code
 */
export async function runMeasuredJob(
  { size, oversubscribe, timeoutMs }: MeasuredJob,
  measure: (device: GpuDevice, group: ProcessGroup) => Promise<unknown>,
): Promise<number> {
  const environment = rankEnvironment();
  const isAlone = size === 1;
  if (!isAlone && environment.launchedBy === "none") {
    const ranks = { size, heartbeatMs: timeoutMs, showRanks: "first" } as const;
    return await launch({ ...sameProgram(Deno.args), ...ranks });
  }
  if (!isAlone) {
    const { localRank, localSize } = environment;
    const request = { adapters: await listAdapters(), wanted: localSize, oversubscribe };
    const assigned = assignGpus(request)[localRank];
    if (assigned !== undefined) selectGpu(assigned);
  }
  await using group = isAlone ? new SoloGroup() : await openGroup({ environment, timeoutMs });
  await useWebGpu();
  using device = await GpuDevice.open();
  const measured = await measure(device, group);
  if (group.rank === 0) console.log(JSON.stringify(measured));
  return 0;
}
