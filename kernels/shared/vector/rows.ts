/**
 * Rows of numbers in vector code: vectors of four, a last one with some lanes, sums in float64, and
 * items of several rows.
 *
 * @module
 */
import {
  f32x4,
  f64,
  f64x2,
  type FunctionBuilder,
  i32,
  i32x4,
  type Local,
  shuffle,
  v128,
  type Value,
} from "@transformer-xl/runtime/wasm";

type Int = Value<"i32">;
type Vector = Value<"v128">;

/** Bytes of elements of float32. */
export const bytes = (elements: Int): Int => i32.shl(elements, 2);

/** The smaller of two signed integers. */
export const least = (a: Int, b: Int): Int => i32.select(i32.lt(a, b), a, b);

/** The lanes of a vector that belong to a row. */
export interface Lanes {
  /** The value, with other lanes from elsewhere; zeros by default. */
  readonly kept: (value: Vector, others?: Vector) => Vector;
  /** Stores these lanes. */
  readonly store: (address: Int, value: Vector) => void;
}

/**
 * Statements over `count` numbers, four at a time. Loads of the last ones reach beyond the row.
 *
 * @param body appends the statements of a vector at an offset in bytes
 */
export function forVectors(
  f: FunctionBuilder,
  count: Int,
  body: (offset: Local<"i32">, lanes: Lanes) => void,
): void {
  const [n, offset] = [f.int(0), f.int(0)];
  f.set(offset, i32.const(0));
  f.loop(n, [0, i32.sub(count, 3), 4], () => {
    body(offset, { kept: (value) => value, store: (address, value) => f.store(address, value) });
    f.advance(offset, 16);
  });
  f.when(i32.lt(n, count), () => {
    const rest = f.int(i32.sub(count, n));
    const mask = f.vector(i32x4.lt(i32x4.const([0, 1, 2, 3]), i32x4.splat(rest)));
    const stored = f.local("v128");
    body(offset, {
      kept: (value, others) => others ? v128.bitselect(value, others, mask) : v128.and(value, mask),
      store(address, value) {
        f.set(stored, value);
        for (const lane of [0, 1, 2]) {
          f.when(i32.gt(rest, lane), () => f.store(address, f32x4.lane(stored, lane), 4 * lane));
        }
      },
    });
  });
}

/** Sets `count` numbers to zero. */
export function fillZero(f: FunctionBuilder, address: Int, count: Int): void {
  forVectors(f, count, (offset, lanes) => lanes.store(i32.add(address, offset), v128.zero));
}

/** A sum in float64 of numbers in vectors. */
export class DoubleSum {
  readonly #f: FunctionBuilder;
  readonly #parts: readonly Local<"v128">[];

  /** Zero. */
  constructor(f: FunctionBuilder) {
    this.#f = f;
    this.#parts = [f.vector(v128.zero), f.vector(v128.zero)];
  }

  /** Adds four numbers. */
  add(value: Local<"v128">): void {
    this.#add(halvesOf(value));
  }

  /** Adds four products. */
  addProduct(a: Local<"v128">, b: Local<"v128">): void {
    const [left, right] = [halvesOf(a), halvesOf(b)];
    this.#add(left.map((half, n) => f64x2.mul(half, right[n]!)));
  }

  /** The sums of each lane, rounded. */
  lanes(): Vector {
    const [low, high] = this.#parts.map((part) => f64x2.demote(part)) as [Vector, Vector];
    return shuffle(low, high, [0, 1, 4, 5]);
  }

  /** The sum of all. */
  total(): Local<"f64"> {
    const lanes = this.#parts.flatMap((part) => [f64x2.lane(part, 0), f64x2.lane(part, 1)]);
    return this.#f.local("f64", lanes.reduce((sum, lane) => f64.add(sum, lane)));
  }

  #add(halves: readonly Vector[]): void {
    this.#parts.forEach((part, n) => this.#f.set(part, f64x2.add(part, halves[n]!)));
  }
}

function halvesOf(value: Local<"v128">): Vector[] {
  return [f64x2.promoteLow(value), f64x2.promoteLow(shuffle(value, value, [2, 3, 2, 3]))];
}

/** The largest of four numbers. */
export function largestLane(f: FunctionBuilder, value: Vector): Vector {
  const whole = f.vector(value);
  f.set(whole, f32x4.max(whole, shuffle(whole, whole, [1, 0, 3, 2])));
  return f32x4.max(whole, shuffle(whole, whole, [2, 3, 0, 1]));
}

/** The largest of `count` numbers, in all lanes. */
export function largestOf(
  f: FunctionBuilder,
  address: Local<"i32">,
  count: Int,
): Local<"v128"> {
  const largest = f.vector(v128.load32Splat(address));
  forVectors(f, count, (offset, { kept }) => {
    f.set(largest, f32x4.max(largest, kept(v128.load(i32.add(address, offset)), largest)));
  });
  f.set(largest, largestLane(f, largest));
  return largest;
}

/** Work of an item, in numbers, for which a thread is worth waking. */
export const ITEM_WORK = 4096;

/** Cuts rows into items of several. */
export function rowItems(rows: number, workPerRow: number): { items: number; block: number } {
  const block = Math.max(1, Math.ceil(ITEM_WORK / Math.max(1, workPerRow)));
  return { items: Math.ceil(rows / block), block };
}

/** Statements for each row of an item. */
export function forRows(
  f: FunctionBuilder,
  item: Int,
  block: Int,
  rows: Int,
  body: (row: Local<"i32">) => void,
): void {
  const first = f.int(i32.mul(item, block));
  const behind = f.int(i32.add(first, block));
  const end = f.int(least(behind, rows));
  const row = f.int(0);
  f.loop(row, [first, end], () => body(row));
}
