/**
 * The programs of `model/library.md`: they type-check and run, one after the other in one folder, as
 * a reader would run them.
 *
 * @module
 */
import { tryProgram } from "@transformer-xl/runtime/setup";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Scratch } from "../../support/small_run.ts";
import { ROOT } from "../rules/source_tree.ts";
import { codeBlocks, documentAt } from "./documents.ts";

Deno.test("codeBlocks() takes the blocks of one language, whatever stands behind it", () => {
  const text = "```ts\na;\n```\n\n```sh\nls\n```\n\n```ts ignore\nb;\nc;\n```\n";
  assertEquals(codeBlocks("ts", text), ["a;\n", "b;\nc;\n"]);
});

Deno.test("the programs of model/library.md type-check and run in order", async () => {
  const blocks = codeBlocks("ts", documentAt("model/library.md").text);
  await using scratch = new Scratch();
  for (const [n, block] of blocks.entries()) await scratch.text(`${n}.ts`, block);
  await scratch.text("main.ts", blocks.map((_, n) => `await import("./${n}.ts");\n`).join(""));
  const config = fileURLToPath(new URL("deno.json", ROOT));
  const args = ["run", "-A", "--check", "--config", config, "main.ts"];
  const { code, stdout, stderr } = await tryProgram([Deno.execPath(), ...args], {
    cwd: scratch.path,
    env: { NO_COLOR: "1" },
  });
  assert(code === 0, stderr);
  assertMatch(stdout, /epoch 3: 0\.\d+/); // the text is learnt
  assertMatch(stdout, /^39 tokens, perplexity 1\.\d+$/m);
  assertMatch(stdout, /^\[ " two ", " two " \]$/m);
  assertMatch(stdout, /^<eos> with probability [\d.]+\nfour with probability [\d.]+\nthree with /m);
  assertMatch(stdout, /derivative is Float32Array\(3\) \[ 2, 4, 6 \]/);
});
