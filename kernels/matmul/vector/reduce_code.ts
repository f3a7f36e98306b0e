/**
 * Vector code of the sum of parts of a product.
 *
 * @module
 */
import { f32x4, i32, v128, type VectorCode, vectorCode } from "@transformer-xl/runtime/wasm";
import { bytes, forRows, forVectors, rowItems } from "../../shared/vector/rows.ts";

/** Code that adds the parts in order. */
export const REDUCE_CODE: VectorCode = vectorCode<
  "partial" | "c",
  "M" | "N" | "part_stride" | "ldc" | "c_offset" | "splits" | "accumulate",
  "block"
>({
  extra: ["block"],
  split: ({ M, N, splits }) => rowItems(M, N * splits),
  emit(f, { at, int, item }) {
    const partBytes = f.int(bytes(int.part_stride));
    const [part, from, sum] = [f.int(0), f.int(0), f.local("v128")];
    forRows(f, item, int.block, int.M, (row) => {
      const start = f.int(i32.add(at.partial, bytes(i32.mul(row, int.N))));
      const out = f.int(
        i32.add(at.c, bytes(i32.add(int.c_offset, i32.mul(row, int.ldc)))),
      );
      forVectors(f, int.N, (offset, { store }) => {
        const to = f.int(i32.add(out, offset));
        f.set(from, i32.add(start, offset));
        f.set(sum, v128.zero);
        f.when(int.accumulate, () => f.set(sum, v128.load(to)));
        f.loop(part, [0, int.splits], () => {
          f.set(sum, f32x4.add(sum, v128.load(from)));
          f.advance(from, partBytes);
        });
        store(to, sum);
      });
    });
  },
});
