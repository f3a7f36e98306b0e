/**
 * Grouping of ids on the host, against plain sorting and filtering.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { crossEntropy, groupByToken, IGNORED, splitByCluster } from "@transformer-xl/kernels";
import { PORTABLE_LIMITS, Recorder } from "@transformer-xl/runtime";
import fc from "fast-check";

const anyIds = fc.array(
  fc.oneof(
    fc.nat(20),
    fc.nat(267_734),
    fc.integer({ min: 0, max: 0xffff_fffe }),
    fc.constant(IGNORED),
  ),
  { maxLength: 60 },
).map((ids) => Uint32Array.from(ids));

Deno.test("groupByToken() sorts positions by id, then by position, without ignored ones", () => {
  fc.assert(fc.property(anyIds, (ids) => {
    const { order, starts, distinct } = groupByToken(ids, []);
    const want = [...ids.keys()].filter((n) => ids[n] !== IGNORED)
      .sort((a, b) => ids[a]! - ids[b]! || a - b);
    assertEquals([...order.subarray(0, want.length)], want);
    const words = [...new Set(want.map((n) => ids[n]!))];
    assertEquals([...distinct.subarray(0, words.length)], words);
    words.forEach((id, s) => {
      const positions = want.slice(starts[s], starts[s + 1]);
      assertEquals(positions, want.filter((n) => ids[n] === id));
    });
    assertEquals([order.length, starts.length, distinct.length], [
      ids.length,
      ids.length + 1,
      ids.length,
    ]);
  }));
});

Deno.test("groupByToken() finds the groups of every table range", () => {
  const tables = [{ from: 0, rows: 10 }, { from: 10, rows: 190_000 }, { from: 190_010, rows: 7 }];
  fc.assert(fc.property(anyIds, (ids) => {
    const { distinct, ranges } = groupByToken(ids, tables);
    tables.forEach(({ from, rows }, i) => {
      const { first, count } = ranges[i]!;
      const inside = [...new Set(ids)].filter((id) => id >= from && id < from + rows)
        .sort((a, b) => a - b);
      assertEquals([...distinct.subarray(first, first + count)], inside);
    });
  }));
});

Deno.test("splitByCluster() keeps positions in order and pads with ignored ones", () => {
  const cutoffs = [5, 100, 300_000];
  const ids = fc.array(fc.oneof(fc.nat(299_999), fc.nat(7), fc.constant(IGNORED)));
  fc.assert(fc.property(ids, (list) => {
    const { rows, ids, counts } = splitByCluster(Uint32Array.from(list), cutoffs);
    cutoffs.forEach((to, k) => {
      const from = cutoffs[k - 1] ?? 0;
      const inside = [...list.keys()].filter((n) => list[n]! >= from && list[n]! < to);
      assertEquals(counts[k], inside.length);
      const padding = new Array(list.length - inside.length).fill(IGNORED);
      assertEquals([...rows[k]!], [...inside, ...padding]);
      assertEquals([...ids[k]!], [...inside.map((n) => list[n]!), ...padding]);
    });
  }));
});

Deno.test("splitByCluster() names an id outside the vocabulary", () => {
  assertThrows(
    () => splitByCluster(Uint32Array.of(3, 10), [5, 10]),
    RangeError,
    "id 10 at position 1",
  );
});

Deno.test("crossEntropy() refuses to form a gradient for a weight that is no parameter", () => {
  const rec = new Recorder(PORTABLE_LIMITS);
  const hidden = rec.input("hidden", [2, 3], "f32");
  const targets = rec.input("targets", [2], "u32");
  const blocks = [{
    weight: rec.input("table", [5, 3], "f32"),
    bias: rec.input("bias", [5], "f32"),
  }];
  assertThrows(
    () => crossEntropy(rec, hidden, { blocks, targets, weight: 1, differentiate: true }),
    TypeError,
    `"table" is not a parameter`,
  );
});
