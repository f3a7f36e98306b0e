/**
 * Layouts of parameters in flat buffers. Weights and gradients have that of their store; a state of
 * an optimizer that only some parameters have takes no room for the others.
 *
 * @module
 */
import type { Device } from "../plan/device.ts";
import type { Storage } from "../tensor/tensor.ts";
import { type Parameter, type RowRange, rowSize } from "./parameter.ts";

/** Row ranges that lie together in a flat buffer. */
export interface PackedRange {
  /** The rows, in order. */
  readonly packed: { readonly rowRanges: readonly RowRange[]; readonly size: number };
  /** Their first element. */
  readonly offset: number;
}

/** Where parameters lie: in one buffer for each flat buffer of a store. */
export interface ParameterLayout {
  /** Parameters in declaration order. */
  readonly parameters: readonly Parameter[];
  /** Flat buffers. */
  readonly buffers: readonly {
    /** Elements, padding included. */
    readonly length: number;
    /** What lies in it. */
    readonly ranges: readonly PackedRange[];
  }[];
}

/** Whether a layout or a group has a parameter. */
export type Covers = (parameter: Parameter) => boolean;

/** The parameters of `layout` that `covers` names, side by side; `layout` itself if all are. */
export function partOf(layout: ParameterLayout, covers: Covers): ParameterLayout {
  const parameters = layout.parameters.filter(covers);
  if (parameters.length === layout.parameters.length) return layout;
  const buffers = layout.buffers.map(({ ranges }) => {
    const kept: PackedRange[] = [];
    let length = 0;
    for (const { packed } of ranges) {
      const rowRanges = packed.rowRanges.filter(({ parameter }) => covers(parameter));
      const size = rowRanges.reduce((sum, range) => sum + rangeSize(range), 0);
      if (size > 0) kept.push({ packed: { rowRanges, size }, offset: length });
      length += size;
    }
    return { length, ranges: kept };
  });
  return { parameters, buffers };
}

/** Elements of a row range. */
export function rangeSize({ parameter, from, to }: RowRange): number {
  return (to - from) * rowSize(parameter);
}

/** First element of every row range, by the range: that of the layout a part was made of. */
export function rangeOffsets({ buffers }: ParameterLayout): ReadonlyMap<RowRange, number> {
  const offsets = new Map<RowRange, number>();
  for (const { packed, offset } of buffers.flatMap(({ ranges }) => ranges)) {
    let at = offset;
    for (const range of packed.rowRanges) {
      offsets.set(range, at);
      at += rangeSize(range);
    }
  }
  return offsets;
}

/** Float32 buffers of a layout for a state of an optimizer: one per flat buffer, zero. */
export function allocateState(
  device: Device,
  { buffers }: ParameterLayout,
  label: string,
): Storage[] {
  return buffers.map(({ length }, n) =>
    device.allocate({
      label: `${label} ${n}`,
      role: "moments",
      dtype: "f32",
      length: Math.max(1, length), // a buffer has at least one element
    })
  );
}
