import { assertEquals } from "@std/assert";
import { LONG_TESTS, quickTests } from "./quick_tests.ts";
import { readSourceFiles } from "./rules/source_tree.ts";

Deno.test("quick tests start no process, alone or through what they import", () => {
  const tree = {
    "tests/a_test.ts": 'import { x } from "./support/harmless.ts";',
    "tests/b_test.ts": "new Deno.Command(x);",
    "tests/c_test.ts": 'import { x } from "./support/indirect.ts";',
    "tests/d_test.ts": 'import type { X } from "./support/program.ts";',
    "tests/e_test.ts": "// new Worker(x)\n",
    "tests/fuzz/f_test.ts": "",
    [LONG_TESTS[0]!]: "",
    "tests/repository/rules/g_test.ts": "new Deno.Command(x);",
    "tests/support/harmless.ts": "",
    "tests/support/indirect.ts": 'export { x } from "./program.ts";',
    "tests/support/program.ts": "tryProgram([x]);",
    "train/a.ts": "",
  };
  assertEquals(quickTests(Object.entries(tree).map(([path, text]) => ({ path, text }))), [
    "tests/a_test.ts",
    "tests/d_test.ts",
    "tests/e_test.ts",
    "tests/repository/rules/g_test.ts",
  ]);
});

Deno.test("the gate keeps at least half of the test files", () => {
  const files = readSourceFiles();
  const all = files.filter(({ path }) => path.endsWith("_test.ts"));
  assertEquals(quickTests(files).length > all.length / 2, true);
  assertEquals(LONG_TESTS.filter((path) => !all.some((file) => file.path === path)), []);
});
