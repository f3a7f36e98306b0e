/**
 * Division of the flat buffers of a store into chunks, each inside one parameter, for one workgroup
 * each. A tensor may lie in several row ranges of several parameters; the partial sums of its
 * chunks still stand side by side, in row order, in the table of sums, so a norm is added in an
 * order that neither packing nor scheduling changes. A table may be that of some parameters: they
 * are a group, which is clipped or updated by itself.
 *
 * @module
 */
import {
  bytesPer,
  type Covers,
  type DeviceLimits,
  type FlatBuffer,
  type Parameter,
  type ParameterLayout,
  type ParameterStore,
  rangeOffsets,
  rangeSize,
  type Recorder,
  rowSize,
  sizeOf,
  type Tensor,
} from "@transformer-xl/runtime/core";

/** The chunks of one flat buffer: rows of the table. */
export interface BufferChunks {
  /** Whose they are. */
  readonly buffer: FlatBuffer;
  /** Its number in the store. */
  readonly n: number;
  /** First row of the table. */
  readonly first: number;
  /** Rows of the table. */
  readonly count: number;
}

/** Chunks of a store or of some of its parameters, as tables a kernel can read. */
export interface ChunkTable {
  /** u32 [chunks, 4]: offset in the flat buffer, length, offset in a state, slot of its sum. */
  readonly rows: Uint32Array<ArrayBuffer>;
  /** u32 [tensors + 1]: first slot of each parameter. */
  readonly starts: Uint32Array<ArrayBuffer>;
  /** Chunks of all flat buffers. */
  readonly count: number;
  /** Rows of each flat buffer with any. */
  readonly buffers: readonly BufferChunks[];
}

interface Chunk {
  readonly offset: number;
  readonly state: number;
  readonly length: number;
  readonly parameter: number;
  /** First element within the parameter. */
  readonly at: number;
}

/**
 * Chunks of at most `longest` elements, without the padding between parameters.
 *
 * @param covers whose chunks are listed; by default those of all parameters in `states`
 * @param states layout of the states, that of the weights by default
 */
export function chunkTable(
  store: ParameterStore,
  longest: number,
  covers: Covers = () => true,
  states: ParameterLayout = store,
): ChunkTable {
  const chunks: Chunk[] = [];
  const covered = states.parameters.filter(covers);
  const numbers = new Map(covered.map((parameter, n) => [parameter, n]));
  const offsets = rangeOffsets(states);
  const buffers = store.buffers.map((buffer, n) => {
    const first = chunks.length;
    for (const { packed, offset } of buffer.ranges) {
      let base = offset;
      for (const range of packed.rowRanges) {
        const size = rangeSize(range);
        const parameter = numbers.get(range.parameter);
        for (let done = 0; parameter !== undefined && done < size; done += longest) {
          chunks.push({
            offset: base + done,
            state: offsets.get(range)! + done,
            length: Math.min(longest, size - done),
            parameter,
            at: range.from * rowSize(range.parameter) + done,
          });
        }
        base += size;
      }
    }
    return { buffer, n, first, count: chunks.length - first };
  }).filter(({ count }) => count > 0);
  const rows = new Uint32Array(4 * chunks.length);
  const starts = new Uint32Array(covered.length + 1);
  const order = chunks.map((_, row) => row)
    .sort((a, b) => chunks[a]!.parameter - chunks[b]!.parameter || chunks[a]!.at - chunks[b]!.at);
  order.forEach((row, slot) => {
    const { offset, length, state, parameter } = chunks[row]!;
    rows.set([offset, length, state, slot], 4 * row);
    starts[parameter + 1]! += 1;
  });
  for (let n = 1; n < starts.length; n++) starts[n]! += starts[n - 1]!;
  return { rows, starts, count: chunks.length, buffers };
}

/** The chunks of a store, or of some of its parameters, in a recording. */
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
  /** Whose they are, in declaration order. */
  readonly parameters: readonly Parameter[];
  /** Rows of each flat buffer with any. */
  readonly buffers: readonly BufferChunks[];
  /** Work split: few lanes if eight of them are one vector of a CPU, otherwise a full workgroup. */
  readonly constants: { readonly LANES: number };
  /** Scalars and workgroups of a launch over one flat buffer. */
  over(chunks: BufferChunks): {
    readonly scalars: { readonly first: number; readonly count: number };
    readonly workgroups: number;
  };
  /** The chunks of those of these parameters that a state has, with the state's offsets. */
  within(state: ParameterLayout): RecordedChunks;
  /** The chunks of those of these parameters that `covers` names. */
  only(covers: Covers): RecordedChunks;
}

/** Elements of a chunk at most. */
export function longestChunk({ adapterClass }: Pick<DeviceLimits, "adapterClass">): number {
  return adapterClass === "cpu" ? 4096 : 8192;
}

/**
 * Records the chunk tables of `store` for the adapter at hand.
 *
 * @param covers whose chunks; all by default
 * @param states layout of the states that kernels find by the third column
 */
export function recordChunks(
  rec: Recorder,
  store: ParameterStore,
  covers: Covers = () => true,
  states: ParameterLayout = store,
): RecordedChunks {
  const { rows, starts, count, buffers } = chunkTable(
    store,
    longestChunk(rec.limits),
    covers,
    states,
  );
  const parameters = states.parameters.filter(covers);
  const elements = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  let [rowTable, startTable]: Tensor[] = [];
  const chunks: RecordedChunks = {
    parameters,
    get rows() {
      return rowTable ??= rec.constant("chunks", [count, 4], "u32", rows);
    },
    get starts() {
      return startTable ??= rec.constant("chunk starts", [starts.length], "u32", starts);
    },
    count,
    elements,
    gradientBytes: bytesPer(store.dtype) * elements,
    buffers,
    constants: { LANES: rec.limits.adapterClass === "cpu" ? 8 : 256 },
    over: ({ first, count }) => ({
      scalars: { first, count },
      workgroups: count,
    }),
    only: (more) =>
      parameters.every(more)
        ? chunks
        : recordChunks(rec, store, (each) => covers(each) && more(each), states),
    within: (part) => part === states ? chunks : recordChunks(rec, store, covers, part),
  };
  return chunks;
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
  visit: (from: number, to: number, state: number, slot: number) => void,
): void {
  for (let row = first; row < first + count; row++) {
    const from = rows[4 * row]!;
    visit(from, from + rows[4 * row + 1]!, rows[4 * row + 2]!, rows[4 * row + 3]!);
  }
}
