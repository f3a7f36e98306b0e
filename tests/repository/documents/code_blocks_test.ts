/**
 * Code blocks of pages.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { codeBlocks } from "./documents.ts";

Deno.test("codeBlocks() takes the blocks of one language, whatever stands behind it", () => {
  const text = "```ts\na;\n```\n\n```sh\nls\n```\n\n```ts ignore\nb;\nc;\n```\n";
  assertEquals(codeBlocks("ts", text), ["a;\n", "b;\nc;\n"]);
});
