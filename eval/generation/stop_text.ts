/**
 * The end of a text at the first of some strings. Text that may begin one of them is held back.
 *
 * @module
 */

/** Cuts a text that arrives in pieces before the first stop string. */
export class StopText {
  readonly #stops: readonly string[];
  #held = "";
  #isStopped = false;

  /** @param stops strings that end the text, none of them empty */
  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** Whether a stop string was found. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The text that certainly comes before any stop string; none after one. */
  push(text: string): string {
    if (this.#isStopped) return "";
    const all = this.#held + text;
    const start = firstStop(all, this.#stops);
    if (start !== undefined) {
      this.#isStopped = true;
      this.#held = "";
      return all.slice(0, start);
    }
    const held = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)));
    this.#held = all.slice(all.length - held);
    return all.slice(0, all.length - held);
  }

  /** The text that was held back: no stop string follows. */
  end(): string {
    const text = this.#held;
    this.#held = "";
    return text;
  }
}

/**
 * Start of the stop string that is complete first, of several the longest: so the result does not
 * depend on the pieces in which a text arrives.
 */
function firstStop(text: string, stops: readonly string[]): number | undefined {
  return stops.map((stop) => ({ start: text.indexOf(stop), end: text.indexOf(stop) + stop.length }))
    .filter(({ start }) => start >= 0)
    .sort((a, b) => a.end - b.end || a.start - b.start)[0]?.start;
}

/** Length of the longest end of a text with which a stop string begins. */
function overlap(text: string, stop: string): number {
  let length = Math.min(text.length, stop.length - 1);
  while (length > 0 && !text.endsWith(stop.slice(0, length))) length--;
  return length;
}
