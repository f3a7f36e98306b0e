/**
 * `deno test` and `deno bench` typed without permissions.
 *
 * @module
 */
import { tryProgram } from "@transformer-xl/runtime/setup";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ROOT } from "./rules/source_tree.ts";

function deno(...args: readonly string[]): ReturnType<typeof tryProgram> {
  const env = { NO_COLOR: "1", RUST_BACKTRACE: "0" };
  return tryProgram([Deno.execPath(), ...args], { cwd: ROOT, env });
}

Deno.test("a bare deno bench names the task in one sentence", async () => {
  const { code, stderr } = await deno("bench", "--no-check", "bench/ops/peak_bench.ts");
  assertEquals(code, 2);
  const sentence = "error: Cannot run benchmarks: permissions are missing; run `deno task bench`";
  assertEquals(stderr.trim().split("\n"), [sentence]);
});

Deno.test("a bare deno test names -P before it runs anything, and -P works", async () => {
  const bare = await deno("test", "--no-check", "tests/runtime/tensor/shape_test.ts");
  assertEquals([bare.code, bare.stdout], [1, ""]);
  assertStringIncludes(bare.stderr, "Did you mean to run with `-P`");
  assert(!/^ +at (?!file:\S+deno\.json$)/m.test(bare.stderr), bare.stderr); // no stack
  assertEquals(
    (await deno("test", "-P", "--no-check", "tests/runtime/tensor/shape_test.ts")).code,
    0,
  );
});
