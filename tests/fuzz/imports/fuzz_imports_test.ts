/**
 * A few of the mutated files of PyTorch; `tests/fuzz/imports/fuzz_imports.ts` tries any number.
 *
 * @module
 */
import { fuzzImports } from "./fuzz_imports.ts";

Deno.test("200 mutated files of PyTorch are refused in one line or are models that can be read", async () => {
  await fuzzImports({ count: 200, seed: 1 });
});
