import { assertEquals } from "@std/assert";
import { hashName } from "@transformer-xl/runtime";

Deno.test("hashName() is FNV-1a of the UTF-8 bytes", () => {
  assertEquals(hashName(""), 0x811c9dc5);
  assertEquals(hashName("a"), 0xe40c292c);
  assertEquals(hashName("foobar"), 0xbf9cf968);
  assertEquals(
    hashName("\u00e9"),
    Math.imul(Math.imul(0x811c9dc5 ^ 0xc3, 0x01000193) ^ 0xa9, 0x01000193) >>> 0,
  );
});
