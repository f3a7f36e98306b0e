/**
 * Measurement of peers in turns, so that other load affects all of them equally.
 *
 * @module
 */
import type { PeerSession, Sample } from "./peer.ts";

/** Most steps of a sample: losses of so many are kept on a device. */
const MAX_STEPS = 256;

/** Rounds that are measured whatever they take. */
const MIN_ROUNDS = 2;

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
  /** Loss of the last step, nats per token. */
  readonly loss: number;
}

/**
 * Warms every peer up, finds out how many steps make a sample, and measures in turns: every second
 * round in the opposite order.
 */
export async function measureInTurns(
  sessions: readonly Pick<PeerSession, "run">[],
  { rounds, sampleMs, budgetMs }: MeasureOptions,
): Promise<StepTimes[]> {
  const startMs = performance.now();
  const peers: { session: Pick<PeerSession, "run">; steps: number; samples: Sample[] }[] = [];
  for (const session of sessions) {
    await session.run(1);
    const { ms } = await session.run(1);
    const steps = Math.min(MAX_STEPS, Math.max(1, Math.ceil(sampleMs / ms)));
    peers.push({ session, steps, samples: [] });
  }
  for (let round = 0; round < rounds; round++) {
    if (round >= MIN_ROUNDS && performance.now() - startMs > budgetMs) break;
    for (const { session, steps, samples } of round % 2 === 0 ? peers : peers.toReversed()) {
      samples.push(await session.run(steps));
    }
  }
  return peers.map(({ steps, samples }) => ({
    ms: samples.map(({ ms }) => ms / steps),
    cpuMs: samples.map(({ cpuMs }) => cpuMs / steps),
    steps,
    loss: samples.at(-1)!.loss,
  }));
}
