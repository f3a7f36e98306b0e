/**
 * How long another process has given no sign of life.
 *
 * @module
 */

const BEATS_PER_SILENCE = 4;

/** Counts the silence of one process, by the beats of this one. */
export class SilenceWatch {
  /** Time between two beats of this process. */
  readonly periodMs: number;
  readonly #silenceMs: number;
  #lastHeardMs = performance.now();
  #lastBeatMs = performance.now();

  /** @param silenceMs time without a sign of life after which the other process counts as hung */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
    this.periodMs = silenceMs / BEATS_PER_SILENCE;
  }

  /** Whether this process has to give a sign of life. */
  get isDue(): boolean {
    return performance.now() - this.#lastBeatMs >= this.periodMs;
  }

  /** Notes a sign of life of the other process. */
  hear(): void {
    this.#lastHeardMs = performance.now();
  }

  /**
   * Notes a beat of this process.
   *
   * @returns how long the other process has been silent, when that is too long
   */
  beat(): number | undefined {
    const nowMs = performance.now();
    const wasAway = nowMs - this.#lastBeatMs > this.#silenceMs / 2; // stopped: what was said waits
    this.#lastBeatMs = nowMs;
    if (wasAway) this.#lastHeardMs = nowMs;
    const silentMs = nowMs - this.#lastHeardMs;
    return silentMs > this.#silenceMs ? silentMs : undefined;
  }
}
