import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { writeAll, writeAllSync } from "@transformer-xl/runtime";

/** Takes at most `most` bytes at a time, and no more than `room` in all. */
function narrowSink(most: number, room = Infinity) {
  const taken: number[] = [];
  const writeSync = (bytes: Uint8Array) => {
    if (taken.length >= room) throw new Deno.errors.WriteZero("full");
    const part = bytes.subarray(0, Math.min(most, room - taken.length));
    taken.push(...part);
    return part.length;
  };
  return { taken, writeSync, write: (bytes: Uint8Array) => Promise.resolve(writeSync(bytes)) };
}

Deno.test("writeAll() and writeAllSync() go on where a write stopped short", async () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, i) => i);
  for (const most of [1, 3, 10, 11]) {
    const [later, now] = [narrowSink(most), narrowSink(most)];
    await writeAll(later, bytes);
    writeAllSync(now, bytes);
    assertEquals([later.taken, now.taken], [[...bytes], [...bytes]]);
  }
});

Deno.test("writeAllSync() writes the UTF-8 bytes of a text", () => {
  const sink = narrowSink(1);
  writeAllSync(sink, "\u00e9\n");
  assertEquals(sink.taken, [0xc3, 0xa9, 0x0a]);
});

Deno.test("writeAll() and writeAllSync() pass on the error of a full sink", async () => {
  await assertRejects(() => writeAll(narrowSink(2, 5), new Uint8Array(6)), Deno.errors.WriteZero);
  assertThrows(() => writeAllSync(narrowSink(2, 5), new Uint8Array(6)), Deno.errors.WriteZero);
});
