/**
 * Vector code over the chunks of flat buffers, an item each.
 *
 * @module
 */
import {
  f32,
  f32x4,
  type FunctionBuilder,
  i32,
  type ItemValues,
  type Local,
  v128,
  type Value,
  type VectorCode,
  vectorCode,
} from "@transformer-xl/runtime/wasm";
import { bytes, forVectors, type Lanes } from "../../shared/vector/rows.ts";
import type { ChunkOperands, ChunkSizes } from "./flat.ts";

/** What the elements of an operand are indexed by: columns of the table of chunks. */
type Index = "weight" | "state" | "slot";

/** Writes the new value of an operand, which it returns, over the old one. */
export type Move<Operands extends string> = (
  operand: Operands,
  update: (old: Value<"v128">) => Value<"v128">,
) => Local<"v128">;

/** Four elements of a chunk. */
export interface ChunkVector<Operands extends string> extends Lanes {
  /** Address in an operand, by default one with the layout of the weights. */
  readonly addressOf: (operand: Operands, index?: Index) => Local<"i32">;
  /** Moves these elements of an operand with the layout of the weights. */
  readonly move: Move<Operands>;
  /** Moves these elements of a state. */
  readonly moveState: Move<Operands>;
}

/** A chunk in vector code. */
export interface ChunkValues<Operands extends string, Sizes extends string>
  extends ItemValues<Operands | "chunks", Sizes | ChunkSizes> {
  /** A scalar in all lanes. */
  readonly all: (name: Sizes) => Local<"v128">;
  /** Address of its number in a table by slots. */
  readonly slotOf: (operand: Operands) => Local<"i32">;
  /** Number of its elements. */
  readonly length: Local<"i32">;
  /** Index of the first one in a state. */
  readonly stateIndex: Local<"i32">;
  /** Statements for its elements, four at a time. */
  readonly forElements: (body: (vector: ChunkVector<Operands>) => void) => void;
  /** The same for `count` elements from `first` on. */
  readonly forSome: (
    first: Value<"i32">,
    count: Value<"i32">,
    body: (vector: ChunkVector<Operands>) => void,
  ) => void;
}

/** Code of a kernel over chunks; `per` numbers of a table stand in a slot. */
export function chunkCode<Operands extends string, Sizes extends string>(
  per: 1 | 2,
  emit: (f: FunctionBuilder, values: ChunkValues<Operands, Sizes>) => void,
): VectorCode {
  return vectorCode<Operands | "chunks", Sizes | ChunkSizes>({
    extra: [],
    split: ({ count }) => ({ items: count }),
    emit(f, values) {
      const { at, int, float, item } = values;
      const row = f.int(i32.add(at.chunks, i32.shl(i32.add(int.first, item), 4)));
      const length = f.int(i32.load(row, 4));
      const slot = f.int(i32.load(row, 12));
      const stateIndex = f.int(i32.load(row, 8));
      const starts: Readonly<Record<Index, Local<"i32">>> = {
        weight: f.int(bytes(i32.load(row))),
        state: f.int(bytes(stateIndex)),
        slot: f.int(bytes(slot)),
      };
      const forSome: ChunkValues<Operands, Sizes>["forSome"] = (first, count, body) => {
        const skipped = f.int(bytes(first));
        forVectors(f, count, (offset, lanes) => {
          const along = f.int(i32.add(skipped, offset));
          const addressOf = (operand: Operands, index: Index = "weight") =>
            f.int(i32.add(at[operand], i32.add(starts[index], along)));
          const moveBy = (index: Index): Move<Operands> => (operand, update) => {
            const address = addressOf(operand, index);
            const value = f.vector(update(v128.load(address)));
            lanes.store(address, value);
            return value;
          };
          body({ ...lanes, addressOf, move: moveBy("weight"), moveState: moveBy("state") });
        });
      };
      emit(f, {
        ...values,
        all: (name) => f.vector(f32x4.splat(float[name])),
        slotOf: (operand) => f.int(i32.add(at[operand], i32.mul(slot, 4 * per))),
        length,
        stateIndex,
        forElements: (body) => forSome(i32.const(0), length, body),
        forSome,
      });
    },
  });
}

/** Statements that run unless the step is left out, as `control` says. */
export function whenApplied(f: FunctionBuilder, control: Local<"i32">, body: () => void): void {
  f.when(i32.eq(f32.eq(f32.load(control, 4), 0), 0), body);
}

/** The clip factor in all lanes. */
export function clipFactor(f: FunctionBuilder, control: Local<"i32">): Local<"v128"> {
  return f.vector(v128.load32Splat(control));
}

/**
 * Code of a kernel that updates each weight from its gradient and its states.
 *
 * @param prepare appends what all elements share; returns the new weights of four elements, given
 * the old ones and the clipped gradients
 */
export function updateCode<States extends string, Sizes extends string>(
  prepare: (f: FunctionBuilder, values: Pick<ChunkValues<States, Sizes>, "all" | "float">) => (
    p: Local<"v128">,
    g: Local<"v128">,
    move: Move<States>,
  ) => Value<"v128">,
): VectorCode {
  type Operands = Exclude<ChunkOperands, "chunks"> | States;
  return chunkCode<Operands, Sizes>(1, (f, { at, all, float, forElements }) => {
    whenApplied(f, at.control, () => {
      const stepped = prepare(f, { all, float });
      const factor = clipFactor(f, at.control);
      forElements(({ addressOf, move, moveState }) => {
        const g = f.vector(f32x4.mul(factor, v128.load(addressOf("gradients"))));
        move("weights", (old) => stepped(f.vector(old), g, moveState));
      });
    });
  });
}

/** Names of the numbers that {@link momentsCode} reads. */
export type MomentSizes = "beta1" | "gain1" | "beta2" | "gain2";

/** Code of the moments of Adam and LAMB: m = beta1 m + gain1 g, v = beta2 v + gain2 g^2. */
export function momentsCode(
  f: FunctionBuilder,
  all: (name: MomentSizes) => Local<"v128">,
): (g: Local<"v128">, move: Move<"m" | "v">) => Readonly<Record<"m" | "v", Local<"v128">>> {
  const [beta1, gain1] = [all("beta1"), all("gain1")];
  const [beta2, gain2] = [all("beta2"), all("gain2")];
  const squares = f.local("v128");
  return (g, move) => {
    const m = move("m", (old) => f32x4.add(f32x4.mul(beta1, old), f32x4.mul(gain1, g)));
    f.set(squares, f32x4.mul(f32x4.mul(gain2, g), g));
    const v = move("v", (old) => f32x4.add(f32x4.mul(beta2, old), squares));
    return { m, v };
  };
}
