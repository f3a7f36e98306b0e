/**
 * Lines batched over columns, each with a memory of its own: the lines of a batch start together
 * from an empty memory, and a shorter one is padded behind its end, where nothing is scored. Lines
 * of similar length share a batch, so that little is padded.
 *
 * @module
 */
import { IGNORED } from "@transformer-xl/kernels";
import type { Lengths, Segment } from "@transformer-xl/model";

/** Lines that are scored side by side. */
export interface LineBatch {
  /** Number of the line in every column, from 0; fewer than columns in the last batch. */
  readonly lines: readonly number[];
  /** Its segments, of which the first needs an empty memory. */
  segments(): Generator<Segment, void, undefined>;
}

/** Lengths of a batch. */
export interface LineLengths extends Pick<Lengths, "batchSize" | "tgtLen" | "extLen"> {
  /**
   * Whether only lines of equal length share a batch (default false): where positions are counted
   * from the newest row, padding would change them.
   */
  readonly equal?: boolean;
}

/**
 * Batches of all lines with two tokens or more, longest first.
 *
 * @param lines token ids of every line
 * @example
 * ```ts
 * import { lineBatches } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = [Uint32Array.of(1, 2), Uint32Array.of(3), Uint32Array.of(4, 5, 6)];
 * const [batch] = lineBatches(lines, { batchSize: 2, tgtLen: 4, extLen: 0 });
 * const [segment] = batch!.segments();
 * assertEquals(batch!.lines, [2, 0]);
 * assertEquals([...segment!.inputs], [4, 1, 5, 2]);
 * assertEquals([...segment!.targets], [5, 2, 6, 0xffffffff]);
 * ```
 */
export function lineBatches(
  lines: readonly Uint32Array[],
  lengths: LineLengths,
): readonly LineBatch[] {
  const order = [...lines.keys()].filter((i) => lines[i]!.length >= 2)
    .sort((a, b) => lines[b]!.length - lines[a]!.length);
  const batches: number[][] = [];
  for (const i of order) {
    const last = batches.at(-1);
    const fits = last !== undefined && last.length < lengths.batchSize &&
      (!lengths.equal || lines[last[0]!]!.length === lines[i]!.length);
    if (fits) last.push(i);
    else batches.push([i]);
  }
  return batches.map((chosen) => {
    const ids = chosen.map((i) => lines[i]!);
    return { lines: chosen, segments: () => segmentsOf(ids, lengths) };
  });
}

function* segmentsOf(
  lines: readonly Uint32Array[],
  { batchSize, tgtLen, extLen }: LineLengths,
): Generator<Segment, void, undefined> {
  const rows = lines[0]!.length - 1; // the longest
  const filled = (first: number, count: number, padding: number) => {
    const ids = new Uint32Array(count * batchSize).fill(padding);
    lines.forEach((line, column) => {
      const end = Math.min(count, line.length - first);
      for (let i = 0; i < end; i++) ids[i * batchSize + column] = line[first + i]!;
    });
    return ids;
  };
  for (let start = 0; start < rows; start += tgtLen) {
    const targetRows = Math.min(tgtLen, rows - start);
    const inputStart = Math.max(0, start - extLen);
    const inputRows = start + targetRows - inputStart;
    yield {
      // Any id will do for padding: nothing before it attends to it.
      inputs: filled(inputStart, inputRows, 0),
      targets: filled(start + 1, targetRows, IGNORED),
      rows: inputRows,
      targetRows,
      columns: batchSize,
      start,
      scored: true,
    };
  }
}
