/**
 * One text for kernels over single numbers and over vectors of four, which a GPU loads at once: of
 * halves, a lane else loads two bytes at a time. On a software driver, layer norm of vectors takes
 * three quarters of the time.
 *
 * The text says `Item` for an element of an array, `Numbers` for the same in float32, and may use
 * `WIDTH`, `total(x)`, the sum of the numbers of an item, and `kept_only(x, bits)`, which replaces
 * number i by 0 unless bit i is set. Its sizes count items.
 *
 * @module
 */
import width1 from "./width_1.wgsl" with { type: "text" };
import width4 from "./width_4.wgsl" with { type: "text" };

/** Numbers of an item. */
export type ItemWidth = 1 | 4;

/** The text for items of `width` numbers. */
export function itemSource(width: ItemWidth, ...parts: readonly string[]): string {
  const [prelude, item, numbers] = width === 1
    ? [width1, "Value", "f32"]
    : [width4, "vec4<Value>", "vec4<f32>"];
  return [prelude, ...parts].join("\n")
    .replaceAll(/\bItem\b/g, item).replaceAll(/\bNumbers\b/g, numbers);
}

/** The width for rows of `columns` numbers. */
export function itemWidth(columns: number): ItemWidth {
  return columns % 4 === 0 ? 4 : 1;
}
