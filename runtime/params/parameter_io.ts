/**
 * Reading and writing of parameters in flat buffers: initial values, checkpoints, optimizer state.
 *
 * @module
 */
import type { Device } from "../plan/device.ts";
import type { DType } from "../tensor/dtype.ts";
import { CheckpointError } from "../base/errors.ts";
import { type Parameter, rowSize } from "./parameter.ts";
import { type ParameterLayout, rangeSize } from "./parameter_layout.ts";
import type { ParameterStore } from "./parameter_store.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Storage } from "../tensor/tensor.ts";

/** One storage for every flat buffer of a store: master weights, gradients, or a state of the optimizer. */
export type FlatBuffers = readonly Storage[];

function checkAllocated({ buffers, parameters }: ParameterLayout): void {
  if (buffers.length === 0 && parameters.length > 0) {
    throw new TypeError("Cannot access parameters: their store is not allocated, or was disposed");
  }
}

interface Range {
  readonly buffer: number;
  readonly offset: number;
  readonly from: number;
  readonly to: number;
}

/** Ranges of the rows of each parameter, in row order. */
function rangesOf(layout: ParameterLayout): ReadonlyMap<Parameter, Range[]> {
  checkAllocated(layout);
  const ranges = new Map<Parameter, Range[]>(layout.parameters.map((each) => [each, []]));
  layout.buffers.forEach((buffer, n) => {
    for (const { packed, offset } of buffer.ranges) {
      let at = offset;
      for (const range of packed.rowRanges) {
        const { parameter, from, to } = range;
        ranges.get(parameter)!.push({ buffer: n, offset: at, from, to });
        at += rangeSize(range);
      }
    }
  });
  for (const list of ranges.values()) list.sort((a, b) => a.from - b.from);
  return ranges;
}

/** Elements of a parameter, row-major. */
type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/**
 * Writes parameters into flat buffers, one packed parameter at a time.
 *
 * @param values elements of a parameter, row-major; asked once for each
 * @throws {CheckpointError} when `values` gives the wrong number of elements
 * @throws {TypeError} when the store is not allocated
 */
export function writeParameters(
  device: Device,
  layout: ParameterLayout,
  buffers: FlatBuffers,
  values: (parameter: Parameter) => Floats,
): void {
  writeInto(device, layout, (n) => [buffers[n]!], values);
}

/** Writes into several storages per flat buffer. */
function writeInto(
  device: Device,
  layout: ParameterLayout,
  storagesOf: (buffer: number) => Iterable<Storage>,
  values: (parameter: Parameter) => Floats,
): void {
  const writes = writing(device, layout, storagesOf);
  let next = writes.next();
  while (!next.done) next = writes.next(values(next.value));
}

/** Writes one packed parameter at a time; yields each parameter once and takes its elements. */
function* writing(
  device: Device,
  layout: ParameterLayout,
  storagesOf: (buffer: number) => Iterable<Storage>,
): Generator<Parameter, void, Floats> {
  checkAllocated(layout);
  const held = new Map<Parameter, Floats>();
  const open = new Map<Parameter, number>(); // packed parameters that still need the values
  const packs = layout.buffers.flatMap(({ ranges }) => ranges).map(({ packed }) => packed);
  for (const { parameter } of packs.flatMap(({ rowRanges }) => rowRanges)) {
    open.set(parameter, (open.get(parameter) ?? 0) + 1);
  }
  for (const [n, buffer] of layout.buffers.entries()) {
    for (const { packed, offset } of buffer.ranges) {
      const parts: Floats[] = [];
      for (const { parameter, from, to } of packed.rowRanges) {
        const elements = held.get(parameter) ?? checkedSize(parameter, yield parameter);
        const left = open.get(parameter)! - 1;
        open.set(parameter, left);
        if (left > 0) held.set(parameter, elements);
        else held.delete(parameter);
        const width = rowSize(parameter);
        parts.push(elements.subarray(from * width, to * width) as Floats);
      }
      for (const storage of storagesOf(n)) {
        device.write(storage, offset, joined(parts, storage.dtype));
      }
    }
  }
}

function checkedSize(parameter: Parameter, elements: Floats): Floats {
  if (elements.length === sizeOf(parameter.shape)) return elements;
  throw new CheckpointError(
    `Cannot load "${parameter.name}": it has ${elements.length} elements, ` +
      `expected shape [${parameter.shape}]`,
  );
}

/**
 * Concatenated parts, padded with a zero after an odd number of float16 values, since writes use
 * whole words.
 */
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
 * Reads parameters from flat buffers, in declaration order, one at a time.
 *
 * @throws {TypeError} when the store is not allocated
 * @example
 * ```ts
 * import {
 *   ParameterStore,
 *   readParameters,
 *   ReferenceDevice,
 *   weightsOf,
 *   writeParameters,
 * } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f32" });
 * using store = new ParameterStore();
 * store.param("bias", [3], { kind: "constant", value: 0 });
 * store.allocate(device, { gradients: false });
 * writeParameters(device, store, weightsOf(store), ({ shape }) => Float32Array.of(1, 2, shape[0]!));
 * for await (const [{ name }, values] of readParameters(device, store, weightsOf(store))) {
 *   assertEquals([name, ...values], ["bias", 1, 2, 3]);
 * }
 * ```
 */
export async function* readParameters(
  device: Device,
  layout: ParameterLayout,
  buffers: FlatBuffers,
): AsyncGenerator<readonly [Parameter, Floats]> {
  for (const [parameter, ranges] of rangesOf(layout)) {
    const width = rowSize(parameter);
    const parts = await device.read(
      ranges.map(({ buffer, offset, from, to }) => ({
        storage: buffers[buffer]!,
        offset,
        length: (to - from) * width,
      })),
    );
    const total = sizeOf(parameter.shape);
    const whole = parts[0] instanceof Float64Array
      ? new Float64Array(total)
      : new Float32Array(total);
    parts.forEach((part, i) => whole.set(part, ranges[i]!.from * width));
    yield [parameter, whole];
  }
}

/** Elements that {@link parameterPieces} reads at a time. */
export const PIECE_ELEMENTS = 1 << 20;

/** A parameter whose elements are read on demand. */
export interface ParameterPieces {
  /** The tensor. */
  readonly parameter: Parameter;
  /** Its elements, row-major, piece by piece; a piece is valid until the next one is requested. */
  pieces(): AsyncGenerator<Floats>;
}

/**
 * Parameters in declaration order, to be read in pieces of at most 4 MiB of float32: nothing is
 * held on the host but the piece at hand.
 *
 * @param dtype Width of the pieces; float64 exists on reference devices only
 * @throws {TypeError} when the store is not allocated
 */
export function parameterPieces(
  device: Device,
  layout: ParameterLayout,
  buffers: FlatBuffers,
  dtype: "F32" | "F64",
): ParameterPieces[] {
  return [...rangesOf(layout)].map(([parameter, ranges]) => ({
    parameter,
    async *pieces() {
      const width = rowSize(parameter);
      const room = new Float32Array(
        dtype === "F32" ? Math.min(PIECE_ELEMENTS, sizeOf(parameter.shape)) : 0,
      );
      for (const { buffer, offset, from, to } of ranges) {
        const end = offset + (to - from) * width;
        for (let at = offset; at < end; at += PIECE_ELEMENTS) {
          const length = Math.min(PIECE_ELEMENTS, end - at);
          const range = { storage: buffers[buffer]!, offset: at, length };
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
 * @param values elements of a parameter, row-major; asked once for each
 * @throws {CheckpointError} when `values` gives the wrong number of elements
 * @throws {TypeError} when the store is not allocated
 */
export function writeWeights(
  device: Device,
  store: ParameterStore,
  values: (parameter: Parameter) => Floats,
): void {
  writeInto(device, store, (n) => weightBuffers(store, n), values);
}

function weightBuffers(store: ParameterStore, buffer: number): ReadonlySet<Storage> {
  const { masters, weights } = store.buffers[buffer]!;
  return new Set([masters, weights]); // the same buffer in full precision
}

/**
 * As {@link writeParameters}, for elements that arrive one tensor after the other, so that the host
 * holds few of them.
 *
 * @throws {CheckpointError} when `values` gives the wrong number of elements
 * @throws {TypeError} when the store is not allocated
 */
export async function writeArrivingParameters(
  device: Device,
  layout: ParameterLayout,
  buffers: FlatBuffers,
  values: (parameter: Parameter) => Promise<Floats>,
): Promise<void> {
  await writeArriving(writing(device, layout, (n) => [buffers[n]!]), values);
}

/** As {@link writeWeights}, for elements that arrive one tensor after the other. */
export async function writeArrivingWeights(
  device: Device,
  store: ParameterStore,
  values: (parameter: Parameter) => Promise<Floats>,
): Promise<void> {
  await writeArriving(writing(device, store, (n) => weightBuffers(store, n)), values);
}

async function writeArriving(
  writes: ReturnType<typeof writing>,
  values: (parameter: Parameter) => Promise<Floats>,
): Promise<void> {
  let next = writes.next();
  while (!next.done) next = writes.next(await values(next.value));
}

/** The weights of a store as they are trained and saved, one storage per flat buffer. */
export function weightsOf(store: ParameterStore): FlatBuffers {
  return store.buffers.map(({ masters }) => masters);
}

/**
 * The gradients of a store, one storage per flat buffer.
 *
 * @throws {TypeError} when the store was allocated without gradients
 */
export function gradientsOf(store: ParameterStore): FlatBuffers {
  return store.buffers.map(({ gradients }) => {
    if (gradients === undefined) throw new TypeError("Cannot read gradients: none were allocated");
    return gradients;
  });
}
