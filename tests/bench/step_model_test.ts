/**
 * The step model: launches, work and predicted time of a step from its recording.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import {
  dryStep,
  executedLaunches,
  groupedLaunches,
  productsOf,
  reportRun,
  stepModelLines,
  stepModelSchema,
  sumOf,
} from "@transformer-xl/bench";
import { type DeviceLimits, PORTABLE_LIMITS } from "@transformer-xl/runtime";

const sizes = { batchSize: 2, tgtLen: 8, memLen: 8 };
const flags = stepModelSchema.parse({ preset: "wt103-base", ...sizes });
const step = await dryStep(reportRun({ ...flags, steps: 2 }, true), PORTABLE_LIMITS);
const launches = executedLaunches(step, flags);

Deno.test("only launches with workgroups count", () => {
  const recorded = step.runs.reduce((sum, { recording }) => sum + recording.commands.length, 0);
  assert(launches.length < recorded, `${launches.length} of ${recorded}`); // 16 tokens leave tails empty
  const clears = launches.filter(({ workgroups }) => workgroups === 0);
  assert(clears.every(({ label }) => label.includes("clear")));
});

Deno.test("groups add up to the step", () => {
  const groups = groupedLaunches(launches, flags);
  const total = sumOf("total", launches, flags);
  for (const key of ["launches", "flops", "bytes", "elapsedMs", "gapMs"] as const) {
    assertAlmostEquals(
      groups.reduce((sum, group) => sum + group[key], 0),
      total[key],
      1e-6 * total[key],
    );
  }
  assertEquals(total.gapMs, launches.length * flags.gapUs / 1000);
});

Deno.test("products, bytes and chains of loads take longer at lower rates", () => {
  const msOf = (changes: Partial<typeof flags>) =>
    sumOf("total", executedLaunches(step, { ...flags, ...changes }), flags).elapsedMs;
  const before = msOf({});
  assert(msOf({ productShare: flags.productShare / 2 }) > before);
  assert(msOf({ cacheTbS: flags.cacheTbS / 10 }) > before);
  assert(msOf({ turnUs: 10 * flags.turnUs }) > before);
  assert(msOf({ integerTops: flags.integerTops / 1000 }) > before);
});

Deno.test("the table names its assumptions and ends with the prediction", async () => {
  const lines = await stepModelLines({ ...flags, list: false });
  assertMatch(lines[0]!, /^wt103-base, fp16, batch_size 2, tgt_len 8, mem_len 8/);
  assert(lines.some((line) => line.startsWith("assumed: products 0.55 of 67 TFLOP/s")));
  assertMatch(lines.at(-1)!, /^predicted: [\d.]+ ms, \d+ tokens\/s$/);
});

Deno.test("packed sums are those of all products of halves in tiles of warps", async () => {
  for (const fp16 of [true, false]) {
    const limits = { ...PORTABLE_LIMITS, adapterClass: "nvidia", halfSums: "packed" } as const;
    const { runs } = await dryStep(reportRun({ ...flags, preset: "tiny", steps: 2 }, fp16), limits);
    const plans = runs.flatMap(({ recording }) => productsOf(recording).map(({ plan }) => plan))
      .filter(({ stage }) => stage === "warp");
    assert(plans.length > 20, `${plans.length} products`);
    assert(plans.every(({ packedSums = false }) => packedSums === fp16));
  }
});

const GPU: DeviceLimits = {
  ...PORTABLE_LIMITS,
  adapterClass: "nvidia",
  maxBindingBytes: 2 ** 31 - 256,
  maxBufferBytes: 2 ** 34,
};

async function launchesOfBase(fp16: boolean, preLnorm: boolean): Promise<number> {
  const base = stepModelSchema.parse({ preset: "wt103-base", fp16 });
  const { config, modelConfig } = reportRun({ ...base, steps: 2 }, fp16);
  const step = await dryStep({ config, modelConfig: { ...modelConfig, preLnorm } }, GPU);
  return executedLaunches(step, base).length;
}

Deno.test("a step of wt103-base has fewer than 850 launches in either precision, and before norms five more", async () => {
  for (const fp16 of [true, false]) {
    const [post, pre] = [await launchesOfBase(fp16, false), await launchesOfBase(fp16, true)];
    assert(post < 850, `${post} launches`);
    assertEquals(pre, post + 5);
  }
});

Deno.test("--pre_lnorm is the model's", async () => {
  const lines = await stepModelLines({ ...flags, preLnorm: true });
  assertMatch(lines[0]!, /mem_len 8, pre_lnorm, tiles/);
});
