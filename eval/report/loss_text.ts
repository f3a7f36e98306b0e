/**
 * Losses as text of log lines.
 *
 * @module
 */
import { fixed, scientific } from "@transformer-xl/runtime";
import { bitsPerCharacter, perplexity, rawLoss } from "../metrics.ts";

/** Larger perplexities are printed with an exponent. */
const MAX_FIXED_PERPLEXITY = 1e6;

/**
 * A perplexity in a field of `width`: `{:width.digitsf}` as in the reference, above 1e6 `{:.3e}`.
 *
 * @example
 * ```ts
 * import { perplexityText } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(perplexityText(Math.log(22.71), 9, 2), "    22.71");
 * assertEquals(perplexityText(20, 9, 2), "4.852e+08");
 * ```
 */
export function perplexityText(lossNats: number, width: number, digits: number): string {
  const value = perplexity(lossNats);
  return value > MAX_FIXED_PERPLEXITY
    ? scientific(value, 3).padStart(width)
    : fixed(value, width, digits);
}

/** Unit of losses in lines. */
export interface LossStyle {
  /** Bits per character instead of perplexity. */
  readonly characters: boolean;
}

/** `ppl` or `bpc` with the value; `digits` are those of the perplexity. */
export function lossText(lossNats: number, { characters }: LossStyle, digits = 3): string {
  return characters
    ? `bpc ${bitsPerCharacterText(lossNats)}`
    : `ppl ${perplexityText(lossNats, 9, digits)}`;
}

/** Bits per character in a field of 9, `{:9.5f}`. */
export function bitsPerCharacterText(lossNats: number): string {
  return fixed(bitsPerCharacter(lossNats), 9, 5);
}

/** Bits per character and per byte of a raw text, with its size. */
export function rawLossText(
  lossNats: number,
  tokens: number,
  raw: { readonly characters: number; readonly bytes: number },
): string {
  const { bitsPerCharacter, bitsPerByte } = rawLoss(lossNats, tokens, raw);
  return `${fixed(bitsPerCharacter, 0, 5)} bits per character, ${fixed(bitsPerByte, 0, 5)} bits ` +
    `per byte, ${tokens} tokens in ${raw.characters} characters, ${raw.bytes} bytes`;
}
