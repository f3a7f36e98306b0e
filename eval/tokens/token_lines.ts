/**
 * Scores of tokens as lines of text and of JSON.
 *
 * @module
 */
import { fixed } from "@transformer-xl/runtime";
import type { TokenScore, TokenTable } from "./token_table.ts";

/** The line above the tokens of a text. */
export function tokenTitle({ name, length }: Pick<TokenTable, "name" | "length">): string {
  return `${name}: ${length} tokens with log-probability (nats), rank and surprise (bits)`;
}

/**
 * The line of a token.
 *
 * @example
 * ```ts
 * import { tokenLine } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * const score = { position: 4, id: 7, token: "a", logProbability: -1.5, rank: 2, bits: 2.164 };
 * assertEquals(tokenLine(score), `|       4 | log p   -1.5000 | rank       2 | bits   2.164 | "a"`);
 * ```
 */
export function tokenLine({ position, token, logProbability, rank, bits }: TokenScore): string {
  const place = `| ${String(position).padStart(7)} |`;
  const text = JSON.stringify(token);
  if (logProbability === null || rank === null || bits === null) {
    return `${place} ${"not scored".padEnd(44)} | ${text}`;
  }
  return `${place} log p ${fixed(logProbability, 9, 4)} | rank ${String(rank).padStart(7)} | ` +
    `bits ${fixed(bits, 7, 3)} | ${text}`;
}

/** The record of a token, a line of JSON. */
export function tokenRecord(text: string, score: TokenScore): string {
  return `${JSON.stringify({ text, ...score })}\n`;
}
