/**
 * Memories by column of the whole batch, independent of ranks and chunks: the form in which
 * checkpoints store them and from which a run with another number of ranks takes its share.
 *
 * @module
 */
import type { Memory } from "@transformer-xl/model";
import { type HostArray, PIECE_ELEMENTS, type ProcessGroup } from "@transformer-xl/runtime";

/** The memory of one layer for all columns. */
export interface ColumnMemory {
  /** [m, B, D], row-major. */
  readonly values: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  /** m, B, D. */
  readonly shape: readonly [rows: number, columns: number, width: number];
}

type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Columns of all processes. */
export interface ColumnSettings {
  /** The process group; all ranks request the same layers in the same order. */
  readonly group: ProcessGroup;
  /** Memories of this process, by chunk. */
  readonly memories: readonly Memory[];
}

/**
 * Gathers the memory of one layer from all ranks, in pieces. Columns are ordered by rank, then by
 * chunk, as in the batch.
 *
 * @returns Pieces of [m, B, D], row-major
 * @throws {GroupError} when another rank has ended
 */
export async function* gatherLayer(
  { group, memories }: ColumnSettings,
  layer: number,
): AsyncGenerator<Floats> {
  const rows = memories[0]!.validRows;
  const blocks: Floats[] = [];
  for (const memory of memories) {
    const own = await memory.readLayer(layer) as Floats;
    if (group.size === 1) {
      blocks.push(own);
      continue;
    }
    const bytes = new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
    blocks.push(
      ...(await group.allGather(bytes)).map(({ buffer }) =>
        own instanceof Float64Array ? new Float64Array(buffer) : new Float32Array(buffer)
      ),
    );
  }
  if (blocks.length === 1) return yield blocks[0]!;
  // Gathered by chunk, then rank; the batch orders them by rank, then chunk.
  const ordered = Array.from(
    { length: blocks.length },
    (_, n) => blocks[(n % memories.length) * group.size + Math.floor(n / memories.length)]!,
  );
  yield* interleaved(ordered, rows);
}

/** Blocks [rows, width] side by side. */
function* interleaved(blocks: readonly Floats[], rows: number): Generator<Floats> {
  const width = rows === 0 ? 0 : blocks[0]!.length / rows;
  const rowsAtOnce = Math.max(1, Math.floor(PIECE_ELEMENTS / Math.max(1, width * blocks.length)));
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const to = Math.min(rows, from + rowsAtOnce);
    const length = (to - from) * width * blocks.length;
    const piece = blocks[0] instanceof Float64Array
      ? new Float64Array(length)
      : new Float32Array(length);
    for (let row = from; row < to; row++) {
      for (const [n, block] of blocks.entries()) {
        const part = block.subarray(row * width, (row + 1) * width);
        piece.set(part, ((row - from) * blocks.length + n) * width);
      }
    }
    yield piece;
  }
}

/**
 * Gives every chunk of this process its columns of one layer.
 *
 * @param stored all columns, see {@link gatherLayer}
 * @param first number of this process's first column
 * @param columns B of one memory
 */
export function scatterLayer(
  stored: ColumnMemory,
  layer: number,
  memories: readonly Memory[],
  first: number,
  columns: number,
): void {
  for (const [chunk, memory] of memories.entries()) {
    memory.writeLayer(layer, columnsOf(stored, first + chunk * columns, columns));
  }
}

function columnsOf({ values, shape }: ColumnMemory, first: number, count: number): HostArray {
  const [rows, columns, width] = shape;
  const part = values instanceof Float64Array
    ? new Float64Array(rows * count * width)
    : new Float32Array(rows * count * width);
  for (let row = 0; row < rows; row++) {
    const from = (row * columns + first) * width;
    part.set(values.subarray(from, from + count * width), row * count * width);
  }
  return part;
}
