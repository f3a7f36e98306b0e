/**
 * Speed of generation: the time of the prompt, and of the tokens after the first.
 *
 * @module
 */
import type { GeneratedToken } from "../generator.ts";

/** Times of a text, in milliseconds of the clock. */
export interface SpeedTimes {
  /** Tokens of the prompt. */
  readonly promptTokens: number;
  /** Tokens generated, those of all samples. */
  readonly tokens: number;
  /** When the prompt was begun. */
  readonly startMs: number;
  /** When the first token arrived. */
  readonly firstMs: number;
  /** When the last token arrived. */
  readonly lastMs: number;
}

/** Times tokens as they arrive. */
export class SpeedMeter {
  readonly #promptTokens: number;
  readonly #now: () => number;
  readonly #startMs: number;
  #firstMs: number;
  #lastMs: number;
  #tokens = 0;
  #positions = 0;

  /**
   * Starts with the prompt.
   *
   * @param now clock in milliseconds
   */
  constructor(promptTokens: number, now: () => number = () => performance.now()) {
    this.#promptTokens = promptTokens;
    this.#now = now;
    this.#startMs = this.#firstMs = this.#lastMs = now();
  }

  /** Counts a token that has arrived. */
  count({ position }: Pick<GeneratedToken, "position">): void {
    this.#lastMs = this.#now();
    if (this.#tokens++ === 0) this.#firstMs = this.#lastMs;
    this.#positions = position + 1;
  }

  /** The times so far. */
  get times(): SpeedTimes {
    return {
      ...{ promptTokens: this.#promptTokens, tokens: this.#tokens },
      ...{ startMs: this.#startMs, firstMs: this.#firstMs, lastMs: this.#lastMs },
    };
  }

  /** The speed so far on one line. */
  line(samples: number): string {
    const tokens = this.#tokens === 1 ? "1 token" : `${this.#tokens} tokens`;
    const prompt = `prompt of length ${this.#promptTokens} read in ` +
      `${(this.#firstMs - this.#startMs).toFixed(1)} ms`;
    if (this.#positions < 2) return `${tokens} generated; ${prompt}`;
    const ms = (this.#lastMs - this.#firstMs) / (this.#positions - 1);
    const each = samples === 1 ? "ms per token" : `ms for a token of each of ${samples} samples`;
    return `${tokens} generated, ${ms.toFixed(2)} ${each}; ${prompt}`;
  }
}
