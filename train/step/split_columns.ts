/**
 * Batch chunks: contiguous columns of a segment.
 *
 * @module
 */
import type { Segment } from "@transformer-xl/model";

/** Cuts the columns of a segment into `chunks` equal parts. */
export function splitColumns(segment: Segment, chunks: number): Segment[] {
  if (chunks === 1) return [segment];
  const columns = segment.columns / chunks;
  return Array.from({ length: chunks }, (_, chunk) => ({
    ...segment,
    columns,
    inputs: columnsOf(segment.inputs, segment.columns, chunk * columns, columns),
    targets: columnsOf(segment.targets, segment.columns, chunk * columns, columns),
  }));
}

function columnsOf(
  ids: Uint32Array,
  stride: number,
  first: number,
  columns: number,
): Uint32Array<ArrayBuffer> {
  const rows = ids.length / stride;
  const part = new Uint32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    part.set(ids.subarray(row * stride + first, row * stride + first + columns), row * columns);
  }
  return part;
}
