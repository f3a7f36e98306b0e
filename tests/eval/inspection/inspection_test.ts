/**
 * Inspections of small models: losses, heads and the curve agree with other programs, and their page
 * shows them.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import {
  Evaluator,
  headDistances,
  inspectionPage,
  inspectModel,
  mean,
  openScorer,
} from "@transformer-xl/eval";
import { loadUplot, markOf } from "@transformer-xl/eval/page";
import {
  Batches,
  CharacterVocabulary,
  createModel,
  Model,
  modelConfig,
} from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { assertDrawn, shownText } from "../../support/pages/drawn_page.ts";
import { isMissing } from "../../support/optional_program.ts";

const TEXT = "to be <or> not to be, that is the question\n";
const symbols = CharacterVocabulary.fromText(TEXT);
const sizes = { vocabSize: symbols.size, nLayer: 2, nHead: 3, dHead: 4, dModel: 12, dInner: 12 };
const lengths = { tgtLen: 4, memLen: 8, memLens: [0, 3, 6, 8] };

async function smallInspection() {
  using device = new ReferenceDevice({ precision: "f64" });
  using model = await createModel(device, { ...sizes, initStd: 0.5 }, { seed: 2 });
  const ids = symbols.encode(TEXT);
  const points: number[] = [];
  const inspection = await inspectModel(model, { name: "text", ids, symbols }, lengths, {
    threshold: 0.01,
    onPoint: ({ memLen }) => points.push(memLen),
  });
  assertEquals(points, lengths.memLens);
  const batches = new Batches(ids, { batchSize: 1, tgtLen: 4 });
  const losses: number[] = [];
  for (const memLen of lengths.memLens) {
    const scorer = await openScorer("webgpu", model, { batchSize: 1, tgtLen: 4, memLen });
    using evaluator = new Evaluator(scorer);
    const { segments } = await evaluator.evaluate(batches);
    const counted = segments.slice(2); // whose memory has 8 rows
    const nats = counted.reduce((sum, { lossNats, targetRows }) => sum + lossNats * targetRows, 0);
    losses.push(nats / counted.reduce((sum, { targetRows }) => sum + targetRows, 0));
  }
  return { ids, inspection, losses };
}

const { ids, inspection, losses } = await smallInspection();

Deno.test("the curve has the losses of evaluations with every memory, and ends at those of tokens", () => {
  const { curve, table } = inspection;
  const counted = ids.length - 1 - 8;
  curve.forEach((point, i) => {
    assertEquals(point.losses.length, counted);
    assertAlmostEquals(point.lossNats, losses[i]!, 1e-12);
  });
  const tokens = [...table].map(({ logProbability }) => logProbability);
  assertEquals(tokens[0], null);
  curve.at(-1)!.losses.forEach((loss, i) => {
    assertAlmostEquals(loss, -tokens[ids.length - counted + i]!, 1e-6); // ranks are read in float32
  });
});

Deno.test("heads of a model without weights look half of the rows back that they see", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  using model = Model.allocate(device, modelConfig(sizes));
  const batches = new Batches(ids.subarray(0, 40), { batchSize: 2, tgtLen: 4 });
  const { layers, tokens } = await headDistances(
    model,
    batches,
    { batchSize: 2, tgtLen: 4, memLen: 8 },
    { from: 8 },
  );
  const segments = [...batches.segments()].filter(({ start }) => start >= 8);
  const rows = segments.flatMap(({ targetRows }) => [...Array(targetRows).keys()]);
  assert(rows.length % 4 !== 0); // the last segment is shorter
  assertEquals([tokens, layers.length, layers[0]!.length], [2 * rows.length, 2, 3]);
  for (const { distance, inMemory } of layers.flat()) {
    assertAlmostEquals(distance, mean(rows.map((i) => (8 + i) / 2)), 1e-12);
    assertAlmostEquals(inMemory, mean(rows.map((i) => 8 / (9 + i))), 1e-12);
  }
});

const page = inspectionPage(inspection, {
  name: "a <model>",
  subtitle: ["path/to/model", "text"],
  isOfCharacters: true,
  model: [["n_layer", 2]],
  settings: [["mem_len", 8]],
}, { writtenAt: new Date(2026, 0, 2, 3, 4), library: await loadUplot() });

Deno.test("the page of an inspection shows its numbers and its text, and needs no other file", () => {
  assert(!/<(?:link|img|iframe)\b|\bsrc=|@import|url\((?!#)/.test(page));
  assertStringIncludes(page, markOf("inspection"));
  assertStringIncludes(page, "<title>Inspection of a &lt;model&gt;</title>");
  assertEquals(page.includes("<model>") || page.includes("<or>"), false);
  const text = shownText(page);
  const full = inspection.curve.at(-1)!.lossNats;
  assertStringIncludes(text, `With 8 rows of memory ${(full / Math.LN2).toFixed(3)} bits per`);
  const cells = [...page.matchAll(/--heat-share:(\d+)%">([\d.]+)</g)];
  const heads = inspection.heads.layers.flat();
  assertEquals(cells.slice(0, 6).map(([, , shown]) => shown), [
    ...heads.map(({ distance }) => distance.toFixed(1)),
  ]);
  assertEquals(cells.slice(6).map(([, , shown]) => shown), [
    ...heads.map(({ inMemory }) => (100 * inMemory).toFixed(0)),
  ]);
  assertEquals(Math.max(...cells.slice(0, 6).map(([, share]) => Number(share))), 100);
  const shown = [...page.matchAll(/<span class="[us]\d?" title="[^"]*">(.*?)<\/span>/g)];
  assertEquals(
    shown.map(([, token]) => token).join(""),
    "to be &lt;or&gt; not to be, that is the question↵",
  );
});

Deno.test({
  name: "Chromium draws the charts of an inspection without an error",
  ignore: isMissing("chromium"),
  fn: () => assertDrawn(page, 3),
});
