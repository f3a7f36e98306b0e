/**
 * The roles of a program that may run as several processes: single process, launcher, or rank of a
 * job.
 *
 * @module
 */
import { assignGpus, listAdapters, selectGpu } from "../machine/select_gpu.ts";
import type { DeviceChoice } from "../plan/device.ts";
import type { Facts } from "./same_facts.ts";
import { launch } from "./launcher/launch.ts";
import { openGroup } from "./open_group.ts";
import type { ProcessGroup } from "./process_group.ts";
import { type RankEnvironment, rankEnvironment } from "./rank_environment.ts";
import { sameProgram } from "./launcher/same_program.ts";
import { SoloGroup } from "./solo_group.ts";
import { dirname, resolve } from "node:path";
import {
  allOnCpu,
  MAX_TIMER_MS,
  otherCount,
  ownLauncherNeeded,
  type ProcessSettings,
} from "./process_flags.ts";

/** Minimum time limit of one operation. */
const LEAST_WAIT_MS = 3_600_000;

/** Settings of the role. */
export interface ProcessRequest {
  /** Settings of the processes. */
  readonly settings: ProcessSettings & { readonly device: DeviceChoice };
  /** Whether `--gpus` was given, and not left at its default. */
  readonly gpusGiven: boolean;
  /** Facts that must be equal on all ranks before they connect. */
  readonly facts: Facts;
  /** Files and folders that the processes use. */
  readonly paths: readonly string[];
  /** Words of the command line, for the processes that are launched. */
  readonly argv: readonly string[];
  /** Rejects a number of processes that cannot share the work, before any is launched. */
  check(processes: number): void;
  /** Called by the launcher before it starts the ranks, to release its resources. */
  launching?(): void;
}

/**
 * Runs `work` alone or as a rank of a job, or launches the job and waits for it.
 *
 * @returns exit code
 * @throws {ConfigError} when there are fewer GPUs than requested, or the processes cannot share the
 * work
 * @throws {GroupError} when another rank has ended
 */
export async function inProcesses(
  request: ProcessRequest,
  work: (group: ProcessGroup) => Promise<number>,
): Promise<number> {
  const { settings, argv, check } = request;
  const environment = rankEnvironment();
  if (environment.launchedBy === "none") {
    const size = await processCount(settings);
    check(size);
    if (size === 1) return await work(new SoloGroup());
    if (settings.backend === "mpi") throw ownLauncherNeeded(size);
    request.launching?.();
    return await launch({
      ...sameProgram(argv, [...request.paths, temporaryFolder()]),
      size,
      heartbeatMs: 1000 * settings.heartbeatS,
      showRanks: settings.logAllRanks ? "all" : "first",
    });
  }
  checkAsked(request, environment);
  await using group = await openGroup({
    environment,
    backend: settings.backend,
    // This program's launcher watches every rank; under another one the ranks watch each other.
    silenceMs: environment.launchedBy === "own" ? undefined : 1000 * settings.heartbeatS,
    timeoutMs: Math.min(MAX_TIMER_MS, Math.max(LEAST_WAIT_MS, 10_000 * settings.heartbeatS)),
    settings: request.facts,
  });
  return await work(group);
}

/** Parent of the job's folder. */
function temporaryFolder(): string {
  const folder = Deno.makeTempDirSync();
  Deno.removeSync(folder);
  return dirname(resolve(folder));
}

/** Processes on this machine; rejects more than there are GPUs. */
async function processCount(
  { gpus, oversubscribe, device }: ProcessRequest["settings"],
): Promise<number> {
  if (gpus === 1) return 1;
  if (device !== "cpu") {
    return assignGpus({ adapters: await listAdapters(), wanted: gpus, oversubscribe }).length;
  }
  if (gpus !== "all") return gpus;
  throw allOnCpu();
}

/** Rejects a `--gpus` that contradicts the launcher of the processes. */
function checkAsked(
  { settings: { gpus }, gpusGiven }: ProcessRequest,
  { launchedBy, localSize }: RankEnvironment,
): void {
  if (!gpusGiven || launchedBy === "own" || gpus === "all" || gpus === localSize) return;
  throw otherCount(gpus, launchedBy, localSize);
}

/**
 * Makes the GPU of this process of a job the one that WebGPU finds first. Call it before a device
 * is opened; a single process keeps the default adapter.
 *
 * @throws {ConfigError} when there are fewer GPUs than processes on this machine
 */
export async function takeGpu(
  { oversubscribe, device }: Pick<ProcessRequest["settings"], "oversubscribe" | "device">,
  { launchedBy, localRank, localSize }: RankEnvironment = rankEnvironment(),
): Promise<void> {
  if (device === "cpu" || launchedBy === "none") return;
  const adapters = await listAdapters();
  const assigned = assignGpus({ adapters, wanted: localSize, oversubscribe })[localRank];
  if (assigned !== undefined) selectGpu(assigned);
}
