/**
 * Memories as columns of the whole batch, whatever processes and chunks they are spread over: what a
 * checkpoint stores, and what a run of another size takes its share of.
 *
 * @module
 */
import type { Memory } from "@transformer-xl/model";
import type { HostArray, ProcessGroup } from "@transformer-xl/runtime";

/** The memory of one layer for all columns. */
export interface ColumnMemory {
  /** [m, B, D], row-major. */
  readonly values: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  /** m, B, D. */
  readonly shape: readonly [rows: number, columns: number, width: number];
}

type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/**
 * Gathers the memories of all processes, layer by layer. Columns are ordered by process, then by
 * chunk: the order of the batch.
 *
 * @param memories of this process, by chunk
 * @param columns B of one memory
 * @throws {GroupError} when another process is gone
 */
export async function gatherMemories(
  group: ProcessGroup,
  memories: readonly Memory[],
  columns: number,
): Promise<ColumnMemory[]> {
  const rows = memories[0]!.filled;
  const chunks = await Promise.all(memories.map((memory) => memory.read())); // [chunk][layer]
  const layers: ColumnMemory[] = [];
  for (const [l, layer] of memories[0]!.layers.entries()) {
    const width = layer.shape[1]!;
    const blocks: Floats[] = [];
    for (const chunk of chunks) {
      const own = chunk[l] as Floats;
      const bytes = new Uint8Array(
        own.buffer.slice(own.byteOffset, own.byteOffset + own.byteLength),
      );
      const parts = group.size === 1 ? [bytes] : await group.allGather(bytes);
      blocks.push(
        ...parts.map(({ buffer }) =>
          own instanceof Float64Array ? new Float64Array(buffer) : new Float32Array(buffer)
        ),
      );
    }
    // Gathered by chunk, then process; the batch has them by process, then chunk.
    const ordered = Array.from(
      { length: blocks.length },
      (_, n) => blocks[(n % chunks.length) * group.size + Math.floor(n / chunks.length)]!,
    );
    const shape = [rows, columns * blocks.length, width] as const;
    layers.push({ values: interleaved(ordered, rows, columns * width), shape });
  }
  return layers;
}

/** Blocks [rows, width] side by side. */
function interleaved(blocks: readonly Floats[], rows: number, width: number): Floats {
  const length = blocks.length * rows * width;
  const whole = blocks[0] instanceof Float64Array
    ? new Float64Array(length)
    : new Float32Array(length);
  for (let row = 0; row < rows; row++) {
    for (const [n, block] of blocks.entries()) {
      const part = block.subarray(row * width, (row + 1) * width);
      whole.set(part, (row * blocks.length + n) * width);
    }
  }
  return whole;
}

/**
 * Gives every chunk of this process its columns.
 *
 * @param layers one per layer, see {@link gatherMemories}
 * @param first number of this process's first column
 * @param columns B of one memory
 * @param filled rows that hold something
 */
export function scatterMemories(
  layers: readonly ColumnMemory[],
  memories: readonly Memory[],
  first: number,
  columns: number,
  filled: number,
): void {
  for (const [chunk, memory] of memories.entries()) {
    const from = first + chunk * columns;
    memory.write(layers.map((layer) => columnsOf(layer, from, columns)), filled);
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
