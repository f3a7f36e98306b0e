/**
 * Errors of the ops that move rows. Values and derivatives are rows of the catalogue.
 *
 * @module
 */
import { assertThrows } from "@std/assert";
import { combineRows, concat, slice } from "@transformer-xl/kernels";
import { PORTABLE_LIMITS, Recorder, ShapeError } from "@transformer-xl/runtime";

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
