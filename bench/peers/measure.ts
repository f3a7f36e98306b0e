/**
 * Measurement of peers in turns, so that other load affects all of them equally.
 *
 * @module
 */
import type { PeerSession, Sample } from "./peer.ts";

/** Most steps of a sample: losses of so many are kept on a device. */
const MAX_STEPS = 256;

/** Rounds that are measured whatever they take. */
export const MIN_ROUNDS = 2;

/** How much is measured. */
export interface MeasureOptions {
  /** Samples of every peer. */
  readonly rounds: number;
  /** Shortest sample, milliseconds. */
  readonly sampleMs: number;
  /** No further round begins after this long, milliseconds, except for the second. */
  readonly budgetMs: number;
}

/** What one peer needs for a step, by round. */
export interface StepTimes {
  /** Milliseconds. */
  readonly ms: readonly number[];
  /** Milliseconds of processor time. */
  readonly cpuMs: readonly number[];
  /** Steps of a sample. */
  readonly steps: number;
  /** Loss of the first step, nats per token. */
  readonly firstLoss: number;
}

/** A session that can be run. */
type Runnable = Pick<PeerSession, "run">;

/** A session after its first steps. */
export interface WarmSession {
  /** The session. */
  readonly session: Runnable;
  /** Loss of its first step, nats per token. */
  readonly firstLoss: number;
  /** Milliseconds of its second step. */
  readonly stepMs: number;
}

/** Runs the first two steps of a session. */
export async function warmUp(session: Runnable): Promise<WarmSession> {
  const { loss: firstLoss } = await session.run(1);
  const { ms: stepMs } = await session.run(1);
  return { session, firstLoss, stepMs };
}

/** Measures in turns, every second round in the opposite order. */
export async function measureInTurns(
  sessions: readonly WarmSession[],
  { rounds, sampleMs, budgetMs }: MeasureOptions,
): Promise<StepTimes[]> {
  const startMs = performance.now();
  const peers = sessions.map(({ session, firstLoss, stepMs }) => ({
    session,
    firstLoss,
    steps: Math.min(MAX_STEPS, Math.max(1, Math.ceil(sampleMs / stepMs))),
    samples: [] as Sample[],
  }));
  for (let round = 0; round < rounds; round++) {
    if (round >= MIN_ROUNDS && performance.now() - startMs > budgetMs) break;
    for (const { session, steps, samples } of round % 2 === 0 ? peers : peers.toReversed()) {
      samples.push(await session.run(steps));
    }
  }
  return peers.map(({ steps, samples, firstLoss }) => ({
    ms: samples.map(({ ms }) => ms / steps),
    cpuMs: samples.map(({ cpuMs }) => cpuMs / steps),
    steps,
    firstLoss,
  }));
}
