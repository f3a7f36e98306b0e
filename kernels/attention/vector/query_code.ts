/**
 * Vector code of what comes before the products of attention: biased queries with their cotangent,
 * and packed heads.
 *
 * @module
 */
import {
  f32x4,
  i32,
  type Local,
  v128,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import type { ItemWidth } from "../../shared/items/item_width.ts";
import { blockSumsCode } from "../../shared/vector/columns.ts";
import { bytes, DoubleSum, forRows, forVectors, rowItems } from "../../shared/vector/rows.ts";

/** Code of the two biased queries. */
export const ADD_BIASES_CODE: VectorCode = vectorCode<
  "q" | "u" | "s" | "content" | "position",
  "Q" | "B" | "N" | "H",
  "block"
>({
  extra: ["block"],
  split: ({ Q, B, N, H }) => rowItems(Q * B, N * H),
  emit(f, { at, int, item }) {
    const { Q, B, N, H } = int;
    const rows = f.int(i32.mul(Q, B));
    const headBytes = f.int(bytes(H));
    const n = f.int(0);
    forRows(f, item, int.block, rows, (row) => {
      const b = i32.remU(row, B);
      const i = i32.divU(row, B);
      // Of head 0; those of the other heads follow at distances of their own.
      const [from, bias] = [f.int(i32.mul(row, i32.mul(N, headBytes))), f.int(0)];
      const content = f.int(i32.mul(i32.add(i32.mul(i32.mul(b, N), Q), i), headBytes));
      const position = f.int(i32.mul(row, headBytes));
      f.loop(n, [0, N], () => {
        forVectors(f, H, (offset, { store }) => {
          const query = f.vector(v128.load(i32.add(at.q, i32.add(from, offset))));
          const along = f.int(i32.add(bias, offset));
          const biased = (by: Local<"i32">) => f32x4.add(query, v128.load(i32.add(by, along)));
          store(i32.add(at.content, i32.add(content, offset)), biased(at.u));
          store(i32.add(at.position, i32.add(position, offset)), biased(at.s));
        });
        f.advance(from, headBytes);
        f.advance(bias, headBytes);
        f.advance(content, i32.mul(Q, headBytes));
        f.advance(position, i32.mul(rows, headBytes));
      });
    });
  },
});

/** Code of heads one after the other. */
export const PACK_HEADS_CODE: VectorCode = vectorCode<
  "x" | "y",
  "T" | "B" | "N" | "H" | "width" | "offset",
  "block"
>({
  extra: ["block"],
  split: ({ T, B, N, H }) => rowItems(T * B, N * H),
  emit(f, { at, int, item }) {
    const { T, B, N, H, width, offset } = int;
    const headBytes = f.int(bytes(H));
    const n = f.int(0);
    forRows(f, item, int.block, i32.mul(T, B), (row) => {
      const from = f.int(i32.add(at.x, bytes(i32.add(i32.mul(row, width), offset))));
      const head = i32.mul(i32.mul(i32.remU(row, B), N), T);
      const to = f.int(i32.add(at.y, i32.mul(i32.add(head, i32.divU(row, B)), headBytes)));
      f.loop(n, [0, N], () => {
        forVectors(f, H, (along, { store }) => {
          store(i32.add(to, along), v128.load(i32.add(from, along)));
        });
        f.advance(from, headBytes);
        f.advance(to, i32.mul(T, headBytes));
      });
    });
  },
});

/** Code of the cotangent of the queries and of the sums of blocks of rows for both biases. */
export function queryCotangentCode(width: ItemWidth): VectorCode {
  return blockSumsCode<"content" | "position" | "dq", "u_at" | "s_at">(
    width,
    (f, { at, int }, { lanes, forRows }, sumsAt) => {
      const [uSum, sSum] = [new DoubleSum(f), new DoubleSum(f)];
      const [content, position] = [f.local("v128"), f.local("v128")];
      forRows((along) => {
        f.set(content, v128.load(i32.add(at.content, along)));
        f.set(position, v128.load(i32.add(at.position, along)));
        lanes.store(f.int(i32.add(at.dq, along)), f32x4.add(content, position));
        uSum.add(content);
        sSum.add(position);
      });
      lanes.store(sumsAt(int.u_at), uSum.lanes());
      lanes.store(sumsAt(int.s_at), sSum.lanes());
    },
  );
}
