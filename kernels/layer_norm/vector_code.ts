/**
 * Vector code of layer norm: sums in float64, each number in float32.
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
  SCRATCH_BYTES,
  v128,
  type Value,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import type { MaskField } from "../shared/dropout/mask.ts";
import type { ItemWidth } from "../shared/items/item_width.ts";
import { blockSumsCode } from "../shared/vector/columns.ts";
import { drawMask, MASK_MARGIN } from "../shared/vector/mask.ts";
import { bytes, DoubleSum, forRows, forVectors, rowItems } from "../shared/vector/rows.ts";

type Double = Value<"f64">;
type Vector = Value<"v128">;

/** What the statements of a row work with. */
interface Row {
  /** Numbers of the row. */
  readonly columns: Local<"i32">;
  /** Index of the first one. */
  readonly first: Local<"i32">;
  /** Its bytes from the start of an operand. */
  readonly start: Local<"i32">;
  /** Address of its mean and 1 / deviation. */
  readonly stats: Local<"i32">;
}

/** Most numbers of a row whose mask fits a thread's own memory. */
const MOST_DROPPED = (SCRATCH_BYTES - MASK_MARGIN) / 4;

/** Code over rows of `width * columns` numbers, with dropout or without. */
function rowCode<Operands extends string, Sizes extends string>(
  width: ItemWidth,
  dropped: boolean,
  emit: (
    f: FunctionBuilder,
    values: ItemValues<Operands | "stats", Sizes | "rows" | "columns">,
    row: Row,
  ) => void,
): VectorCode {
  return vectorCode<Operands | "stats", Sizes | "rows" | "columns", "block">({
    extra: ["block"],
    split: ({ rows, columns }) =>
      dropped && width * columns > MOST_DROPPED ? undefined : rowItems(rows, width * columns),
    emit(f, values) {
      const { at, int, item } = values;
      const columns = f.int(i32.mul(int.columns, width));
      forRows(f, item, int.block, int.rows, (row) => {
        const first = f.int(i32.mul(row, columns));
        const start = f.int(bytes(first));
        const stats = f.int(i32.add(at.stats, i32.shl(row, 3)));
        emit(f, values, { columns, first, start, stats });
      });
    },
  });
}

/** `total / count`, in all lanes. */
function meanOf(f: FunctionBuilder, total: Double, count: Local<"i32">): Local<"v128"> {
  return f.vector(f32x4.splat(f32.demote(f64.div(total, f64.convert(count)))));
}

/**
 * Code of the normalised rows of x, of x + residual, or of drop(x) + residual; the sum is kept in `z`
 * and read again from there.
 */
export function forwardCode(
  width: ItemWidth,
  input: "plain" | "residual" | "dropped",
): VectorCode {
  return rowCode<"x" | "residual" | "z" | "gain" | "bias" | "y", "eps" | MaskField>(
    width,
    input === "dropped",
    (f, values, { columns, first, start, stats }) => {
      const { at, float, scratch } = values;
      const along = f.int(0);
      const load = (operand: keyof typeof at) => v128.load(i32.add(at[operand], along));
      const mask = input === "dropped" &&
        drawMask(f, values, { first, count: columns, to: scratch });
      const sum = new DoubleSum(f);
      forVectors(f, columns, (offset, { kept, store }) => {
        f.set(along, i32.add(start, offset));
        const x = mask ? mask.drop(offset, load("x")) : load("x");
        const z = f.vector(input === "plain" ? x : f32x4.add(x, load("residual")));
        if (input !== "plain") store(i32.add(at.z, along), z);
        f.set(z, kept(z));
        sum.add(z);
      });
      const z = input === "plain" ? "x" : "z";
      const mean = meanOf(f, sum.total(), columns);
      const squares = new DoubleSum(f);
      forVectors(f, columns, (offset, { kept }) => {
        f.set(along, i32.add(start, offset));
        const centred = f.vector(kept(f32x4.sub(load(z), mean)));
        squares.addProduct(centred, centred);
      });
      const variance = f64.div(squares.total(), f64.convert(columns));
      const deviation = f64.sqrt(f64.add(variance, f64.promote(float.eps)));
      const rstd = f.vector(f32x4.splat(f32.demote(f64.div(1, deviation))));
      forVectors(f, columns, (offset, { store }) => {
        f.set(along, i32.add(start, offset));
        const xhat = f32x4.mul(f32x4.sub(load(z), mean), rstd);
        const scaled = f32x4.mul(v128.load(i32.add(at.gain, offset)), xhat);
        store(i32.add(at.y, along), f32x4.add(scaled, v128.load(i32.add(at.bias, offset))));
      });
      f.store(stats, f32x4.lane(mean, 0));
      f.store(stats, f32x4.lane(rstd, 0), 4);
    },
  );
}

/** What the cotangent of rows is, beside that of their norm. */
interface BackwardForm {
  /** Written after a dropout too. */
  readonly dropped?: boolean;
  /** Of rows from `first` on, with `skip` added. */
  readonly added?: boolean;
}

/** Code of the cotangent of the rows, with that of other uses, and of that before their dropout. */
export function backwardCode(
  width: ItemWidth,
  { dropped = false, added = false }: BackwardForm,
): VectorCode {
  return rowCode<"dy" | "z" | "gain" | "dz" | "dx" | "skip", "first" | MaskField>(
    width,
    dropped,
    (f, values, { columns, first, start, stats }) => {
      const { at, int, scratch } = values;
      const above = added ? f.int(bytes(i32.mul(int.first, columns))) : undefined;
      const [mean, rstd] = statsOf(f, added ? f.int(i32.add(stats, i32.shl(int.first, 3))) : stats);
      const [from, to] = [f.int(0), f.int(0)];
      const [g, xhat] = [f.local("v128"), f.local("v128")];
      const loadItem = (offset: Value<"i32">) => {
        f.set(to, i32.add(start, offset));
        f.set(from, above ? i32.add(to, above) : to);
        const dy = v128.load(i32.add(at.dy, from));
        f.set(g, f32x4.mul(dy, v128.load(i32.add(at.gain, offset))));
        f.set(xhat, f32x4.mul(f32x4.sub(v128.load(i32.add(at.z, from)), mean), rstd));
      };
      const [sum, product] = [new DoubleSum(f), new DoubleSum(f)];
      forVectors(f, columns, (offset, { kept }) => {
        loadItem(offset);
        f.set(g, kept(g));
        f.set(xhat, kept(xhat));
        sum.add(g);
        product.addProduct(g, xhat);
      });
      const meanG = meanOf(f, sum.total(), columns);
      const meanProduct = meanOf(f, product.total(), columns);
      const mask = dropped && drawMask(f, values, { first, count: columns, to: scratch });
      forVectors(f, columns, (offset, { store }) => {
        loadItem(offset);
        const centred = f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(xhat, meanProduct));
        const own = f32x4.mul(rstd, centred);
        const dz = f.vector(added ? f32x4.add(own, v128.load(i32.add(at.skip, to))) : own);
        store(i32.add(at.dz, to), dz);
        if (mask) store(i32.add(at.dx, to), mask.drop(offset, dz));
      });
    },
  );
}

/** Mean and 1 / deviation of a row, in all lanes. */
function statsOf(f: FunctionBuilder, stats: Local<"i32">): [Local<"v128">, Local<"v128">] {
  return [f.vector(v128.load32Splat(stats)), f.vector(v128.load32Splat(stats, 4))];
}

/** Code of the sums of the gradients of gain and bias over blocks of rows. */
export function gainCode(width: ItemWidth): VectorCode {
  return blockSumsCode<"dy" | "z" | "stats", "gain_at" | "bias_at">(
    width,
    (f, { at, int }, { firstRow, lanes, forRows }, sumsAt) => {
      const [gainSum, biasSum] = [new DoubleSum(f), new DoubleSum(f)];
      const stats = f.int(i32.add(at.stats, i32.shl(firstRow, 3)));
      const [dy, xhat] = [f.local("v128"), f.local("v128")];
      const [mean, rstd] = [f.local("v128"), f.local("v128")];
      forRows((along) => {
        f.set(mean, v128.load32Splat(stats));
        f.set(rstd, v128.load32Splat(stats, 4));
        f.set(dy, v128.load(i32.add(at.dy, along)));
        const centred = f32x4.sub(v128.load(i32.add(at.z, along)), mean);
        f.set(xhat, f32x4.mul(centred, rstd));
        gainSum.addProduct(dy, xhat);
        biasSum.add(dy);
        f.advance(stats, 8);
      });
      lanes.store(sumsAt(int.gain_at), gainSum.lanes());
      lanes.store(sumsAt(int.bias_at), biasSum.lanes());
    },
  );
}
