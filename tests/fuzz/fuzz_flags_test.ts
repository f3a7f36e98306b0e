/**
 * A part of the flag fuzzer on every run of the tests.
 *
 * @module
 */
import { fuzzFlags } from "./fuzz_flags.ts";

Deno.test("200 hostile command lines and configuration files are planned or refused in one line", async () => {
  await fuzzFlags({ count: 200, seed: 1 });
});
