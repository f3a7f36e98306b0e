/**
 * Default lengths adapted to the length of the text.
 *
 * @module
 */
import { canShare, type Lengths } from "@transformer-xl/model";

/** Constraints of the lengths. */
export interface FitSettings {
  /** Tokens of the shortest split. */
  readonly tokens: number;
  /** Processes that share the batch columns. */
  readonly processes: number;
  /** Whether memory is filled before scoring starts. */
  readonly warms: boolean;
  /** Lengths that the user gave, which stay. */
  readonly given: ReadonlySet<keyof Lengths>;
}

/**
 * Lengths with which a short text is scored completely: columns at least as long as the memory. The
 * number of columns is reduced first, since it affects speed only; then segments and memory. Given
 * lengths are kept, and all lengths if nothing helps.
 */
export function fitLengths(
  lengths: Lengths,
  { tokens, processes, warms, given }: FitSettings,
): Lengths {
  let { batchSize, tgtLen, memLen } = lengths;
  const rows = () => Math.floor(tokens / batchSize);
  const fits = (target = tgtLen) =>
    rows() >= 2 && (!warms || Math.ceil(memLen / target) * target <= rows());
  if (!given.has("batchSize")) {
    while (!fits() && batchSize > processes) {
      const half = Math.floor(batchSize / 2);
      batchSize = canShare(half, processes) ? half : processes;
    }
  }
  if (!fits() && rows() >= 2) {
    const longest = Math.min(tgtLen, rows());
    if (!given.has("tgtLen")) {
      // With a given memory, the longest segments whose warm-up fits.
      const fitting = given.has("memLen")
        ? Array.from({ length: longest }, (_, i) => longest - i).find((target) => fits(target))
        : longest;
      tgtLen = fitting ?? tgtLen;
    }
    if (!given.has("memLen")) memLen = Math.floor(rows() / tgtLen) * tgtLen;
  }
  return { ...lengths, batchSize, tgtLen, memLen };
}

/** A line about the changes of {@link fitLengths}; empty if there are none. */
export function fittedLine(before: Lengths, after: Lengths, tokens: number): string | undefined {
  const names = { batchSize: "--batch_size", tgtLen: "--tgt_len", memLen: "--mem_len" } as const;
  const changes = (["batchSize", "tgtLen", "memLen"] as const)
    .filter((key) => before[key] !== after[key])
    .map((key) => `${names[key]} ${after[key]} instead of ${before[key]}`);
  if (changes.length === 0) return undefined;
  return `Default lengths are reduced to fit ${tokens} tokens: ${changes.join(", ")}`;
}
