/**
 * Lines and records of lines that are scored apart.
 *
 * @module
 */
import { fixed } from "@transformer-xl/runtime";
import type { UnitLoss } from "../comparison/compare_models.ts";
import { rawLoss } from "../metrics.ts";
import { type LossStyle, lossText } from "./loss_text.ts";

/** A scored line. */
export interface LineResult {
  /** Number of the line, from 1. */
  readonly line: number;
  /** Its tokens, the first included. */
  readonly length: number;
  /** Scored tokens: all but the first. */
  readonly tokens: number;
  /** Their losses together, in nats. */
  readonly nats: number;
  /** Size of its raw text. */
  readonly raw: { readonly characters: number; readonly bytes: number };
}

/** The line of a line. */
export function lineText(
  { line, length, tokens, nats, raw }: LineResult,
  style: LossStyle,
): string {
  const place = `| line ${String(line).padStart(7)} | tokens ${String(tokens).padStart(5)} |`;
  if (tokens === 0) return `${place} not scored: nothing before its only token`;
  const { bitsPerCharacter, bitsPerByte } = rawLoss(nats / tokens, length, raw);
  return `${place} nats ${fixed(nats, 10, 4)} | loss ${fixed(nats / tokens, 8, 4)} | ` +
    `${lossText(nats / tokens, style)} | bits/char ${fixed(bitsPerCharacter, 8, 4)} | ` +
    `bits/byte ${fixed(bitsPerByte, 8, 4)}`;
}

/** The JSON record of a line. */
export function lineRecord({ length, ...result }: LineResult): object {
  const { tokens, nats, raw } = result;
  const isScored = tokens > 0;
  return {
    ...{ kind: "line", ...result, lossNats: isScored ? nats / tokens : null },
    ...(isScored && rawLoss(nats / tokens, length, raw)),
  };
}

/** A line as a unit of comparison. */
export function unitOf({ length, tokens, nats, raw }: LineResult): UnitLoss {
  const whole = tokens === 0 ? 0 : nats / tokens * length;
  return { nats, tokens, raw: { nats: whole, characters: raw.characters } };
}

/** All lines together, without those that are not scored. */
export function totalOf(results: readonly LineResult[]): Omit<LineResult, "line"> {
  const scored = results.filter(({ tokens }) => tokens > 0);
  const sum = (value: (result: LineResult) => number) =>
    scored.reduce((total, result) => total + value(result), 0);
  return {
    length: sum(({ length }) => length),
    tokens: sum(({ tokens }) => tokens),
    nats: sum(({ nats }) => nats),
    raw: {
      characters: sum(({ raw }) => raw.characters),
      bytes: sum(({ raw }) => raw.bytes),
    },
  };
}
