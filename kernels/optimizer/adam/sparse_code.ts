/**
 * Vector code of Adam for tables with sparse gradients.
 *
 * @module
 */
import { f32, f32x4, i32, v128, type VectorCode, vectorCode } from "@transformer-xl/runtime/wasm";
import { bytes, forRows, forVectors, least, rowItems } from "../../shared/vector/rows.ts";
import {
  chunkCode,
  clipFactor,
  momentsCode,
  type MomentSizes,
  whenApplied,
} from "../flat/vector_code.ts";

/** Which rows of a table have a gradient. */
export const TOUCHED_ROWS_CODE: VectorCode = vectorCode<
  "gradients" | "touched",
  "offset" | "width" | "first" | "rows",
  "block"
>({
  extra: ["block"],
  split: ({ rows, width }) => rowItems(rows, width),
  emit(f, { at, int, item }) {
    const any = f.local("v128");
    forRows(f, item, int.block, int.rows, (row) => {
      const start = i32.add(int.offset, i32.mul(row, int.width));
      const from = f.int(i32.add(at.gradients, bytes(start)));
      f.set(any, v128.zero);
      forVectors(f, int.width, (offset, { kept }) => {
        const moves = f32x4.ne(v128.load(i32.add(from, offset)), v128.zero);
        f.set(any, v128.or(any, kept(moves)));
      });
      const to = i32.add(at.touched, bytes(i32.add(int.first, row)));
      f.store(to, v128.anyTrue(any));
    });
  },
});

/** Moments and weights of touched rows; the third column of chunks counts elements of the table. */
export const SPARSE_ADAM_CODE: VectorCode = chunkCode<
  "control" | "gradients" | "m" | "v" | "weights" | "touched",
  MomentSizes | "width" | "rate" | "correction1" | "correction2" | "eps"
>(1, (f, { at, int, float, all, length, stateIndex, forSome }) => {
  whenApplied(f, at.control, () => {
    const corrected = f32.mul(float.rate, f32.sqrt(float.correction2));
    const rate = f.vector(f32x4.splat(f32.div(corrected, float.correction1)));
    const eps = all("eps");
    const factor = clipFactor(f, at.control);
    const moments = momentsCode(f, all);
    const done = f.int(0);
    f.while(i32.lt(done, length), () => {
      const index = f.int(i32.add(stateIndex, done));
      const row = f.int(i32.divU(index, int.width));
      const behind = i32.mul(i32.add(row, 1), int.width);
      const count = f.int(least(i32.sub(behind, index), i32.sub(length, done)));
      f.when(i32.load(i32.add(at.touched, bytes(row))), () => {
        forSome(done, count, ({ addressOf, move }) => {
          const g = f.vector(f32x4.mul(factor, v128.load(addressOf("gradients"))));
          const { m, v } = moments(g, move);
          const direction = f32x4.div(m, f32x4.add(f32x4.sqrt(v), eps));
          move("weights", (old) => f32x4.sub(old, f32x4.mul(rate, direction)));
        });
      });
      f.advance(done, count);
    });
  });
});
