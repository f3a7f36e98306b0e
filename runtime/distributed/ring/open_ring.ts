/**
 * Creation of a connected ring from the environment of a rank.
 *
 * @module
 */
import { GroupError } from "../../base/errors.ts";
import type { JobIdentity } from "../job_token.ts";
import type { RankEnvironment } from "../rank_environment.ts";
import { rendezvous } from "./rendezvous.ts";
import { Ring } from "./ring.ts";
import { connectRing, type Transport } from "./ring_links.ts";

/** Options of {@link openRing}. */
export interface RingOptions {
  /** Kind of sockets. */
  readonly transport: Transport;
  /** Time for all processes to arrive. */
  readonly startTimeoutMs: number;
  /** Time for each collective operation; undefined waits forever. */
  readonly timeoutMs: number | undefined;
  /** Time without a heartbeat of a rank; undefined disables the check. */
  readonly silenceMs: number | undefined;
  /** Identity of the job. */
  readonly job: JobIdentity;
}

/**
 * Connects the ranks of this machine. When it resolves, all are connected and no file is left.
 *
 * @throws {GroupError} when ranks are missing, or no meeting point is known
 */
export async function openRing(
  environment: RankEnvironment,
  { transport, startTimeoutMs, timeoutMs, silenceMs, job }: RingOptions,
): Promise<Ring> {
  const { rank, size, ringDir } = environment;
  const deadline = performance.now() + startTimeoutMs;
  const remainingMs = () => Math.max(1, Math.round(deadline - performance.now()));
  const directory = ringDir ?? await meet(environment, startTimeoutMs, job);
  try {
    const place = { rank, size, directory, transport, timeoutMs: remainingMs() };
    const { links, removeFiles } = await connectRing(place);
    const ring = new Ring(rank, size, links, { timeoutMs, silenceMs });
    try {
      await ring.barrier(remainingMs()); // others may still need the files
    } finally {
      await removeFiles();
    }
    return ring;
  } finally {
    const isOurs = ringDir === undefined && rank === 0;
    if (isOurs) await Deno.remove(directory, { recursive: true }).catch(() => {}); // being emptied
  }
}

function meet(
  { rank, size, masterAddr, masterPort, launchedBy }: RankEnvironment,
  timeoutMs: number,
  job: JobIdentity,
): Promise<string> {
  if (masterAddr === undefined || masterPort === undefined) {
    const missing = masterAddr === undefined ? "MASTER_ADDR" : "MASTER_PORT";
    const state = `Cannot form a ring of ${size} processes: ${missing} is not set`;
    if (launchedBy === "torchrun") throw new GroupError(`${state}; set it as torchrun does`);
    throw new GroupError(state, { need: "an address of process 0" });
  }
  return rendezvous({ rank, size, hostname: masterAddr, port: masterPort, timeoutMs, job });
}
