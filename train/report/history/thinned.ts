/**
 * A series of bounded length: the longer it grows, the more neighbours each of its items stands for.
 *
 * @module
 */

/** Joins two neighbours, the earlier one first. */
export type Merge<T> = (earlier: T, later: T) => T;

/**
 * A growing series that keeps at most twice `limit` items, evenly over its length.
 *
 * @example
 * ```ts
 * import { Thinned } from "@transformer-xl/train/report";
 * import { assertEquals } from "@std/assert";
 *
 * const series = new Thinned<number[]>(2, (a, b) => [...a, ...b]);
 * for (const value of [1, 2, 3, 4, 5, 6, 7]) series.add([value]);
 * assertEquals(series.items, [[1, 2], [3, 4], [5, 6], [7]]);
 * ```
 */
export class Thinned<T> {
  readonly #limit: number;
  readonly #merge: Merge<T>;
  #items: T[] = [];
  /** How many added items one kept item stands for. */
  #stride = 1;
  #pending: { item: T; count: number } | undefined;

  /** @param limit fewest items that a long series keeps */
  constructor(limit: number, merge: Merge<T>) {
    this.#limit = limit;
    this.#merge = merge;
  }

  /** The kept items, in order. */
  get items(): readonly T[] {
    return this.#pending === undefined ? this.#items : [...this.#items, this.#pending.item];
  }

  /** The last item; undefined for an empty series. */
  get last(): T | undefined {
    return this.#pending?.item ?? this.#items.at(-1);
  }

  /** Appends an item. */
  add(item: T): void {
    const { item: earlier, count } = this.#pending ?? { item: undefined, count: 0 };
    const joined = earlier === undefined ? item : this.#merge(earlier, item);
    if (count + 1 < this.#stride) {
      this.#pending = { item: joined, count: count + 1 };
      return;
    }
    this.#pending = undefined;
    this.#items.push(joined);
    if (this.#items.length >= 2 * this.#limit) this.#halve();
  }

  /** Removes items from the end for as long as `isDropped` holds. */
  dropLastWhile(isDropped: (item: T) => boolean): void {
    if (this.#pending !== undefined && isDropped(this.#pending.item)) this.#pending = undefined;
    if (this.#pending !== undefined) return;
    while (this.#items.length > 0 && isDropped(this.#items.at(-1)!)) this.#items.pop();
  }

  #halve(): void {
    const halves: T[] = [];
    for (let i = 0; i < this.#items.length; i += 2) {
      const [earlier, later] = [this.#items[i]!, this.#items[i + 1]];
      halves.push(later === undefined ? earlier : this.#merge(earlier, later));
    }
    this.#items = halves;
    this.#stride *= 2;
  }
}
