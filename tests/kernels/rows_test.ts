/**
 * Errors of the ops that move rows, and the derivative of the one that writes in place. Values and
 * other derivatives are rows of the catalogue.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { appendRows, combineRows, concat, scale, slice } from "@transformer-xl/kernels";
import {
  backward,
  PORTABLE_LIMITS,
  Recorder,
  ReferenceDevice,
  ShapeError,
} from "@transformer-xl/runtime";

Deno.test("slice() refuses more rows than there are, and says how many there are", () => {
  const rec = new Recorder(PORTABLE_LIMITS);
  const x = rec.input("x", [5, 2], "f32");
  assertThrows(() => slice(rec, x, { start: 3, count: 3 }), ShapeError, "[5,2]");
  assertThrows(() => slice(rec, x, { start: rec.scalar("s"), count: 6 }), ShapeError, "from s");
});

Deno.test("rows of different widths are refused by name", () => {
  const rec = new Recorder(PORTABLE_LIMITS);
  const [a, b] = [rec.input("a", [5, 2], "f32"), rec.input("b", [5, 3], "f32")];
  const rows = rec.input("rows", [5], "u32");
  assertThrows(() => concat(rec, a, b), ShapeError, `"b"`);
  const parts = [{ x: a, rows, count: 2 }, { x: b, rows, count: 3 }];
  assertThrows(() => combineRows(rec, 5, parts, 1), ShapeError, "expected C = 2");
});

Deno.test("the gradient of appended rows is that of the last rows", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  using target = device.state("target", [4, 2]);
  using plan = await device.plan("append", (rec) => {
    const [x, dy] = [rec.input("x", [3, 2], "f32"), rec.input("dy", [4, 2], "f32")];
    const y = appendRows(rec, target, scale(rec, x, 2));
    const gradients = backward(rec, [[y, dy]], [], [x]);
    return { inputs: { x, dy }, outputs: { dx: gradients.get(x)! } };
  });
  const dy = Float32Array.from({ length: 8 }, (_, i) => i);
  plan.run({ x: new Float32Array(6), dy });
  assertEquals([...(await plan.read("dx")).dx], [4, 6, 8, 10, 12, 14]);
  const rec = new Recorder(PORTABLE_LIMITS);
  const tall = rec.input("tall", [5, 2], "f32");
  assertThrows(() => appendRows(rec, target, tall), ShapeError, "it has more rows");
});
