/**
 * Vector code of kernels whose elements do not depend on each other: items of neighbouring elements.
 *
 * @module
 */
import {
  type FunctionBuilder,
  i32,
  type ItemValues,
  type Local,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import { bytes, forVectors, ITEM_WORK, type Lanes, least } from "./rows.ts";

/** The elements of an item. */
export interface Elements<Operands extends string> {
  /** The first one. */
  readonly first: Local<"i32">;
  /** How many there are, {@link ITEM_WORK} at most. */
  readonly length: Local<"i32">;
  /** Statements for four at a time; `offset` is in bytes from the first. */
  readonly forEach: (
    body: (
      addressOf: (operand: Operands) => Local<"i32">,
      lanes: Lanes,
      offset: Local<"i32">,
    ) => void,
  ) => void;
}

/** Code of a kernel over `count` elements of operands that are indexed alike. */
export function elementCode<Operands extends string, Sizes extends string = never>(
  emit: (
    f: FunctionBuilder,
    elements: Elements<Operands>,
    values: ItemValues<Operands, Sizes | "count">,
  ) => void,
): VectorCode {
  return vectorCode<Operands, Sizes | "count">({
    extra: [],
    split: ({ count }) => ({ items: Math.ceil(count / ITEM_WORK) }),
    emit(f, values) {
      const { at, int, item } = values;
      const first = f.int(i32.mul(item, ITEM_WORK));
      const length = f.int(least(i32.sub(int.count, first), i32.const(ITEM_WORK)));
      const start = f.int(bytes(first));
      emit(f, {
        first,
        length,
        forEach: (body) =>
          forVectors(f, length, (offset, lanes) => {
            const along = f.int(i32.add(start, offset));
            body((operand) => f.int(i32.add(at[operand], along)), lanes, offset);
          }),
      }, values);
    },
  });
}
