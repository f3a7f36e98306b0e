/**
 * The published counts of WikiText-2, where `TXL_WIKITEXT2` names a folder with its text.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { openCorpus } from "@transformer-xl/model";

const folder = Deno.env.get("TXL_WIKITEXT2");
if (folder === undefined) {
  console.log(
    "The counts of WikiText-2 are not checked: TXL_WIKITEXT2 names no folder with its text",
  );
}

Deno.test({
  name: "WikiText-2 has 33,278 types and the published numbers of tokens",
  ignore: folder === undefined,
  fn: async () => {
    const { vocabulary, train, valid, test } = await openCorpus({ dataset: "wt2", path: folder! });
    assertEquals(vocabulary.size, 33_278);
    assertEquals([train.length, valid.length, test.length], [2_088_628, 217_646, 245_569]);
  },
});
