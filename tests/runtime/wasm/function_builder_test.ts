/**
 * Tests of the assembler: every operation computes what JavaScript does.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  f32,
  f32x4,
  f64,
  f64x2,
  FunctionBuilder,
  i32,
  i32x4,
  type Local,
  MAX_PAGES,
  shuffle,
  v128,
} from "@transformer-xl/runtime/wasm";

/** Runs statements that store results from address 0 on; numbers stand from address 1024 on. */
function run(
  body: (f: FunctionBuilder, numbers: Local<"i32">) => void,
  numbers: readonly number[] = [],
): { readonly ints: Int32Array; readonly floats: Float32Array } {
  const f = new FunctionBuilder(["i32"]);
  body(f, f.parameter(0, "i32"));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
  new Float32Array(memory.buffer).set(numbers, 256);
  const compiled = new WebAssembly.Module(f.moduleBytes("run"));
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  (exports["run"] as (numbers: number) => void)(1024);
  return { ints: new Int32Array(memory.buffer), floats: new Float32Array(memory.buffer) };
}

Deno.test("integers of every length are encoded, and their operations are those of 32 bits", () => {
  const constants = [0, 1, 63, 64, -1, -64, -65, 8191, 8192, -8193, 2 ** 31 - 1, -(2 ** 31)];
  const { ints } = run((f) => {
    const zero = f.int(0);
    constants.forEach((value, n) => f.store(zero, i32.const(value), 4 * n));
    const [a, b] = [f.int(-7), f.int(3)];
    const results = [
      i32.add(a, b),
      i32.sub(a, b),
      i32.mul(a, b),
      i32.divU(b, 2),
      i32.remU(b, 2),
      i32.and(a, 12),
      i32.shl(b, 4),
      i32.shrU(a, 28),
      ...[i32.eq, i32.lt, i32.gt, i32.le, i32.ge].map((compare) => compare(a, b)),
      i32.select(i32.lt(a, b), 5, 6),
      i32.reinterpret(1),
    ];
    results.forEach((value, n) => f.store(zero, value, 4 * (constants.length + n)));
  });
  assertEquals([...ints.subarray(0, constants.length)], constants);
  assertEquals(
    [...ints.subarray(constants.length, constants.length + 15)],
    [-4, -10, -21, 1, 1, 8, 48, 15, 0, 1, 0, 1, 0, 5, 0x3f800000],
  );
});

Deno.test("numbers of both precisions compute and convert", () => {
  const { floats } = run((f, at) => {
    const zero = f.int(0);
    const [a, b] = [f32.load(at), f32.load(at, 4)];
    const results = [
      f32.add(a, b),
      f32.sub(a, b),
      f32.mul(a, b),
      f32.div(a, b),
      f32.reinterpret(i32.reinterpret(a)),
      f32.demote(f64.add(f64.promote(a), 0.25)),
      f32.demote(f64.sub(f64.promote(a), 0.25)),
      f32.demote(f64.mul(f64.promote(a), f64.convert(-3))),
      f32.demote(f64.div(f64.promote(a), 4)),
    ];
    results.forEach((value, n) => f.store(zero, value, 4 * n));
    f.store(zero, f32.eq(a, b), 36);
  }, [6, 1.5]);
  assertEquals([...floats.subarray(0, 10)], [7.5, 4.5, 9, 4, 6, 6.25, 5.75, -18, 1.5, 0]);
});

Deno.test("vectors compute lane by lane", () => {
  const x = [1, -2.5, 3.5, 4];
  const y = [2, 2, -2, 8];
  const { floats, ints } = run((f, at) => {
    const zero = f.int(0);
    const [a, b] = [f.vector(v128.load(at)), f.vector(v128.load(at, 16))];
    const results = [
      f32x4.add(a, b),
      f32x4.sub(a, b),
      f32x4.mul(a, b),
      f32x4.div(a, b),
      f32x4.min(a, b),
      f32x4.max(a, b),
      f32x4.sqrt(f32x4.mul(a, a)),
      f32x4.nearest(a),
      f32x4.relaxedMadd(a, b, f32x4.splat(1)),
      shuffle(a, b, [0, 7, 2, 5]),
      v128.bitselect(a, b, f32x4.gt(a, b)),
      v128.andnot(a, f32x4.lt(a, b)),
      v128.load32Splat(at, 4),
      f32x4.splat(f32x4.lane(a, 3)),
      v128.or(v128.and(a, v128.zero), b),
      f64x2.demote(f64x2.mul(f64x2.promoteLow(a), f64x2.promoteLow(b))),
      f32x4.splat(f32.demote(f64x2.lane(f64x2.add(f64x2.promoteLow(a), f64x2.promoteLow(b)), 1))),
    ];
    results.forEach((value, n) => f.store(zero, value, 16 * n));
    const integers = i32x4.add(i32x4.shl(i32x4.const([1, -1, 2, 3]), 2), i32x4.splat(1));
    f.store(zero, integers, 16 * 17);
    f.store(zero, i32x4.lt(integers, i32x4.truncate(b)), 16 * 18);
  }, [...x, ...y]);
  const row = (n: number) => [...floats.subarray(4 * n, 4 * n + 4)];
  const each = (of: (a: number, b: number) => number) => x.map((a, n) => of(a, y[n]!));
  assertEquals(row(0), each((a, b) => a + b));
  assertEquals(row(1), each((a, b) => a - b));
  assertEquals(row(2), each((a, b) => a * b));
  assertEquals(row(3), each((a, b) => a / b));
  assertEquals(row(4), each(Math.min));
  assertEquals(row(5), each(Math.max));
  assertEquals(row(6), each(Math.abs));
  assertEquals(row(7), [1, -2, 4, 4]); // halves go to even numbers
  assertEquals(row(8), each((a, b) => a * b + 1));
  assertEquals(row(9), [1, 8, 3.5, 2]);
  assertEquals(row(10), each((a, b) => a > b ? a : b));
  assertEquals(row(11), each((a, b) => a < b ? 0 : a));
  assertEquals(row(12), [-2.5, -2.5, -2.5, -2.5]);
  assertEquals(row(13), [4, 4, 4, 4]);
  assertEquals(row(14), y);
  assertEquals(row(15), [2, -5, 0, 0]);
  assertEquals(row(16), [-0.5, -0.5, -0.5, -0.5]);
  assertEquals([...ints.subarray(68, 76)], [5, -3, 9, 13, 0, -1, 0, 0]);
});

Deno.test("loops and conditions run as often as their bounds say", () => {
  const { ints } = run((f) => {
    const zero = f.int(0);
    const [i, sum] = [f.int(0), f.int(0)];
    f.loop(i, [3, 3], () => f.advance(sum, 100)); // not once
    f.loop(i, [2, 11, 4], () => f.advance(sum, i)); // 2 + 6 + 10
    f.repeat(() => f.advance(sum, 1000), i32.lt(sum, 2000)); // twice
    f.when(i32.lt(sum, 0), () => f.store(zero, i32.const(1), 4), () => f.store(zero, sum, 4));
    f.store(zero, sum);
  });
  assertEquals([ints[0], ints[1]], [2018, 2018]);
});

Deno.test("constants keep their digits", () => {
  const { floats } = run((f) => f.store(f.int(0), f32.demote(f64.mul(Math.PI, 1))));
  assertAlmostEquals(floats[0]!, Math.PI, 1e-7);
});
