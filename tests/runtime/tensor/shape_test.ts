import { assertEquals, assertThrows } from "@std/assert";
import {
  dims,
  PORTABLE_LIMITS,
  Recorder,
  reshape,
  ShapeError,
  sizeOf,
} from "@transformer-xl/runtime";

const tensor = (...shape: number[]) => ({ shape });

Deno.test("dims() names the axes of several tensors at once", () => {
  const axes = dims({ q: "Q B N H", k: "K B N H" }, {
    q: tensor(2, 3, 4, 5),
    k: tensor(6, 3, 4, 5),
  });
  assertEquals(axes, { Q: 2, B: 3, N: 4, H: 5, K: 6 });
});

Deno.test("dims() names the axis that disagrees, the tensor that set it and both sizes", () => {
  assertThrows(
    () => dims({ a: "M K", b: "K N" }, { a: tensor(2, 3), b: tensor(4, 5) }),
    ShapeError,
    'Cannot read "b" as [K,N]: expected K = 3 as in "a", current shape is [4,5]',
  );
});

Deno.test("dims() compares an axis that a pattern repeats", () => {
  assertEquals(dims({ a: "M M" }, { a: tensor(3, 3) }).M, 3);
  assertThrows(() => dims({ a: "M M" }, { a: tensor(3, 4) }), ShapeError, "expected M = 3");
});

Deno.test("dims() says when the rank is wrong", () => {
  assertThrows(
    () => dims({ a: "M K" }, { a: tensor(2, 3, 4) }),
    ShapeError,
    'Cannot read "a" as [M,K]: current shape is [2,3,4]',
  );
});

Deno.test("dims() checks sizes that are written as digits", () => {
  assertEquals(dims({ norm: "1", table: "R 2" }, { norm: tensor(1), table: tensor(7, 2) }).R, 7);
  assertThrows(
    () => dims({ norm: "1" }, { norm: tensor(2) }),
    ShapeError,
    'Cannot read "norm" as [1]: expected 1 = 1, current shape is [2]',
  );
});

Deno.test("dims() skips an operand that is absent", () => {
  assertEquals(dims({ x: "R D", bias: "D" }, { x: tensor(2, 3), bias: undefined }).D, 3);
});

Deno.test("dims() reads a tensor without axes as the empty pattern", () => {
  assertEquals(dims({ loss: "" }, { loss: tensor() }), {});
  assertThrows(() => dims({ loss: "" }, { loss: tensor(1) }), ShapeError);
});

Deno.test("sizeOf() multiplies the axes; no axes are one element, an empty axis none", () => {
  assertEquals([sizeOf([2, 3, 4]), sizeOf([]), sizeOf([5, 0])], [24, 1, 0]);
});

Deno.test("reshape() keeps the range and refuses another number of elements", () => {
  const rec = new Recorder(PORTABLE_LIMITS);
  const x = rec.temporary([2, 6], "f32", "x");
  const y = reshape(rec, x, [3, 4]);
  assertEquals([y.shape, y.range, rec.commands.length], [[3, 4], x.range, 0]);
  assertThrows(
    () => reshape(rec, x, [5]),
    TypeError,
    'Cannot view "x" as [5]: current shape is [2,6]',
  );
});
