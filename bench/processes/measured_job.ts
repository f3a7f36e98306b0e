/**
 * A measured job: ranks of one program with a device each, of which rank 0 prints what it measured
 * as JSON.
 *
 * @module
 */
import {
  type Device,
  type DeviceChoice,
  launch,
  openDevice,
  openGroup,
  type ProcessGroup,
  rankEnvironment,
  sameProgram,
  SoloGroup,
  takeGpu,
  useWebGpuFor,
} from "@transformer-xl/runtime";

/** A job. */
export interface MeasuredJob {
  /** Processes. */
  readonly size: number;
  /** Where they run, as in training. */
  readonly device: DeviceChoice;
  /** Whether they compute in half precision. */
  readonly halves?: boolean;
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
  { size, device: choice, halves = false, oversubscribe, timeoutMs }: MeasuredJob,
  measure: (device: Device, group: ProcessGroup) => Promise<unknown>,
): Promise<number> {
  const environment = rankEnvironment();
  const isAlone = size === 1;
  if (!isAlone && environment.launchedBy === "none") {
    const ranks = { size, heartbeatMs: timeoutMs, showRanks: "first" } as const;
    return await launch({ ...sameProgram(Deno.args), ...ranks });
  }
  if (!isAlone) await takeGpu({ device: choice, oversubscribe }, environment);
  await using group = isAlone ? new SoloGroup() : await openGroup({ environment, timeoutMs });
  await useWebGpuFor({ device: choice });
  using device = await openDevice(choice, () => {}, { halves });
  const measured = await measure(device, group);
  if (group.rank === 0) console.log(JSON.stringify(measured));
  return 0;
}
