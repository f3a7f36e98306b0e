/**
 * Division of the flat buffers of a store into chunks, each inside one parameter, for one workgroup
 * each. A tensor may lie in several row ranges of several parameters; the partial sums of its
 * chunks still stand side by side, in row order, in the table of sums, so a norm is added in an
 * order that neither packing nor scheduling changes.
 *
 * @module
 */
import {
  bytesPer,
  type FlatBuffer,
  type ParameterStore,
  type Recorder,
  rowSize,
  type Tensor,
} from "@transformer-xl/runtime/core";

/** The chunks of one flat buffer: rows of the table. */
export interface BufferChunks {
  /** Whose they are. */
  readonly buffer: FlatBuffer;
  /** First row of the table. */
  readonly first: number;
  /** Rows of the table. */
  readonly count: number;
}

/** All chunks of a store, as tables a kernel can read. */
export interface ChunkTable {
  /** u32 [chunks, 4]: offset in the flat buffer, length, index of the parameter, slot of its sum. */
  readonly rows: Uint32Array<ArrayBuffer>;
  /** u32 [tensors + 1]: first slot of each parameter. */
  readonly starts: Uint32Array<ArrayBuffer>;
  /** Chunks of all flat buffers. */
  readonly count: number;
  /** Rows of each flat buffer. */
  readonly buffers: readonly BufferChunks[];
}

interface Chunk {
  readonly buffer: number;
  readonly offset: number;
  readonly length: number;
  readonly parameter: number;
  /** First element within the parameter. */
  readonly at: number;
}

/** Chunks of at most `longest` elements, without the padding between parameters. */
export function chunkTable(store: ParameterStore, longest: number): ChunkTable {
  const chunks: Chunk[] = [];
  const buffers = store.buffers.map((buffer, n) => {
    const first = chunks.length;
    for (const { packed, offset } of buffer.ranges) {
      let base = offset;
      for (const { parameter, from, to } of packed.rowRanges) {
        const width = rowSize(parameter);
        const size = (to - from) * width;
        for (let done = 0; done < size; done += longest) {
          chunks.push({
            buffer: n,
            offset: base + done,
            length: Math.min(longest, size - done),
            parameter: parameter.index,
            at: from * width + done,
          });
        }
        base += size;
      }
    }
    return { buffer, first, count: chunks.length - first };
  });
  const rows = new Uint32Array(4 * chunks.length);
  const starts = new Uint32Array(store.parameters.length + 1);
  const order = chunks.map((_, row) => row)
    .sort((a, b) => chunks[a]!.parameter - chunks[b]!.parameter || chunks[a]!.at - chunks[b]!.at);
  order.forEach((row, slot) => {
    const { offset, length, parameter } = chunks[row]!;
    rows.set([offset, length, parameter, slot], 4 * row);
    starts[parameter + 1]! += 1;
  });
  for (let n = 1; n < starts.length; n++) starts[n]! += starts[n - 1]!;
  return { rows, starts, count: chunks.length, buffers };
}

/** The chunks of a store in a recording. */
export interface RecordedChunks {
  /** See {@link ChunkTable.rows}. */
  readonly rows: Tensor;
  /** See {@link ChunkTable.starts}. */
  readonly starts: Tensor;
  /** Chunks of all flat buffers. */
  readonly count: number;
  /** Elements of all chunks. */
  readonly elements: number;
  /** Bytes of the gradients of all chunks. */
  readonly gradientBytes: number;
  /** Parameters. */
  readonly tensors: number;
  /** Rows of each flat buffer. */
  readonly buffers: readonly BufferChunks[];
  /** Work split: few lanes if eight of them are one vector of a CPU, otherwise a full workgroup. */
  readonly constants: { readonly LANES: number };
  /** Scalars and workgroups of a launch over one flat buffer. */
  over(chunks: BufferChunks): {
    readonly scalars: { readonly first: number; readonly count: number };
    readonly workgroups: number;
  };
}

/** Records the chunk tables of `store` for the adapter at hand. */
export function recordChunks(rec: Recorder, store: ParameterStore): RecordedChunks {
  const cpu = rec.limits.adapterClass === "cpu";
  const { rows, starts, count, buffers } = chunkTable(store, cpu ? 4096 : 8192);
  return {
    rows: rec.constant("chunks", [count, 4], "u32", rows),
    starts: rec.constant("chunk starts", [starts.length], "u32", starts),
    count,
    elements: store.count,
    gradientBytes: bytesPer(store.dtype) * store.count,
    tensors: starts.length - 1,
    buffers,
    constants: { LANES: cpu ? 8 : 256 },
    over: ({ first, count }) => ({
      scalars: { first, count },
      workgroups: count,
    }),
  };
}

/** Bytes of the copies that an update writes beside the master weights. */
export function copiedBytes({ buffers, gradientBytes }: RecordedChunks): number {
  return buffers.some(({ buffer }) => buffer.masters !== buffer.weights) ? gradientBytes : 0;
}

/** Calls `visit` with each row of a chunk table that a launch covers: the reference of a grid. */
export function forEachChunk(
  rows: { readonly [index: number]: number },
  first: number,
  count: number,
  visit: (from: number, to: number, parameter: number, slot: number) => void,
): void {
  for (let row = first; row < first + count; row++) {
    const from = rows[4 * row]!;
    visit(from, from + rows[4 * row + 1]!, rows[4 * row + 2]!, rows[4 * row + 3]!);
  }
}
