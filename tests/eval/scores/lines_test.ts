/**
 * Lines that are scored apart.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { lineLengths, openScorer, RankScorer, scoreLines, TokenTable } from "@transformer-xl/eval";
import { createModel, hasAbsolutePositions, WordVocabulary } from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import {
  evalRecords,
  evaluateText,
  refusalOf,
  saveRandomModel,
} from "../../support/evaluation/scored_model.ts";
import { Scratch, seededRandom, wordText } from "../../support/small_run.ts";

Deno.test("lines in a batch have the losses of each line alone, in their order", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  const V = 19;
  const random = seededRandom(2);
  const lines = [3, 1, 14, 2, 0, 9, 11, 5, 2].map((length) =>
    Uint32Array.from({ length }, () => Math.floor(random() * V))
  );
  const sizes = { vocabSize: V, nLayer: 2, nHead: 2, dModel: 16, dHead: 8 };
  const tails = { adaptive: true, cutoffs: [4, 9], divVal: 2 };
  for (const settings of [{}, { ...tails, sameLength: true }, { attnType: 2 as const }]) {
    using model = await createModel(device, { ...sizes, ...settings });
    const equal = hasAbsolutePositions(model.config);
    const lengths = { tgtLen: 4, memLen: 6 };
    using batched = await openScorer("webgpu", model, { ...lengths, batchSize: 3 });
    using single = await openScorer("webgpu", model, { ...lengths, batchSize: 1 });
    using ranking = await RankScorer.open(model, { ...lengths, batchSize: 4 });
    const together = await scoreLines(batched, lines, { equal });
    const tables = lines.map((ids, i) => new TokenTable(`line ${i}`, ids, undefined));
    const ranked = await scoreLines(ranking, lines, { tables, equal });
    assertEquals(together.lines.map(({ tokens }) => tokens), [2, 0, 13, 1, 0, 8, 10, 4, 1]);
    for (const [i, ids] of lines.entries()) {
      const alone = (await scoreLines(single, [ids])).lines[0]!;
      assertAlmostEquals(together.lines[i]!.nats, alone.nats, 1e-5, `line ${i}`);
      assertAlmostEquals(ranked.lines[i]!.nats, alone.nats, 1e-5, `line ${i}`);
      const scored = [...tables[i]!].filter(({ bits }) => bits !== null);
      const nats = scored.reduce((sum, score) => sum - score.logProbability!, 0);
      assertAlmostEquals(nats, alone.nats, 1e-5);
      assert(scored.every(({ rank }) => rank! >= 1 && rank! <= V));
    }
  }
});

Deno.test("default lengths shrink to the lines where results stay the same", () => {
  const lengths = { batchSize: 16, tgtLen: 64, extLen: 0, memLen: 640 };
  const fit = { lines: 5, longest: 20, given: new Set<"memLen">() };
  const plain = { sameLength: false, positionRows: 0 };
  assertEquals(lineLengths(lengths, { ...fit, model: plain }), {
    ...{ batchSize: 5, tgtLen: 19, extLen: 0, memLen: 0 },
  });
  assertEquals(lineLengths(lengths, { ...fit, longest: 200, model: plain }).memLen, 192);
  assertEquals(lineLengths(lengths, { ...fit, model: { ...plain, sameLength: true } }), {
    ...lengths,
    batchSize: 5,
  });
  assertEquals(
    lineLengths(lengths, { ...fit, given: new Set(["memLen"]), model: plain }).memLen,
    640,
  );
});

Deno.test("--lines scores standard input line by line, each as --manual would", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(
    scratch.at("model.safetensors"),
    WordVocabulary.fromText(wordText(40)),
  );
  const text = "word3 word1 word4\n\nword2 word2 word2 word7 word1 word5\nword9\n";
  const flags = { model, batch_size: 3, tgt_len: 4, mem_len: 4 } as const;
  const printed = await evaluateText({ ...flags, manual: "-", lines: true, per_token: true }, text);
  type Line = { line: number; tokens: number; lossNats: number | null; bitsPerCharacter?: number };
  const lines = await evalRecords<Line>(scratch.path, "line");
  assertEquals(lines.map(({ line, tokens }) => [line, tokens]), [[1, 3], [2, 0], [3, 6], [4, 1]]);
  assertEquals(lines[1]!.lossNats, null);
  assertMatch(printed, /text : --manual, 4 lines, 13 tokens, 0 unknown words/);
  assertMatch(printed, /^\| line +2 \| tokens +0 \| not scored: nothing before its only token$/m);
  assertMatch(printed, /^lines: \d\.\d{5} bits per character, .* 13 tokens in 57 characters/m);
  assertMatch(printed, /^line 4: 2 tokens with log-probability/m);
  await evaluateText({ ...flags, manual: "word2 word2 word2 word7 word1 word5".split(" ") });
  const [alone] = await evalRecords<Line>(scratch.path, "result");
  assertAlmostEquals(alone!.lossNats!, lines[2]!.lossNats!, 1e-6);
  assertAlmostEquals(alone!.bitsPerCharacter!, lines[2]!.bitsPerCharacter!, 1e-6);
});

Deno.test("lines that cannot be scored are refused in one sentence", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(
    scratch.at("model.safetensors"),
    WordVocabulary.fromText("a b c"),
  );
  const refused: [Parameters<typeof refusalOf>[0], RegExp][] = [
    [{ lines: true }, /^error: Cannot score --lines without a text; give --manual_file FILE, or /],
    [{ lines: true, manual: "-", save_data: true, repeat: 2 }, /with --save_data, --repeat: lines/],
    [
      { lines: true, manual: "-", gpus: 2, oversubscribe: true },
      /--lines in 2 processes: .*--gpus 1/,
    ],
    [{ lines: true, manual: "-" }, /the lines of --manual: none has two tokens.*; give more text/],
  ];
  for (const [flags, says] of refused) {
    assertMatch(await refusalOf({ model, ...flags }, "\n\n"), says);
  }
});
