/**
 * Vector code of the masked softmax of attention and of its derivative, with scores by position, which
 * lie shifted, and without.
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
  type Value,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import { emitExp } from "../../shared/vector/exponential.ts";
import {
  bytes,
  DoubleSum,
  fillZero,
  forRows,
  forVectors,
  largestLane,
  least,
  rowItems,
} from "../../shared/vector/rows.ts";

type Rows = "B" | "N" | "Q" | "K" | "M" | "validMemory" | "maxDistance";
type Cotangent = "p" | "out" | "d_out" | "ds";
type Int = Value<"i32">;

const most = (a: Int, b: Int): Int => i32.select(i32.lt(a, b), b, a);

/** A row of scores; `place` and `shifted` count elements, the others keys. */
interface ScoreRow {
  /** First score by key. */
  readonly place: Local<"i32">;
  /** First score by position. */
  readonly distances: Local<"i32">;
  /** Score by position of key 0. */
  readonly shifted: Local<"i32">;
  /** First visible key. */
  readonly begin: Local<"i32">;
  /** One past the last. */
  readonly end: Local<"i32">;
  /** Element of the result's row. */
  readonly output: Int;
}

/** Statements for each row of an item. */
function forScoreRows(
  f: FunctionBuilder,
  { int, item }: Pick<ItemValues<never, Rows | "block">, "int" | "item">,
  width: Int,
  body: (row: ScoreRow) => void,
): void {
  const { B, N, Q, K, M } = int;
  const rows = f.int(i32.mul(i32.mul(B, N), Q));
  forRows(f, item, int.block, rows, (row) => {
    const i = f.int(i32.remU(row, Q));
    const heads = f.int(i32.divU(row, Q));
    const [n, b] = [f.int(i32.remU(heads, N)), f.int(i32.divU(heads, N))];
    const line = i32.add(i32.mul(i32.add(i32.mul(n, Q), i), B), b);
    const last = f.int(i32.add(i, M));
    const oldest = i32.sub(M, least(M, int.validMemory));
    const distances = f.int(i32.mul(line, K));
    const end = f.int(i32.add(last, 1));
    body({
      place: f.int(i32.mul(row, K)),
      distances,
      shifted: f.int(i32.add(distances, i32.sub(K, end))),
      begin: f.int(most(oldest, i32.sub(last, least(last, int.maxDistance)))),
      end,
      output: i32.mul(i32.add(i32.mul(i32.add(i32.mul(i, B), b), N), n), width),
    });
  });
}

const split = ({ B, N, Q, K }: Readonly<Record<Rows, number>>) => rowItems(B * N * Q, K);

/** Code of the softmax; exponentials are stored in place of the scores, then multiplied. */
export function softmaxCode(byPosition: boolean): VectorCode {
  return vectorCode<"x" | "p", Rows, "block">({
    extra: ["block"],
    split,
    emit(f, values) {
      const { at, int } = values;
      forScoreRows(f, values, i32.const(0), ({ place, shifted, begin, end }) => {
        const row = f.int(i32.add(at.p, bytes(place)));
        const from = f.int(i32.add(row, bytes(begin)));
        const count = f.int(i32.sub(end, begin));
        const x = byPosition ? f.int(i32.add(at.x, bytes(i32.add(shifted, begin)))) : undefined;
        const high = f.vector(f32x4.splat(f32.const(-Infinity)));
        forVectors(f, count, (offset, { kept, store }) => {
          const address = i32.add(from, offset);
          const score = f.vector(v128.load(address));
          if (x) {
            f.set(score, f32x4.add(score, v128.load(i32.add(x, offset))));
            store(address, score);
          }
          f.set(high, f32x4.max(high, kept(score, high)));
        });
        f.set(high, largestLane(f, high));
        const sum = new DoubleSum(f);
        forVectors(f, count, (offset, { kept, store }) => {
          const address = i32.add(from, offset);
          const e = emitExp(f, f.vector(f32x4.sub(v128.load(address), high)));
          store(address, e);
          sum.add(f.vector(kept(e)));
        });
        const factor = f.vector(f32x4.splat(f32.demote(f64.div(1, sum.total()))));
        forVectors(f, count, (offset, { store }) => {
          const address = i32.add(from, offset);
          store(address, f32x4.mul(v128.load(address), factor));
        });
        fillZero(f, row, begin);
        fillZero(f, i32.add(row, bytes(end)), i32.sub(int.K, end));
      });
    },
  });
}

/** Code of the softmax's derivative. */
export function softmaxBackwardCode(byPosition: boolean): VectorCode {
  return vectorCode<Cotangent | "dx", Rows | "H" | "scale", "block">({
    extra: ["block"],
    split,
    emit(f, values) {
      const { at, int, float } = values;
      forScoreRows(f, values, int.H, (row) => {
        const { place, distances, shifted, begin, end } = row;
        const output = f.int(bytes(row.output));
        const delta = new DoubleSum(f);
        forVectors(f, int.H, (offset, { kept }) => {
          const along = f.int(i32.add(output, offset));
          const dOut = f.vector(kept(v128.load(i32.add(at.d_out, along))));
          const out = f.vector(kept(v128.load(i32.add(at.out, along))));
          delta.addProduct(dOut, out);
        });
        const mean = f.vector(f32x4.splat(f32.demote(delta.total())));
        const scale = f.vector(f32x4.splat(float.scale));
        const first = f.int(bytes(i32.add(place, begin)));
        const dx = byPosition ? f.int(i32.add(at.dx, bytes(i32.add(shifted, begin)))) : undefined;
        const value = f.local("v128");
        forVectors(f, i32.sub(end, begin), (offset, { store }) => {
          const along = f.int(i32.add(first, offset));
          const ds = f.int(i32.add(at.ds, along));
          const p = f32x4.mul(scale, v128.load(i32.add(at.p, along)));
          f.set(value, f32x4.mul(p, f32x4.sub(v128.load(ds), mean)));
          store(ds, value);
          if (dx) store(i32.add(dx, offset), value);
        });
        const line = f.int(i32.add(at.ds, bytes(place)));
        fillZero(f, line, begin);
        fillZero(f, i32.add(line, bytes(end)), i32.sub(int.K, end));
        if (dx) {
          const hidden = i32.sub(i32.add(shifted, begin), distances);
          fillZero(f, i32.add(at.dx, bytes(distances)), hidden);
        }
      });
    },
  });
}
