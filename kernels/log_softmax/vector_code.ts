/**
 * Vector code of log-softmax.
 *
 * @module
 */
import {
  f32,
  f32x4,
  f64,
  i32,
  v128,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import { emitExp, emitLog } from "../shared/vector/exponential.ts";
import { bytes, DoubleSum, forVectors, largestOf } from "../shared/vector/rows.ts";

/** Scalars of log-softmax. */
export type LogSoftmaxSizes =
  | "columns"
  | "stride"
  | "first"
  | "count"
  | "at"
  | "y_stride"
  | "shift_stride"
  | "shift_column";

/** Code of some columns of every row; an item is a row. */
export const LOG_SOFTMAX_CODE: VectorCode = vectorCode<
  "logits" | "shift" | "y",
  LogSoftmaxSizes
>({
  extra: [],
  split: ({ stride }, _threads, lengths) => ({ items: lengths.logits / stride }),
  emit(f, { at, int, item: row }) {
    const begin = f.int(i32.add(at.logits, bytes(i32.mul(row, int.stride))));
    const largest = largestOf(f, begin, int.columns);
    const sum = new DoubleSum(f);
    forVectors(f, int.columns, (offset, { kept }) => {
      const below = f.vector(f32x4.sub(v128.load(i32.add(begin, offset)), largest));
      sum.add(f.vector(kept(emitExp(f, below))));
    });
    const place = i32.add(i32.mul(row, int.shift_stride), int.shift_column);
    const shift = f64.promote(f32.load(i32.add(at.shift, bytes(place))));
    const level = f.vector(
      f32x4.splat(f32.demote(f64.sub(emitLog(f, sum.total()), shift))),
    );
    const from = f.int(i32.add(begin, bytes(int.first)));
    const to = f.int(i32.add(at.y, bytes(i32.add(i32.mul(row, int.y_stride), int.at))));
    forVectors(f, int.count, (offset, { store }) => {
      const below = f32x4.sub(v128.load(i32.add(from, offset)), largest);
      store(i32.add(to, offset), f32x4.sub(below, level));
    });
  },
});
