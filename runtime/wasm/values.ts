/**
 * Expressions of WebAssembly: typed values with the code that computes them. Names are those of the
 * text format, `i32.add(a, b)`; plain numbers stand for constants.
 *
 * @module
 */
import { float32, float64, signed, unsigned } from "./encoding.ts";

/** Type of a value. */
export type ValueType = "i32" | "f32" | "f64" | "v128";

/** Encoding of a type. */
export const TYPE_CODES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** An expression. */
export interface Value<T extends ValueType = ValueType> {
  /** Its type. */
  readonly type: T;
  /** Instructions that leave it on the stack. */
  readonly code: readonly number[];
}

type I32 = Value<"i32"> | number;
type F32 = Value<"f32"> | number;
type F64 = Value<"f64"> | number;
type V128 = Value<"v128">;

/** A value; numbers become constants. */
export function i32Of(value: I32): Value<"i32"> {
  return typeof value === "number" ? { type: "i32", code: [0x41, ...signed(value)] } : value;
}

function f32Of(value: F32): Value<"f32"> {
  return typeof value === "number" ? { type: "f32", code: [0x43, ...float32(value)] } : value;
}

function f64Of(value: F64): Value<"f64"> {
  return typeof value === "number" ? { type: "f64", code: [0x44, ...float64(value)] } : value;
}

/** Instructions with the prefix of vectors. */
const simd = (opcode: number) => [0xfd, ...unsigned(opcode)];

/** A function that builds the expression of an instruction from its operands. */
function operation<T extends ValueType, A extends readonly unknown[]>(
  type: T,
  opcode: readonly number[],
  lift: { readonly [K in keyof A]: (operand: A[K]) => Value },
): (...operands: A) => Value<T> {
  return (...operands) => ({
    type,
    code: [...operands.flatMap((operand, n) => lift[n]!(operand).code), ...opcode],
  });
}

const vectorOf = (value: V128): V128 => value;
const ints = (opcode: number) => operation<"i32", [I32, I32]>("i32", [opcode], [i32Of, i32Of]);
const floats = (opcode: number) => operation<"f32", [F32, F32]>("f32", [opcode], [f32Of, f32Of]);
const doubles = (opcode: number) => operation<"f64", [F64, F64]>("f64", [opcode], [f64Of, f64Of]);
const ofVector = (opcode: number) => operation<"v128", [V128]>("v128", simd(opcode), [vectorOf]);
const ofVectors = (opcode: number) =>
  operation<"v128", [V128, V128]>("v128", simd(opcode), [vectorOf, vectorOf]);
const ofThree = (opcode: number) =>
  operation<"v128", [V128, V128, V128]>("v128", simd(opcode), [vectorOf, vectorOf, vectorOf]);
const shifted = (opcode: number) =>
  operation<"v128", [V128, I32]>("v128", simd(opcode), [vectorOf, i32Of]);

/** A load: alignment (its exponent, a hint) and a constant offset in bytes. */
const load =
  <T extends ValueType>(type: T, opcode: readonly number[]) =>
  (address: I32, offset = 0): Value<T> => ({
    type,
    code: [...i32Of(address).code, ...opcode, 0, ...unsigned(offset)],
  });

/** Integers of 32 bits; comparisons are signed. */
export const i32 = {
  const: i32Of,
  load: load("i32", [0x28]),
  add: ints(0x6a),
  sub: ints(0x6b),
  mul: ints(0x6c),
  divU: ints(0x6e),
  remU: ints(0x70),
  and: ints(0x71),
  shl: ints(0x74),
  shrU: ints(0x76),
  eq: ints(0x46),
  lt: ints(0x48),
  gt: ints(0x4a),
  le: ints(0x4c),
  ge: ints(0x4e),
  reinterpret: operation<"i32", [F32]>("i32", [0xbc], [f32Of]),
  /** One of two values. */
  select: (condition: I32, then: I32, otherwise: I32): Value<"i32"> => ({
    type: "i32",
    code: [...i32Of(then).code, ...i32Of(otherwise).code, ...i32Of(condition).code, 0x1b],
  }),
} as const;

/** Numbers of single precision. */
export const f32 = {
  const: f32Of,
  load: load("f32", [0x2a]),
  add: floats(0x92),
  sub: floats(0x93),
  mul: floats(0x94),
  div: floats(0x95),
  sqrt: operation<"f32", [F32]>("f32", [0x91], [f32Of]),
  eq: operation<"i32", [F32, F32]>("i32", [0x5b], [f32Of, f32Of]),
  reinterpret: operation<"f32", [I32]>("f32", [0xbe], [i32Of]),
  demote: operation<"f32", [F64]>("f32", [0xb6], [f64Of]),
} as const;

/** Numbers of double precision. */
export const f64 = {
  const: f64Of,
  convert: operation<"f64", [I32]>("f64", [0xb7], [i32Of]),
  add: doubles(0xa0),
  sub: doubles(0xa1),
  mul: doubles(0xa2),
  div: doubles(0xa3),
  sqrt: operation<"f64", [F64]>("f64", [0x9f], [f64Of]),
  promote: operation<"f64", [F32]>("f64", [0xbb], [f32Of]),
} as const;

/** Vectors of 16 bytes. */
export const v128 = {
  load: load("v128", simd(0)),
  /** One number of 32 bits in all lanes. */
  load32Splat: load("v128", simd(9)),
  /** Bits of `yes` where `mask` has ones, else of `no`. */
  bitselect: ofThree(82),
  and: ofVectors(78),
  /** Bits of the first where the second has zeros. */
  andnot: ofVectors(79),
  or: ofVectors(80),
  xor: ofVectors(81),
  /** 1 if any bit is set. */
  anyTrue: operation<"i32", [V128]>("i32", simd(83), [vectorOf]),
  zero: { type: "v128", code: [...simd(12), ...new Array<number>(16).fill(0)] } as V128,
} as const;

/** Four integers. */
export const i32x4 = {
  const: (lanes: readonly [number, number, number, number]): V128 => ({
    type: "v128",
    code: [...simd(12), ...new Uint8Array(Int32Array.from(lanes).buffer)],
  }),
  splat: operation<"v128", [I32]>("v128", simd(17), [i32Of]),
  add: ofVectors(174),
  shl: shifted(171),
  ne: ofVectors(56),
  lt: ofVectors(57),
  ge: ofVectors(63),
  truncate: ofVector(248),
  /** The first four of eight unsigned integers of 16 bits. */
  extendLow: ofVector(169),
  /** The last four of eight unsigned integers of 16 bits. */
  extendHigh: ofVector(170),
  /** Products of 64 bits of the first two of four unsigned integers. */
  productsLow: ofVectors(222),
  /** Products of 64 bits of the last two of four unsigned integers. */
  productsHigh: ofVectors(223),
} as const;

/** Four numbers of single precision. */
export const f32x4 = {
  splat: operation<"v128", [F32]>("v128", simd(19), [f32Of]),
  lane: (value: V128, lane: number): Value<"f32"> => ({
    type: "f32",
    code: [...value.code, ...simd(31), lane],
  }),
  add: ofVectors(228),
  sub: ofVectors(229),
  mul: ofVectors(230),
  div: ofVectors(231),
  min: ofVectors(232),
  max: ofVectors(233),
  sqrt: ofVector(227),
  nearest: ofVector(106),
  ne: ofVectors(66),
  lt: ofVectors(67),
  gt: ofVectors(68),
  /** x * y + z, rounded once or twice, as the processor does it: always the same on one machine. */
  relaxedMadd: ofThree(0x105),
} as const;

/** Two numbers of double precision. */
export const f64x2 = {
  lane: (value: V128, lane: number): Value<"f64"> => ({
    type: "f64",
    code: [...value.code, ...simd(33), lane],
  }),
  add: ofVectors(240),
  mul: ofVectors(242),
  /** The first two of four numbers of single precision. */
  promoteLow: ofVector(95),
  /** The two numbers in single precision, and two zeros. */
  demote: ofVector(94),
} as const;

/** Lanes of two vectors, 0 to 3 of the first, 4 to 7 of the second. */
export function shuffle(a: V128, b: V128, lanes: readonly number[]): V128 {
  const bytes = lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte));
  return { type: "v128", code: [...a.code, ...b.code, ...simd(13), ...bytes] };
}
