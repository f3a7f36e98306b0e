/**
 * Vector code of the rows of a softmax and of the sums of their columns.
 *
 * @module
 */
import {
  f32,
  f32x4,
  f64,
  type FunctionBuilder,
  i32,
  type ItemValues,
  type Local,
  v128,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import { IGNORED } from "../shared/ignored.ts";
import { emitExp, emitLog } from "../shared/vector/exponential.ts";
import {
  bytes,
  DoubleSum,
  fillZero,
  forRows,
  forVectors,
  largestOf,
  least,
  rowItems,
} from "../shared/vector/rows.ts";

type Operands = "targets" | "logits" | "nll" | "loss_scale";
type Sizes = "rows" | "base" | "columns" | "stride" | "weight" | "differentiate";

/** Code of `softmax_row`; exponentials are stored in place of the logits, then multiplied. */
export const SOFTMAX_ROW_CODE: VectorCode = vectorCode<Operands, Sizes, "block">({
  extra: ["block"],
  split: ({ rows, columns }) => rowItems(rows, columns),
  emit(f, values) {
    const { at, int, item } = values;
    forRows(f, item, int.block, int.rows, (row) => {
      const begin = f.int(i32.add(at.logits, bytes(i32.mul(row, int.stride))));
      const place = f.int(bytes(i32.add(int.base, row)));
      const goal = f.int(i32.load(i32.add(at.targets, place)));
      const nll = f.int(i32.add(at.nll, place));
      f.when(int.differentiate, () => {
        const end = i32.add(begin, bytes(int.columns));
        fillZero(f, end, i32.sub(int.stride, int.columns));
      });
      f.when(i32.eq(goal, IGNORED_BITS), () => {
        f.store(nll, f32.const(0));
        f.when(int.differentiate, () => fillZero(f, begin, int.columns));
      }, () => {
        const atGoal = f.int(i32.add(begin, bytes(goal)));
        emitRow(f, values, { begin, atGoal, nll });
      });
    });
  },
});

/** {@link IGNORED} as a signed integer. */
const IGNORED_BITS = IGNORED | 0;

/** Loss of a row, and its gradient. */
function emitRow(
  f: FunctionBuilder,
  { at, int, float }: ItemValues<Operands, Sizes>,
  { begin, atGoal, nll }: Readonly<Record<"begin" | "atGoal" | "nll", Local<"i32">>>,
): void {
  const { columns, differentiate } = int;
  const largest = largestOf(f, begin, columns);
  const high = f.local("f32", f32x4.lane(largest, 0));
  const below = f.local("f32", f32.sub(high, f32.load(atGoal)));
  const sum = new DoubleSum(f);
  forVectors(f, columns, (offset, { kept, store }) => {
    const address = i32.add(begin, offset);
    const x = f.vector(f32x4.sub(v128.load(address), largest));
    const e = emitExp(f, x);
    f.when(differentiate, () => store(address, e));
    sum.add(f.vector(kept(e)));
  });
  const total = sum.total();
  f.store(nll, f32.demote(f64.add(emitLog(f, total), f64.promote(below))));
  f.when(differentiate, () => {
    const weight = f.local("f32", f32.mul(float.weight, f32.load(at.loss_scale)));
    const factor = f.vector(f32x4.splat(f32.demote(f64.div(f64.promote(weight), total))));
    forVectors(f, columns, (offset, { store }) => {
      const address = i32.add(begin, offset);
      store(address, f32x4.mul(factor, v128.load(address)));
    });
    f.store(atGoal, f32.sub(f32.load(atGoal), weight));
  });
}

/** Columns of an item of {@link BIAS_GRADIENT_CODE}: a cache line. */
const COLUMNS = 16;

/** Code of `bias_gradient`; an item sums some columns over all rows. */
export const BIAS_GRADIENT_CODE: VectorCode = vectorCode<
  "dlogits" | "dbias",
  "rows" | "columns" | "stride" | "first",
  "block"
>({
  extra: ["block"],
  split({ rows, columns }) {
    const { items, block } = rowItems(Math.ceil(columns / COLUMNS), COLUMNS * rows);
    return { items, block: COLUMNS * block };
  },
  emit(f, { at, int, item }) {
    const column = f.int(i32.mul(item, int.block));
    const left = f.int(i32.sub(int.columns, column));
    const count = f.int(least(left, int.block));
    const row = f.int(0);
    const value = f.local("v128");
    forVectors(f, count, (offset, { store }) => {
      const along = f.int(i32.add(bytes(column), offset));
      const from = f.int(i32.add(i32.add(at.dlogits, bytes(int.first)), along));
      const sum = new DoubleSum(f);
      f.loop(row, [0, int.rows], () => {
        f.set(value, v128.load(from));
        sum.add(value);
        f.advance(from, bytes(int.stride));
      });
      const to = f.int(i32.add(at.dbias, along));
      store(to, f32x4.add(v128.load(to), sum.lanes()));
    });
  },
});
