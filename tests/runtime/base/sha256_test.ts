import { assertEquals } from "@std/assert";
import { Sha256, sha256 } from "@transformer-xl/runtime";
import { createHash } from "node:crypto";

Deno.test("sha256() gives the digests of FIPS 180-4", () => {
  assertEquals(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assertEquals(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

Deno.test("Sha256 equals the native hash for every length and any pieces", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i * 37 + (i >> 3));
  for (let length = 0; length <= bytes.length; length++) {
    const hash = new Sha256();
    let step = 1;
    for (let at = 0; at < length; at += step) {
      step = step * 7 % 83 + 1;
      hash.update(bytes.subarray(at, Math.min(at + step, length)));
    }
    const want = createHash("sha256").update(bytes.subarray(0, length)).digest("hex");
    assertEquals(hash.hex(), want);
  }
});
