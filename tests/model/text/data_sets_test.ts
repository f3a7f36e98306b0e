/**
 * The table of data sets and its use in programs.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { manualText } from "@transformer-xl/eval";
import {
  cutoffsFor,
  dataSet,
  datasetOf,
  DATASETS,
  openText,
  resolveModel,
  WordVocabulary,
} from "@transformer-xl/model";
import { ConfigError } from "@transformer-xl/runtime";
import { modelOf, trainSchema } from "@transformer-xl/train";

const ADAPTIVE = { adaptive: true, dModel: 16, nHead: 2, dHead: 8, divVal: 2 };

Deno.test("every data set of the table is a value of --dataset with cut-offs and tied projections", () => {
  for (const dataset of DATASETS) {
    const { vocabularySize = 50_000, cutoffs, tieProjections } = dataSet(dataset);
    const config = trainSchema.parse({ ...ADAPTIVE, dataset });
    if (vocabularySize < 1000) continue; // too small to be cut
    const bounds = cutoffsFor(dataset, vocabularySize);
    if (cutoffs !== undefined) assertEquals(bounds, [...cutoffs]);
    const { tieProjs } = modelOf(config, vocabularySize, bounds);
    assertEquals(tieProjs, [false, ...bounds.map(() => tieProjections)]);
  }
});

Deno.test("a model whose data set ties no projections has one of its own for each cluster", () => {
  const section = trainSchema.parse(ADAPTIVE);
  assertEquals(resolveModel(section, 40, [10, 20], false).tieProjs, [false, false, false]);
  assertEquals(resolveModel(section, 40, [10, 20]).tieProjs, [false, true, true]);
});

Deno.test("--dataset auto is the given text, else the program's own", async () => {
  assertEquals(datasetOf({ dataset: "auto", data: null }), "self");
  assertEquals(datasetOf({ dataset: "auto", data: "text.txt" }), "text");
  assertEquals(datasetOf({ dataset: "wt2", data: "folder" }), "wt2");
  for (const dataset of DATASETS) {
    const { files } = dataSet(dataset);
    const isListed = files === "listed";
    await assertRejects(
      () => openText({ dataset, data: isListed ? "/text" : null, vocab: "auto" }, undefined),
      ConfigError,
      isListed ? "which is the program's own text" : "it needs a folder",
    );
  }
});

Deno.test("typed text is prepared as the data set of the model asks", () => {
  const vocabulary = WordVocabulary.fromCounts([["a", 3], ["b", 2], ["@-@", 1], ["<unk>", 1]], {
    unknown: "<unk>",
  });
  for (const dataset of DATASETS) {
    const { ids } = manualText(["a-b"], vocabulary, dataset);
    const words = vocabulary.decode(ids).split(" ");
    const isPrepared = dataSet(dataset).prepare === "wikitext";
    assertEquals(words.includes("@-@"), isPrepared, dataset);
  }
});
