/**
 * The matrices that Muon orthogonalises, in batches of equal shape: the matrices of a batch lie one
 * after the other in a temporary, so that one launch multiplies all of them.
 *
 * A parameter may hold several matrices below each other, and a packed parameter may hold rows of
 * several parameters: a matrix is collected from wherever its rows lie.
 *
 * @module
 */
import { rangeOffsets, rowSize } from "@transformer-xl/runtime/core";
import type { Parameter, ParameterLayout } from "@transformer-xl/runtime/core";
import type { BufferChunks } from "../flat/chunks.ts";
import type { RoleOf } from "../groups.ts";

/** Elements of a batch, unless one matrix has more: 64 MiB of float32. */
const MAX_ELEMENTS = 2 ** 24;

/** Matrices of equal shape. */
export interface MatrixBatch {
  /** Rows of each. */
  readonly rows: number;
  /** Columns of each. */
  readonly columns: number;
  /** Matrices. */
  readonly count: number;
  /**
   * u32 [chunks, 4]: offset in the weights, length, offset in the momentum, offset in the batch.
   */
  readonly chunks: Uint32Array<ArrayBuffer>;
  /** Rows of the table for each flat buffer with any. */
  readonly buffers: readonly BufferChunks[];
}

/** Consecutive elements of a matrix. */
interface Piece {
  /** Number of the flat buffer. */
  readonly n: number;
  /** First element in the weights. */
  readonly offset: number;
  /** First element in the momentum. */
  readonly state: number;
  /** First element in the matrix. */
  readonly at: number;
  readonly size: number;
}

interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly pieces: Piece[];
}

/** What is divided into matrices. */
export interface MatrixSource {
  /** Parameters that hold matrices. */
  readonly parameters: readonly Parameter[];
  /** Flat buffers they lie in. */
  readonly buffers: readonly BufferChunks[];
  /** Layout of the momentum. */
  readonly momentum: ParameterLayout;
  /** How many matrices a parameter holds. */
  readonly roleOf: RoleOf;
}

/** Batches of the matrices of some parameters, cut into chunks of at most `longest` elements. */
export function matrixBatches(source: MatrixSource, longest: number): MatrixBatch[] {
  const shapes = Map.groupBy(
    matricesOf(source),
    ({ rows, columns }) => `${rows} x ${columns}`,
  );
  const { buffers } = source;
  return [...shapes.values()].flatMap((matrices) => {
    const { rows, columns } = matrices[0]!;
    const most = Math.max(1, Math.floor(MAX_ELEMENTS / (rows * columns)));
    const parts = Array.from(
      { length: Math.ceil(matrices.length / most) },
      (_, i) => matrices.slice(i * most, (i + 1) * most),
    );
    return parts.map((part) => batchOf(part, buffers, longest));
  });
}

/** The matrices of all parameters, in declaration order. */
function matricesOf({ parameters, buffers, momentum, roleOf }: MatrixSource): Matrix[] {
  const matrices = new Map<Parameter, Matrix[]>();
  for (const parameter of parameters) {
    const [rows = 0] = parameter.shape;
    const { stacked = 1 } = roleOf(parameter);
    const each = { rows: rows / stacked, columns: rowSize(parameter) };
    matrices.set(parameter, Array.from({ length: stacked }, () => ({ ...each, pieces: [] })));
  }
  const states = rangeOffsets(momentum);
  for (const { n, buffer } of buffers) {
    for (const { packed, offset } of buffer.ranges) {
      let start = offset;
      for (const range of packed.rowRanges) {
        const { parameter, from, to } = range;
        const width = rowSize(parameter);
        matrices.get(parameter)?.forEach(({ rows, pieces }, i) => {
          const [low, high] = [Math.max(from, i * rows), Math.min(to, (i + 1) * rows)];
          if (low >= high) return;
          pieces.push({
            n,
            offset: start + (low - from) * width,
            state: states.get(range)! + (low - from) * width,
            at: (low - i * rows) * width,
            size: (high - low) * width,
          });
        });
        start += (to - from) * width;
      }
    }
  }
  return [...matrices.values()].flat().filter(({ pieces }) => pieces.length > 0);
}

function batchOf(
  matrices: readonly Matrix[],
  buffers: readonly BufferChunks[],
  longest: number,
): MatrixBatch {
  const { rows, columns } = matrices[0]!;
  const pieces = matrices.flatMap((matrix, i) =>
    matrix.pieces.map((piece) => ({ ...piece, at: i * rows * columns + piece.at }))
  );
  const table: number[] = [];
  const parts = buffers.map(({ buffer, n }) => {
    const first = table.length / 4;
    for (const { offset, state, at, size } of pieces.filter((piece) => piece.n === n)) {
      for (let done = 0; done < size; done += longest) {
        table.push(offset + done, Math.min(longest, size - done), state + done, at + done);
      }
    }
    return { buffer, n, first, count: table.length / 4 - first };
  });
  return {
    rows,
    columns,
    count: matrices.length,
    chunks: Uint32Array.from(table),
    buffers: parts.filter(({ count }) => count > 0),
  };
}
