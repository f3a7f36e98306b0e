/**
 * Vector code of embedding.
 *
 * @module
 */
import { f32x4, i32, v128, type VectorCode, vectorCode } from "@transformer-xl/runtime/wasm";
import {
  bytes,
  DoubleSum,
  fillZero,
  forRows,
  forVectors,
  rowItems,
} from "../shared/vector/rows.ts";

/** Code of rows of one table range by id. */
export const EMBEDDING_CODE: VectorCode = vectorCode<
  "ids" | "table" | "y",
  "positions" | "rows" | "width" | "first_id" | "scale" | "zero_others",
  "block"
>({
  extra: ["block"],
  split: ({ positions, width }) => rowItems(positions, width),
  emit(f, { at, int, float, item }) {
    const scale = f.vector(f32x4.splat(float.scale));
    const rowBytes = f.int(bytes(int.width));
    forRows(f, item, int.block, int.positions, (position) => {
      const id = i32.load(i32.add(at.ids, bytes(position)));
      const row = f.int(i32.sub(id, int.first_id));
      const to = f.int(i32.add(at.y, i32.mul(position, rowBytes)));
      f.when(i32.and(i32.ge(row, 0), i32.lt(row, int.rows)), () => {
        const from = f.int(i32.add(at.table, i32.mul(row, rowBytes)));
        forVectors(f, int.width, (offset, { store }) => {
          store(i32.add(to, offset), f32x4.mul(scale, v128.load(i32.add(from, offset))));
        });
      }, () => {
        f.when(int.zero_others, () => fillZero(f, to, int.width));
      });
    });
  },
});

/** Code of sums per distinct id; an item is some of the ids. */
export const EMBEDDING_GRADIENT_CODE: VectorCode = vectorCode<
  "order" | "starts" | "distinct" | "dy" | "dtable",
  "first" | "groups" | "width" | "first_id" | "scale",
  "block"
>({
  extra: ["block"],
  split: ({ groups, width }) => rowItems(groups, width),
  emit(f, { at, int, float, item }) {
    const scale = f.vector(f32x4.splat(float.scale));
    const rowBytes = f.int(bytes(int.width));
    const [j, value] = [f.int(0), f.local("v128")];
    forRows(f, item, int.block, int.groups, (n) => {
      const group = f.int(bytes(i32.add(int.first, n)));
      const entry = i32.add(at.starts, group);
      const [begin, end] = [f.int(i32.load(entry)), f.int(i32.load(entry, 4))];
      const row = i32.sub(i32.load(i32.add(at.distinct, group)), int.first_id);
      const table = f.int(i32.add(at.dtable, i32.mul(row, rowBytes)));
      forVectors(f, int.width, (offset, { store }) => {
        const from = f.int(i32.add(at.dy, offset));
        const sum = new DoubleSum(f);
        f.loop(j, [begin, end], () => {
          const position = i32.load(i32.add(at.order, bytes(j)));
          f.set(value, v128.load(i32.add(from, i32.mul(position, rowBytes))));
          sum.add(value);
        });
        const to = f.int(i32.add(table, offset));
        store(to, f32x4.add(v128.load(to), f32x4.mul(scale, sum.lanes())));
      });
    });
  },
});
