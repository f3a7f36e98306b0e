/**
 * Shapes: row-major, the last axis contiguous. `dims()` is the shape comment that executes: one
 * call names, checks and returns the axes of several tensors.
 *
 * @module
 */
import { ShapeError } from "../base/errors.ts";

/** Sizes of the axes, outermost first. */
export type Shape = readonly number[];

/** Anything that has a shape. */
export interface Shaped {
  /** Sizes of the axes, outermost first. */
  readonly shape: Shape;
}

/** Words of a pattern. */
export type Words<S extends string> = S extends `${infer A} ${infer R}` ? A | Words<R> : S;

/** Axis names of a pattern; sizes written as digits are checked, not bound. */
export type Axes<S extends string> = Exclude<Words<S>, `${number}` | "">;

/**
 * Names, checks and returns the axis sizes of several tensors at once.
 *
 * @throws {ShapeError} naming the axis, the tensor and both sizes
 * @example
 * ```ts
 * import { dims } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const q = { shape: [192, 4, 8, 64] }, k = { shape: [384, 4, 8, 64] };
 * const { Q, K } = dims({ q: "Q B N H", k: "K B N H" }, { q, k });
 * assertEquals([Q, K], [192, 384]);
 * ```
 */
export function dims<const P extends Readonly<Record<string, string>>>(
  patterns: P,
  tensors: { readonly [K in keyof P]: Shaped | undefined },
): { readonly [A in Axes<P[keyof P]>]: number } {
  const sizes: Record<string, number> = {};
  const owner: Record<string, string> = {};
  for (const [name, pattern] of Object.entries(patterns)) {
    const shape = tensors[name]?.shape;
    if (shape === undefined) continue; // an optional operand that is absent
    const axes = pattern.split(" ").filter((axis) => axis !== "");
    if (axes.length !== shape.length) {
      throw new ShapeError(`Cannot read "${name}" as [${axes}]: current shape is [${shape}]`);
    }
    axes.forEach((axis, i) => {
      const size = shape[i]!;
      const wanted = /^\d+$/.test(axis) ? Number(axis) : sizes[axis];
      if (wanted !== undefined && wanted !== size) {
        const where = owner[axis] === undefined ? "" : ` as in "${owner[axis]}"`;
        throw new ShapeError(
          `Cannot read "${name}" as [${axes}]: expected ${axis} = ${wanted}${where}, ` +
            `current shape is [${shape}]`,
        );
      }
      sizes[axis] = size;
      owner[axis] ??= name;
    });
  }
  return sizes as { readonly [A in Axes<P[keyof P]>]: number };
}

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}
