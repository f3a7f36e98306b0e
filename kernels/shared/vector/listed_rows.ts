/**
 * Vector code of kernels that move rows to or from the rows of a list.
 *
 * @module
 */
import {
  f32x4,
  type FunctionBuilder,
  i32,
  type ItemValues,
  type Local,
  v128,
  type Value,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import { bytes, forRows, forVectors, type Lanes, rowItems } from "./rows.ts";

type Operands = "x" | "rows" | "y";
type Sizes<S extends string> = S | "count" | "columns" | "factor";

/** Four numbers of row i, and those of the row that the list names. */
interface MovedVector extends Lanes {
  /** Bytes from the start of an operand with a row per entry of the list. */
  readonly own: Value<"i32">;
  /** Bytes from the start of an operand whose rows are listed. */
  readonly listed: Value<"i32">;
  /** `factor` times four numbers of x. */
  readonly scaled: (x: Value<"i32">) => Value<"v128">;
}

/** Code over `count` rows of `columns` numbers. */
export function listedRowsCode<S extends string = never>(
  emit: (
    f: FunctionBuilder,
    vector: MovedVector,
    values: ItemValues<Operands, Sizes<S>>,
  ) => void,
): VectorCode {
  return vectorCode<Operands, Sizes<S>, "block">({
    extra: ["block"],
    split: ({ count, columns }) => rowItems(count, columns),
    emit(f, values) {
      const { at, int, float, item } = values;
      const factor: Local<"v128"> = f.vector(f32x4.splat(float.factor));
      const rowBytes = f.int(bytes(int.columns));
      forRows(f, item, int.block, int.count, (row) => {
        const own = f.int(i32.mul(row, rowBytes));
        const listed = f.int(i32.mul(i32.load(i32.add(at.rows, bytes(row))), rowBytes));
        forVectors(f, int.columns, (offset, lanes) => {
          emit(f, {
            ...lanes,
            own: i32.add(own, offset),
            listed: i32.add(listed, offset),
            scaled: (x) => f32x4.mul(factor, v128.load(x)),
          }, values);
        });
      });
    },
  });
}
