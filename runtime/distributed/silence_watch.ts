/**
 * Time since the last heartbeat of another process.
 *
 * @module
 */

const BEATS_PER_SILENCE = 4;

/** Silence of another rank, measured in beats of this one. */
export class SilenceWatch {
  /** Time between two beats of this process. */
  readonly periodMs: number;
  readonly #silenceMs: number;
  #lastHeardMs = performance.now();
  #lastBeatMs = performance.now();

  /** @param silenceMs time without a heartbeat before the other rank is considered hung */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
    this.periodMs = silenceMs / BEATS_PER_SILENCE;
  }

  /** Whether this rank has to send a heartbeat. */
  get isDue(): boolean {
    return performance.now() - this.#lastBeatMs >= this.periodMs;
  }

  /** Records a heartbeat of the other rank. */
  hear(): void {
    this.#lastHeardMs = performance.now();
  }

  /**
   * Records a beat of this rank.
   *
   * @returns time since the last heartbeat of the other rank, if that is too long
   */
  beat(): number | undefined {
    const nowMs = performance.now();
    const wasAway = nowMs - this.#lastBeatMs > this.#silenceMs / 2; // this process was stopped: heartbeats are queued
    this.#lastBeatMs = nowMs;
    if (wasAway) this.#lastHeardMs = nowMs;
    const silentMs = nowMs - this.#lastHeardMs;
    return silentMs > this.#silenceMs ? silentMs : undefined;
  }
}
