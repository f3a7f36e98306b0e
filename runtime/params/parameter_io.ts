/**
 * Logical tensors in and out of flat buffers: initial values, checkpoints, moments.
 *
 * @module
 */
import type { Device } from "../plan/device.ts";
import type { DType } from "../tensor/dtype.ts";
import { CheckpointError } from "../base/errors.ts";
import { type Parameter, type ParameterStore, rowSize } from "./parameter_store.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Storage } from "../tensor/tensor.ts";

/** Which flat buffer of each segment is meant: master weights, gradients, or moments. */
export type FlatBuffers = readonly Storage[];

function checkSealed(store: ParameterStore): void {
  if (store.buffers.length === 0 && store.packed.length > 0) {
    throw new TypeError("Cannot access parameters: their store is not sealed, or was disposed");
  }
}

interface Range {
  readonly segment: number;
  readonly offset: number;
  readonly from: number;
  readonly to: number;
}

/** Where the rows of each logical tensor lie, in row order. */
function rangesOf(store: ParameterStore): ReadonlyMap<Parameter, Range[]> {
  checkSealed(store);
  const ranges = new Map<Parameter, Range[]>(store.parameters.map((logical) => [logical, []]));
  store.buffers.forEach((segment, n) => {
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

/** Elements of a logical tensor, row-major. */
type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/**
 * Writes logical tensors into flat buffers, one parameter at a time.
 *
 * @param values elements of a logical tensor, row-major; asked once for each
 * @throws {CheckpointError} when `values` gives the wrong number of elements
 * @throws {TypeError} when the store is not sealed
 */
export function writeLogical(
  device: Device,
  store: ParameterStore,
  buffers: FlatBuffers,
  values: (logical: Parameter) => Floats,
): void {
  writeInto(device, store, (n) => [buffers[n]!], values);
}

/** Writes into several buffers per segment. */
function writeInto(
  device: Device,
  store: ParameterStore,
  buffersOf: (segment: number) => Iterable<Storage>,
  values: (logical: Parameter) => Floats,
): void {
  const writes = writing(device, store, buffersOf);
  let next = writes.next();
  while (!next.done) next = writes.next(values(next.value));
}

/** Writes parameter by parameter; yields each logical tensor once and takes its elements. */
function* writing(
  device: Device,
  store: ParameterStore,
  buffersOf: (segment: number) => Iterable<Storage>,
): Generator<Parameter, void, Floats> {
  checkSealed(store);
  const held = new Map<Parameter, Floats>();
  const open = new Map<Parameter, number>(); // parameters that still need it
  for (const { logical } of store.packed.flatMap(({ pieces }) => pieces)) {
    open.set(logical, (open.get(logical) ?? 0) + 1);
  }
  for (const [n, segment] of store.buffers.entries()) {
    for (const { param, offset } of segment.ranges) {
      const parts: Floats[] = [];
      for (const { logical, from, to } of param.pieces) {
        const elements = held.get(logical) ?? checkedSize(logical, yield logical);
        const left = open.get(logical)! - 1;
        open.set(logical, left);
        if (left > 0) held.set(logical, elements);
        else held.delete(logical);
        const width = rowSize(logical);
        parts.push(elements.subarray(from * width, to * width) as Floats);
      }
      for (const buffer of buffersOf(n)) device.write(buffer, offset, joined(parts, buffer.dtype));
    }
  }
}

function checkedSize(logical: Parameter, elements: Floats): Floats {
  if (elements.length === sizeOf(logical.shape)) return elements;
  throw new CheckpointError(
    `Cannot load "${logical.name}": it has ${elements.length} elements, ` +
      `expected shape [${logical.shape}]`,
  );
}

/** Parts behind each other, and a zero after an odd number of halves: they are written by words. */
function joined(parts: readonly Floats[], dtype: DType): Floats {
  const count = parts.reduce((sum, { length }) => sum + length, 0);
  const size = dtype === "f16" ? count + count % 2 : count;
  if (parts.length === 1 && count === size) return parts[0]!;
  const whole = parts[0] instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Reads logical tensors from flat buffers, in declaration order, one at a time.
 *
 * @throws {TypeError} when the store is not sealed
 * @example
 * ```ts
 * import {
 *   ParameterStore,
 *   readLogical,
 *   ReferenceDevice,
 *   weightsOf,
 *   writeLogical,
 * } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f32" });
 * using store = new ParameterStore();
 * store.param("bias", [3], { kind: "constant", value: 0 });
 * store.allocate(device, { gradients: false });
 * writeLogical(device, store, weightsOf(store), ({ shape }) => Float32Array.of(1, 2, shape[0]!));
 * for await (const [{ name }, values] of readLogical(device, store, weightsOf(store))) {
 *   assertEquals([name, ...values], ["bias", 1, 2, 3]);
 * }
 * ```
 */
export async function* readLogical(
  device: Device,
  store: ParameterStore,
  buffers: FlatBuffers,
): AsyncGenerator<readonly [Parameter, Floats]> {
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

/** Elements that {@link logicalPieces} reads at a time. */
export const PIECE_ELEMENTS = 1 << 20;

/** A logical tensor whose elements are read when they are asked for. */
export interface LogicalPieces {
  /** The tensor. */
  readonly logical: Parameter;
  /** Its elements, row-major, piece by piece; a piece holds until the next one is asked for. */
  pieces(): AsyncGenerator<Floats>;
}

/**
 * Logical tensors in declaration order, to be read in pieces of at most 4 MiB of float32: nothing is
 * held on the host but the piece at hand.
 *
 * @param dtype Width of the pieces; float64 exists on reference devices only
 * @throws {TypeError} when the store is not sealed
 */
export function logicalPieces(
  device: Device,
  store: ParameterStore,
  buffers: FlatBuffers,
  dtype: "F32" | "F64",
): LogicalPieces[] {
  return [...rangesOf(store)].map(([logical, ranges]) => ({
    logical,
    async *pieces() {
      const width = rowSize(logical);
      const room = new Float32Array(
        dtype === "F32" ? Math.min(PIECE_ELEMENTS, sizeOf(logical.shape)) : 0,
      );
      for (const { segment, offset, from, to } of ranges) {
        const end = offset + (to - from) * width;
        for (let at = offset; at < end; at += PIECE_ELEMENTS) {
          const length = Math.min(PIECE_ELEMENTS, end - at);
          const range = { storage: buffers[segment]!, offset: at, length };
          if (dtype === "F64") {
            yield (await device.read([range]))[0] as Float64Array<ArrayBuffer>;
          } else {
            const piece = room.subarray(0, length);
            await device.readInto([range], [piece]);
            yield piece;
          }
        }
      }
    },
  }));
}

/**
 * Writes the weights of a store: the masters, and what kernels bind where that is rounded.
 *
 * @param values elements of a logical tensor, row-major; asked once for each
 * @throws {CheckpointError} when `values` gives the wrong number of elements
 * @throws {TypeError} when the store is not sealed
 */
export function writeWeights(
  device: Device,
  store: ParameterStore,
  values: (logical: Parameter) => Floats,
): void {
  writeInto(device, store, (n) => weightBuffers(store, n), values);
}

function weightBuffers(store: ParameterStore, segment: number): ReadonlySet<Storage> {
  const { masters, weights } = store.buffers[segment]!;
  return new Set([masters, weights]); // one and the same in full precision
}

/**
 * As {@link writeLogical}, or {@link writeWeights} without `buffers`, for elements that arrive one tensor
 * after the other, so that the host holds few of them.
 *
 * @throws {CheckpointError} when `values` gives the wrong number of elements
 * @throws {TypeError} when the store is not sealed
 */
export async function writeArriving(
  device: Device,
  store: ParameterStore,
  buffers: FlatBuffers | undefined,
  values: (logical: Parameter) => Promise<Floats>,
): Promise<void> {
  const writes = writing(
    device,
    store,
    (n) => buffers === undefined ? weightBuffers(store, n) : [buffers[n]!],
  );
  let next = writes.next();
  while (!next.done) next = writes.next(await values(next.value));
}

/** The weights of a store as they are trained and saved, one buffer per segment. */
export function weightsOf(store: ParameterStore): FlatBuffers {
  return store.buffers.map(({ masters }) => masters);
}

/**
 * The gradient buffers of a store, one per segment.
 *
 * @throws {TypeError} when the store was sealed without gradients
 */
export function gradientsOf(store: ParameterStore): FlatBuffers {
  return store.buffers.map(({ gradients }) => {
    if (gradients === undefined) throw new TypeError("Cannot read gradients: none were allocated");
    return gradients;
  });
}
