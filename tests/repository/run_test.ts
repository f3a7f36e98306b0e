import { assertEquals, assertRejects } from "@std/assert";
import { countTests, secondsByFile, withTemporaryFolder } from "../run.ts";

Deno.test("countTests() reads the summary, steps and colours aside", () => {
  assertEquals(countTests("ok | 5 passed | 0 failed (1s)\n", 0), { passed: 5, failed: 0 });
  assertEquals(
    countTests(
      "\x1b[31mFAILED\x1b[0m | 12 passed (3 steps) | 2 failed (1 step) | 1 ignored (2s)\n",
      1,
    ),
    { passed: 12, failed: 2 },
  );
});

Deno.test("countTests() counts a run without a summary as one failure", () => {
  assertEquals(countTests("error: Type checking failed.\n", 1), { passed: 0, failed: 1 });
  assertEquals(countTests("ok | 5 passed | 0 failed (1s)\n", 1), { passed: 5, failed: 1 });
});

Deno.test("secondsByFile() adds the tests of a file and its examples, without steps", () => {
  const junit = `
    <testcase name="a" classname="./x_test.ts" time="1.5" line="1" col="1">
    <testcase name="a &gt; step" classname="./x_test.ts" time="1.0" line="1" col="1">
    <testcase name="b" classname="./x_test.ts" time="0.5" line="1" col="1">
    <testcase name="c" classname="./y.ts#2-5.ts" time="0.25" line="1" col="1">
    <testcase name="d" classname="./y.ts#8-9.ts" time="0.5" line="1" col="1">`;
  assertEquals([...secondsByFile(junit)], [["x_test.ts", 2], ["y.ts", 0.75]]);
});

Deno.test("withTemporaryFolder() names what is left in its folder, and removes it", async () => {
  const clean = await withTemporaryFolder(async (path) => {
    await Deno.writeTextFile(`${path}/a`, "");
    await Deno.remove(`${path}/a`);
    return path;
  });
  assertEquals(clean.left, []);
  const { result, left } = await withTemporaryFolder(async (path) => {
    await Deno.mkdir(`${path}/b/c`, { recursive: true });
    return path;
  });
  assertEquals(left, ["b"]);
  await assertRejects(() => Deno.stat(result), Deno.errors.NotFound);
});
