/**
 * Dropout masks in vector code: Philox4x32-10 of four blocks at a time, the bits that loops and WGSL
 * draw.
 *
 * @module
 */
import {
  f32x4,
  type FunctionBuilder,
  i32,
  i32x4,
  type ItemValues,
  type Local,
  shuffle,
  v128,
  type Value,
} from "@transformer-xl/runtime/wasm";
import type { MaskField } from "../dropout/mask.ts";
import { bytes } from "./rows.ts";
import { type Four, pairVariables, transposed } from "./transpose.ts";

type Int = Value<"i32">;
type Vector = Value<"v128">;

/** Numbers of a mask in vector code. */
export type MaskValues = Pick<ItemValues<never, MaskField>, "int" | "float">;

/** Elements of four blocks. */
const DRAWN = 32;

/** Bytes that {@link drawMask} may write beyond those of `count` elements: 7 before, 31 behind. */
export const MASK_MARGIN = 4 * (7 + DRAWN - 1);

const ROUNDS = 10;

/** Multipliers of a round, and what its keys grow by. */
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const KEY_STEPS = [0x9e3779b9, 0xbb67ae85] as const;

const all = (value: number): Vector => i32x4.const([value, value, value, value]);

/** A mask in a thread's own memory. */
export interface DrawnMask {
  /** Four elements times their factors, 0 if dropped, at an offset in bytes from the first one. */
  readonly drop: (offset: Int, value: Vector) => Vector;
}

/**
 * Appends what draws the mask of elements `first` to `first + count`.
 *
 * @param to address of 4 bytes per element and {@link MASK_MARGIN}
 */
export function drawMask(
  f: FunctionBuilder,
  { int, float }: MaskValues,
  { first, count, to }: Readonly<Record<"first" | "count" | "to", Int>>,
): DrawnMask {
  const before = f.int(i32.and(first, 7));
  const drawn = f.int(i32.add(before, count));
  const blocks = f.vector(
    i32x4.add(i32x4.splat(i32.shrU(first, 3)), i32x4.const([0, 1, 2, 3])),
  );
  const [limit, step, stream] = [int.threshold, int.step, int.stream].map((value) =>
    f.vector(i32x4.splat(value))
  ) as [Local<"v128">, Local<"v128">, Local<"v128">];
  const keys = [int.seed, int.site].map((value) => f.vector(i32x4.splat(value)));
  const words = philoxVariables(f);
  const [n, at] = [f.int(0), f.int(to)];
  f.loop(n, [0, drawn, DRAWN], () => {
    [blocks, step, stream, v128.zero].forEach((word, i) => f.set(words.counter[i]!, word));
    keys.forEach((key, i) => f.set(words.keys[i]!, key));
    for (let round = 0; round < ROUNDS; round++) emitRound(f, words, round);
    // Eight draws of 16 bits of a block are its four words, the low half of a word first.
    transposed(f, words.pairs, words.counter).forEach((block, i) => {
      f.set(words.block, block);
      f.store(at, i32x4.ge(i32x4.extendLow(words.block), limit), 32 * i);
      f.store(at, i32x4.ge(i32x4.extendHigh(words.block), limit), 32 * i + 16);
    });
    f.set(blocks, i32x4.add(blocks, all(4)));
    f.advance(at, 4 * DRAWN);
  });
  const begin = f.int(i32.add(to, bytes(before)));
  const factor = f.vector(f32x4.splat(float.factor));
  return {
    drop: (offset, value) => v128.and(f32x4.mul(factor, value), v128.load(i32.add(begin, offset))),
  };
}

interface PhiloxVariables {
  readonly counter: Four<Local<"v128">>;
  readonly keys: readonly [Local<"v128">, Local<"v128">];
  readonly pairs: Four<Local<"v128">>;
  readonly block: Local<"v128">;
}

function philoxVariables(f: FunctionBuilder): PhiloxVariables {
  return {
    counter: pairVariables(f),
    keys: [f.local("v128"), f.local("v128")],
    pairs: pairVariables(f),
    block: f.local("v128"),
  };
}

/** One round on the counters of four blocks, whose words are vectors. */
function emitRound(
  f: FunctionBuilder,
  { counter: [c0, c1, c2, c3], keys, pairs }: PhiloxVariables,
  round: number,
): void {
  if (round > 0) keys.forEach((key, i) => f.set(key, i32x4.add(key, all(KEY_STEPS[i]!))));
  const [low0, high0, low1, high1] = pairs;
  [c0, c2].forEach((word, i) => {
    const multiplier = all(MULTIPLIERS[i]!);
    f.set(pairs[2 * i]!, i32x4.productsLow(word, multiplier));
    f.set(pairs[2 * i + 1]!, i32x4.productsHigh(word, multiplier));
  });
  f.set(c0, v128.xor(v128.xor(shuffle(low1, high1, [1, 3, 5, 7]), c1), keys[0]));
  f.set(c2, v128.xor(v128.xor(shuffle(low0, high0, [1, 3, 5, 7]), c3), keys[1]));
  f.set(c1, shuffle(low1, high1, [0, 2, 4, 6]));
  f.set(c3, shuffle(low0, high0, [0, 2, 4, 6]));
}
