/**
 * Logical tensors in and out of flat buffers: initial values, checkpoints, moments.
 *
 * @module
 */
import type { Device } from "./device.ts";
import { CheckpointError } from "./errors.ts";
import { type LogicalTensor, type ParamStore, rowSize } from "./params.ts";
import { sizeOf } from "./shape.ts";
import type { Storage } from "./tensor.ts";

/** Which flat buffer of each segment is meant: weights, gradients, or moments. */
export type FlatBuffers = readonly Storage[];

interface Range {
  readonly segment: number;
  readonly offset: number;
  readonly from: number;
  readonly to: number;
}

/** Where the rows of each logical tensor lie, in row order. */
function rangesOf(store: ParamStore): ReadonlyMap<LogicalTensor, Range[]> {
  if (store.segments.length === 0 && store.params.length > 0) {
    throw new TypeError("Cannot access parameters: their store is not sealed, or was disposed");
  }
  const ranges = new Map<LogicalTensor, Range[]>(store.logical.map((logical) => [logical, []]));
  store.segments.forEach((segment, n) => {
    for (const { param, offset } of segment.ranges) {
      let at = offset;
      for (const { logical, from, to } of param.pieces) {
        ranges.get(logical)!.push({ segment: n, offset: at, from, to });
        at += (to - from) * rowSize(logical);
      }
    }
  });
  for (const list of ranges.values()) list.sort((a, b) => a.from - b.from);
  return ranges;
}

/**
 * Writes logical tensors into flat buffers.
 *
 * @param values elements of a logical tensor, row-major
 * @throws {CheckpointError} when `values` gives the wrong number of elements
 * @throws {TypeError} when the store is not sealed
 */
export function writeLogical(
  device: Device,
  store: ParamStore,
  buffers: FlatBuffers,
  values: (logical: LogicalTensor) => Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>,
): void {
  for (const [logical, ranges] of rangesOf(store)) {
    const elements = values(logical);
    if (elements.length !== sizeOf(logical.shape)) {
      throw new CheckpointError(
        `Cannot load "${logical.name}": it has ${elements.length} elements, ` +
          `expected shape [${logical.shape}]`,
      );
    }
    const width = rowSize(logical);
    for (const { segment, offset, from, to } of ranges) {
      device.write(buffers[segment]!, offset, elements.subarray(from * width, to * width));
    }
  }
}

/**
 * Reads logical tensors from flat buffers, in declaration order, one at a time.
 *
 * @throws {TypeError} when the store is not sealed
 * @example
 * ```ts
 * import {
 *   ParamStore,
 *   readLogical,
 *   ReferenceDevice,
 *   weightsOf,
 *   writeLogical,
 * } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f32" });
 * using store = new ParamStore();
 * store.param("bias", [3], { kind: "constant", value: 0 });
 * store.seal(device, { gradients: false });
 * writeLogical(device, store, weightsOf(store), ({ shape }) => Float32Array.of(1, 2, shape[0]!));
 * for await (const [{ name }, values] of readLogical(device, store, weightsOf(store))) {
 *   assertEquals([name, ...values], ["bias", 1, 2, 3]);
 * }
 * ```
 */
export async function* readLogical(
  device: Device,
  store: ParamStore,
  buffers: FlatBuffers,
): AsyncGenerator<readonly [LogicalTensor, Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>]> {
  for (const [logical, ranges] of rangesOf(store)) {
    const width = rowSize(logical);
    const parts = await device.read(
      ranges.map(({ segment, offset, from, to }) => ({
        storage: buffers[segment]!,
        offset,
        length: (to - from) * width,
      })),
    );
    const total = sizeOf(logical.shape);
    const whole = parts[0] instanceof Float64Array
      ? new Float64Array(total)
      : new Float32Array(total);
    parts.forEach((part, i) => whole.set(part, ranges[i]!.from * width));
    yield [logical, whole];
  }
}

/** The weight buffers of a store, one per segment. */
export function weightsOf(store: ParamStore): FlatBuffers {
  return store.segments.map(({ weights }) => weights);
}

/**
 * The gradient buffers of a store, one per segment.
 *
 * @throws {TypeError} when the store was sealed without gradients
 */
export function gradientsOf(store: ParamStore): FlatBuffers {
  return store.segments.map(({ gradients }) => {
    if (gradients === undefined) throw new TypeError("Cannot read gradients: none were allocated");
    return gradients;
  });
}
