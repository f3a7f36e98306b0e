/**
 * Vector code over the chunks of flat buffers, an item each.
 *
 * @module
 */
import {
  type FunctionBuilder,
  i32,
  type ItemValues,
  type Local,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import { bytes, forVectors, type Lanes } from "../../shared/vector/rows.ts";
import type { ChunkSizes } from "./flat.ts";

/** A chunk in vector code. */
export interface ChunkValues<Operands extends string, Sizes extends string>
  extends ItemValues<Operands | "chunks", Sizes | ChunkSizes> {
  /** Address of its number in a table by slots. */
  readonly slotOf: (operand: Operands) => Local<"i32">;
  /** Statements for its elements, four at a time. */
  readonly forElements: (
    body: (addressOf: (operand: Operands) => Local<"i32">, lanes: Lanes) => void,
  ) => void;
}

/** Code of a kernel over chunks without offsets of states; `per` numbers of a table stand in a slot. */
export function chunkCode<Operands extends string, Sizes extends string>(
  per: 1 | 2,
  emit: (f: FunctionBuilder, values: ChunkValues<Operands, Sizes>) => void,
): VectorCode {
  return vectorCode<Operands | "chunks", Sizes | ChunkSizes>({
    extra: [],
    split: ({ count }) => ({ items: count }),
    emit(f, values) {
      const { at, int, item } = values;
      const row = f.int(i32.add(at.chunks, i32.shl(i32.add(int.first, item), 4)));
      const start = f.int(bytes(i32.load(row)));
      const length = f.int(i32.load(row, 4));
      const slot = f.int(i32.mul(i32.load(row, 12), 4 * per));
      emit(f, {
        ...values,
        slotOf: (operand) => f.int(i32.add(at[operand], slot)),
        forElements: (body) =>
          forVectors(f, length, (offset, lanes) => {
            const along = f.int(i32.add(start, offset));
            body((operand) => f.int(i32.add(at[operand], along)), lanes);
          }),
      });
    },
  });
}
