/**
 * Vector code of Muon, without its matrix products.
 *
 * @module
 */
import { f32, f32x4, i32, v128, type VectorCode, vectorCode } from "@transformer-xl/runtime/wasm";
import {
  bytes,
  DoubleSum,
  forRows,
  forVectors,
  ITEM_WORK,
  least,
  rowItems,
} from "../../shared/vector/rows.ts";
import { chunkCode, clipFactor, whenApplied } from "../flat/vector_code.ts";

/** Momentum and directions of a batch, with their sums of squares. */
export const DIRECTION_CODE: VectorCode = chunkCode<
  "control" | "gradients" | "momentum" | "direction" | "sums",
  "decay"
>(1, (f, { at, int, item, all, forElements }) => {
  whenApplied(f, at.control, () => {
    const [factor, decay] = [clipFactor(f, at.control), all("decay")];
    const squares = new DoubleSum(f);
    forElements(({ addressOf, moveState, kept, store }) => {
      const g = f.vector(f32x4.mul(factor, v128.load(addressOf("gradients"))));
      const moved = moveState("momentum", (old) => f32x4.add(f32x4.mul(decay, old), g));
      const direction = f.vector(kept(f32x4.add(g, f32x4.mul(decay, moved))));
      store(addressOf("direction", "slot"), direction);
      squares.addProduct(direction, direction);
    });
    const sum = i32.add(at.sums, bytes(i32.add(int.first, item)));
    f.store(sum, f32.demote(squares.total()));
  });
});

/** The matrices of a batch times their factors; an item is a piece of a matrix. */
export const NORMALIZE_CODE: VectorCode = vectorCode<"factors" | "x", "count" | "size", "pieces">({
  extra: ["pieces"],
  split({ count, size }) {
    const pieces = Math.ceil(size / ITEM_WORK);
    return { items: Math.ceil(count / size) * pieces, pieces };
  },
  emit(f, { at, int, item }) {
    const matrix = f.int(i32.divU(item, int.pieces));
    const first = f.int(i32.mul(i32.remU(item, int.pieces), ITEM_WORK));
    const factor = f.vector(v128.load32Splat(i32.add(at.factors, bytes(matrix))));
    const start = f.int(i32.add(at.x, bytes(i32.add(i32.mul(matrix, int.size), first))));
    const length = least(i32.sub(int.size, first), i32.const(ITEM_WORK));
    forVectors(f, length, (offset, { store }) => {
      const address = f.int(i32.add(start, offset));
      store(address, f32x4.mul(factor, v128.load(address)));
    });
  },
});

/** The polynomial of a Newton-Schulz step, row by row. */
export const POLYNOMIAL_CODE: VectorCode = vectorCode<
  "gram" | "square",
  "count" | "side" | "linear" | "unit",
  "block"
>({
  extra: ["block"],
  split: ({ count, side }) => rowItems(count / side, side),
  emit(f, { at, int, float, item }) {
    const linear = f.vector(f32x4.splat(float.linear));
    forRows(f, item, int.block, i32.divU(int.count, int.side), (row) => {
      const start = f.int(bytes(i32.mul(row, int.side)));
      forVectors(f, int.side, (offset, { store }) => {
        const along = f.int(i32.add(start, offset));
        const gram = v128.load(i32.add(at.gram, along));
        const address = f.int(i32.add(at.square, along));
        store(address, f32x4.add(v128.load(address), f32x4.mul(linear, gram)));
      });
      const diagonal = f.int(i32.add(start, bytes(i32.remU(row, int.side))));
      f.advance(diagonal, at.square);
      f.store(diagonal, f32.add(f32.load(diagonal), float.unit));
    });
  },
});

/** Weights of a batch in one buffer. */
export const APPLY_CODE: VectorCode = chunkCode<
  "control" | "direction" | "weights",
  "rate" | "keep" | "scale"
>(1, (f, { at, all, float, forElements }) => {
  whenApplied(f, at.control, () => {
    const rate = f.vector(f32x4.splat(f32.mul(float.rate, float.scale)));
    const keep = all("keep");
    forElements(({ addressOf, move }) => {
      const moved = f.vector(f32x4.mul(rate, v128.load(addressOf("direction", "slot"))));
      move("weights", (old) => f32x4.sub(f32x4.mul(keep, old), moved));
    });
  });
});
