/**
 * Flags of programs that run as several processes, one per GPU.
 *
 * @module
 */
import { z } from "zod";
import { ConfigError } from "../base/errors.ts";
import { BACKEND_CHOICES, type BackendChoice } from "./open_group.ts";

/** Maximum delay of a timer. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

const processes = { group: "Processes" } as const;

/** Flags of such a program. */
export const processFields = {
  gpus: z.union([z.int().min(1).max(1024), z.literal("all")]).default(1)
    .describe("Processes on this machine, one per GPU; all: one for every GPU")
    .meta({ ...processes, metavar: "N" }),
  oversubscribe: z.boolean().default(false)
    .describe("Allow several processes per GPU, or without a GPU").meta(processes),
  backend: z.enum(BACKEND_CHOICES).default("auto")
    .describe("Communication backend; auto: mpi under mpirun and srun, ring otherwise").meta(
      processes,
    ),
  logAllRanks: z.boolean().default(false).describe(
    "Print and log on every rank; training losses are the rank's own",
  )
    .meta(processes),
  heartbeatS: z.number().positive().max(Math.floor(MAX_TIMER_MS / 1000)).default(300)
    .describe("Seconds without a heartbeat before a process is considered hung")
    .meta(processes),
};

/** The part of a configuration used here. */
export interface ProcessSettings {
  /** Processes on this machine. */
  readonly gpus: number | "all";
  /** Whether several may share an adapter. */
  readonly oversubscribe: boolean;
  /** Communication backend. */
  readonly backend: BackendChoice;
  /** Whether every process prints. */
  readonly logAllRanks: boolean;
  /** Seconds without a heartbeat before a process is considered hung. */
  readonly heartbeatS: number;
}

/** The error of a program that starts processes itself and is told to communicate through MPI. */
export function ownLauncherNeeded(size: number): ConfigError {
  return new ConfigError(
    `Cannot start ${size} processes with --backend mpi: MPI's own launcher has to; ` +
      `leave --gpus out and start the program with mpirun -np ${size}, or use --backend ring`,
  );
}

/** The error for all GPUs where none is used. */
export function allOnCpu(): ConfigError {
  return new ConfigError("Cannot use --gpus all with --device cpu: give a number of processes");
}

/** The error for a number of processes that another launcher has not started. */
export function otherCount(gpus: number, launchedBy: string, localSize: number): ConfigError {
  return new ConfigError(
    `Cannot use --gpus ${gpus}: ${launchedBy} started ${localSize} processes on this machine; ` +
      "leave --gpus out",
  );
}
