/**
 * Comparison of two checkpoints.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  compareModels,
  type Comparison,
  type EvaluatedModel,
  pairedBootstrap,
} from "@transformer-xl/eval";
import { CharacterVocabulary, WordVocabulary } from "@transformer-xl/model";
import { DataError } from "@transformer-xl/runtime";
import {
  evalRecords,
  evaluateText,
  refusalOf,
  saveRandomModel,
} from "../../support/evaluation/scored_model.ts";
import { Scratch, seededRandom, wordText } from "../../support/small_run.ts";

/** Pairs whose losses share most of their spread; their difference is 0.05 on average. */
function noisyPairs(count: number, seed: number) {
  const random = seededRandom(seed);
  const normal = () => Array.from({ length: 12 }, random).reduce((sum, x) => sum + x, -6);
  return Array.from({ length: count }, () => {
    const first = 3 + normal();
    return { first, second: first + 0.05 + 0.2 * normal(), weight: 1 };
  });
}

Deno.test("the interval of a paired bootstrap is that of the normal distribution for many units", () => {
  const pairs = noisyPairs(400, 7);
  const result = pairedBootstrap(pairs, { seed: 1 });
  const differences = pairs.map(({ first, second }) => second - first);
  const mean = differences.reduce((sum, x) => sum + x, 0) / 400;
  const spread = Math.sqrt(differences.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 399 / 400);
  assertAlmostEquals(result.difference, mean, 1e-12);
  assertAlmostEquals(result.low, mean - 1.96 * spread, 0.1 * spread);
  assertAlmostEquals(result.high, mean + 1.96 * spread, 0.1 * spread);
  assertEquals(pairedBootstrap(pairs, { seed: 1 }), result);
  assert(pairedBootstrap(pairs, { seed: 2 }).low !== result.low);
  assertThrows(() => pairedBootstrap(pairs.slice(0, 1), { seed: 1 }), RangeError, "at least 2");
});

Deno.test("intervals of 95 percent contain the difference about as often", () => {
  let inside = 0;
  for (let n = 0; n < 200; n++) {
    const { low, high } = pairedBootstrap(noisyPairs(40, n), { seed: n, resamples: 400 });
    if (low <= 0.05 && 0.05 <= high) inside++;
  }
  assert(inside >= 176 && inside <= 199, `${inside} of 200`);
});

Deno.test("models with other symbols are compared per character, and only on lines", () => {
  const unit = (nats: number, tokens: number) => ({
    ...{ nats, tokens },
    raw: { nats: 2 * nats, characters: 10 },
  });
  const model = (fingerprint: string, units: ReturnType<typeof unit>[]): EvaluatedModel => ({
    ...{ source: fingerprint, fingerprint, digests: {} },
    texts: [{ name: "lines", units }],
  });
  const words = model("words", [unit(3, 2), unit(5, 2), unit(0, 0)]);
  const characters = model("characters", [unit(4, 9), unit(6, 9), unit(1, 1)]);
  const options = { seed: 1, isOfLines: true };
  const [result] = compareModels(words, characters, options);
  assertEquals([result!.per, result!.units, result!.first, result!.second], [
    "character",
    2,
    0.8,
    1,
  ]);
  assertAlmostEquals(result!.difference, 0.2, 1e-12);
  const [same] = compareModels(words, { ...words, source: "other" }, options);
  assertEquals([same!.per, same!.first, same!.low, same!.high], ["token", 2, 0, 0]);
  const other = model("words", [unit(3, 2), unit(5, 3), unit(0, 0)]);
  assertThrows(() => compareModels(words, other, options), DataError, "scored different segments");
  const short = model("words", [unit(3, 2)]);
  assertThrows(() => compareModels(short, short, options), DataError, "at least 2");
});

Deno.test("--compare scores both checkpoints, says which is better, and refuses what cannot be compared", async () => {
  await using scratch = new Scratch();
  const text = wordText(60);
  const words = WordVocabulary.fromText(text);
  const a = await saveRandomModel(scratch.at("a.safetensors"), words, { seed: 1 });
  const b = await saveRandomModel(scratch.at("b.safetensors"), words, { seed: 2 });
  const c = await saveRandomModel(
    scratch.at("c.safetensors"),
    CharacterVocabulary.fromText(text),
  );
  const data = await scratch.text("text.txt", text);
  const lengths = { batch_size: 2, tgt_len: 8, mem_len: 8 } as const;
  const printed = await evaluateText({ compare: [a, b], data, verbose: true, ...lengths });
  const starts = [...printed.matchAll(/^start-up = (\d+) ms$/gm)].map(([, ms]) => Number(ms));
  assertEquals([starts.length, starts[1]! < starts[0]!], [2, true]);
  type Result = { lossNats: number };
  const [first, second] = await evalRecords<Result>(scratch.path, "result");
  const [comparison] = await evalRecords<Comparison>(scratch.path, "comparison");
  assertAlmostEquals(comparison!.first, first!.lossNats, 1e-6);
  assertAlmostEquals(comparison!.difference, second!.lossNats - first!.lossNats, 1e-6);
  assert(comparison!.low <= comparison!.difference && comparison!.difference <= comparison!.high);
  assertMatch(
    printed,
    /^compare test : A ".*a\.safetensors" \d\.\d{5}, B ".*b\.saf.*nats per token$/m,
  );
  assertMatch(
    printed,
    /^compare test : B - A -?0\.\d{5} nats per token, 95 % interval .* \(paired bootstrap, \d+ segments, 5000 resamples, seed 1111\)$/m,
  );
  const lines = await evaluateText(
    { compare: [a, c], manual: "-", lines: true, ...lengths },
    text.split("\n").slice(0, 6).join("\n"),
  );
  assertMatch(
    lines,
    /^compare lines : B - A .* bits per character, .* 6 lines, .*because the symbols differ\)$/m,
  );

  const refused: [Parameters<typeof refusalOf>[0], RegExp][] = [
    [
      { compare: [a, c], data, ...lengths },
      /^error: Cannot compare ".*" and ".*" by segments: they have different symbols.*; compare them per character, with --lines/,
    ],
    [
      { compare: a },
      /^error: Cannot compare 1 checkpoints with --compare; give two, --compare A B/,
    ],
    [
      { compare: [a, b], model: a, per_token: true },
      /Cannot use --model, --per_token with --compare/,
    ],
    [{ compare: [a, scratch.at("none")], data, ...lengths }, /Cannot read checkpoint ".*none"/],
    [
      { compare: [a, b], data, gpus: 2, oversubscribe: true },
      /--compare in 2 processes: .*--gpus 1/,
    ],
  ];
  await Deno.remove(scratch.at("eval_log.log"));
  for (const [flags, says] of refused) assertMatch(await refusalOf(flags), says);
  await assertRejects(() => Deno.stat(scratch.at("eval_log.log")), Deno.errors.NotFound);
});
