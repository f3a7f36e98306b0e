/**
 * A few of the random texts; `tests/fuzz/fuzz_texts.ts` tries any number.
 *
 * @module
 */
import { fuzzTexts } from "./fuzz_texts.ts";

Deno.test("200 random texts, folders and caches are read consistently or refused in one sentence", async () => {
  await fuzzTexts({ count: 200, seed: 1 });
});
