/**
 * Elements of a strided view in row-major order.
 *
 * @module
 */
import type { TorchTensor } from "./torch_tensor.ts";

/**
 * Gathers elements of a view.
 *
 * @param bytes those of its storage, from its first element to its last
 * @param width bytes of an element
 * @param from number of the first element, row-major
 * @param to one past the last one
 */
export function gather(
  bytes: Uint8Array<ArrayBuffer>,
  { shape, strides }: Pick<TorchTensor, "shape" | "strides">,
  width: number,
  from: number,
  to: number,
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array((to - from) * width);
  const index = indexOf(shape, from);
  let place = index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0);
  for (let at = 0; at < result.length; at += width) {
    for (let byte = 0; byte < width; byte++) result[at + byte] = bytes[place * width + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      place -= index[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

/** The index of an element on every axis. */
function indexOf(shape: readonly number[], element: number): number[] {
  let rest = element;
  return shape.map((_, axis) => {
    const below = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
    const i = Math.floor(rest / below);
    rest -= i * below;
    return i;
  });
}
