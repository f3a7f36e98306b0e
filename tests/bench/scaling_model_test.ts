/**
 * The scaling model of several ranks.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type Known,
  modelStep,
  recordPreset,
  type ScalingInput,
  scalingRows,
  wordShares,
} from "@transformer-xl/bench";
import { PORTABLE_LIMITS } from "@transformer-xl/runtime";

const RANKS = [1, 2, 4, 8, 16, 32, 64];

/** Ten buckets of 10 MB, final evenly over the second half of the computing. */
const INPUT: ScalingInput = {
  computeMs: 1000,
  updateMs: 20,
  buckets: Array.from({ length: 10 }, (_, i) => ({ bytes: 1e7, finalAt: 0.55 + 0.05 * i })),
  readbackGbS: 2,
  uploadGbS: 4,
  linkGbS: 1,
  hopMs: 0.1,
  maxInFlight: 16,
};

const stepMs = (ranks: number, changes: Partial<ScalingInput> = {}): number =>
  modelStep({ ...INPUT, ...changes }, ranks).stepMs;

Deno.test("one rank computes and updates", () => {
  assertEquals(modelStep(INPUT, 1), { stepMs: 1020, exposedMs: 0 });
  assertEquals(stepMs(1, { linkGbS: 1e-9, readbackGbS: 1e-9, hopMs: 1e9 }), 1020);
});

Deno.test("with infinite bandwidth and no latency any number of ranks computes and updates", () => {
  const free = { linkGbS: Infinity, readbackGbS: Infinity, uploadGbS: Infinity, hopMs: 0 };
  for (const ranks of RANKS) assertEquals(stepMs(ranks, free), 1020);
});

Deno.test("a bucket that is final at the end is exposed: read, ring, written back", () => {
  const buckets = [{ bytes: 1e7, finalAt: 1 }];
  const { exposedMs } = modelStep({ ...INPUT, buckets }, 4);
  const ring = 2 * 3 * (1e7 / 4 / 1e6 + 0.1);
  assertAlmostEquals(exposedMs, 5 + ring + 2.5, 1e-9);
});

Deno.test("buckets that are final early are hidden", () => {
  const early = INPUT.buckets.map(({ bytes }, i) => ({ bytes, finalAt: 0.1 + 0.05 * i }));
  const last = { bytes: 4, finalAt: 1 };
  const only = modelStep({ ...INPUT, buckets: [last] }, 2).exposedMs;
  const all = modelStep({ ...INPUT, buckets: [...early, last] }, 2).exposedMs;
  // The host writes back when it has read something: the last early one waits for the last read.
  assert(all <= only + 2.5 + 1e-9, `${all} ms of the early ones show`);
  const late = early.map(({ bytes }) => ({ bytes, finalAt: 1 }));
  assert(modelStep({ ...INPUT, buckets: [...late, last] }, 2).exposedMs > 100);
});

Deno.test("the slowest of device, host and ring decides", () => {
  const late = INPUT.buckets.map(({ bytes }) => ({ bytes, finalAt: 1 }));
  // 10 x 10 ms of ring behind the first read, then the last write; reads and writes fit between.
  assertAlmostEquals(stepMs(2, { buckets: late, hopMs: 0 }), 1020 + 5 + 100 + 2.5, 1e-9);
  // The ring is idle most of the time: 10 x 20 ms of reads, one bucket of ring, one write, and nine
  // writes between the reads.
  const slowHost = { buckets: late, hopMs: 0, readbackGbS: 0.5 };
  assertAlmostEquals(stepMs(2, slowHost), 1020 + 200 + 10 + 10 * 2.5 - 2.5, 1e-9);
});

Deno.test("a step never gets shorter by more ranks, bytes or latency, or less bandwidth", () => {
  const grows = (times: readonly number[]) => {
    for (let i = 1; i < times.length; i++) assert(times[i]! >= times[i - 1]! - 1e-9, `${times}`);
    assert(times.at(-1)! > times[0]!, `${times}`);
  };
  grows(RANKS.map((ranks) => stepMs(ranks)));
  for (const name of ["linkGbS", "readbackGbS", "uploadGbS"] as const) {
    grows([8, 4, 2, 1, 0.5, 0.1, 0.01].map((speed) => stepMs(8, { [name]: speed })));
  }
  grows([0, 0.1, 1, 10].map((hopMs) => stepMs(8, { hopMs })));
  grows([1, 2, 5, 10].map((factor) =>
    stepMs(8, {
      buckets: INPUT.buckets.map(({ bytes, finalAt }) => ({ bytes: factor * bytes, finalAt })),
    })
  ));
});

Deno.test("fewer buckets under way make the host wait for the ring", () => {
  const slow = { linkGbS: 0.1, buckets: INPUT.buckets.map(({ bytes }) => ({ bytes, finalAt: 0 })) };
  const all = stepMs(2, slow);
  assert(stepMs(2, { ...slow, maxInFlight: 0 }) > all);
  assertEquals(stepMs(2, { ...slow, maxInFlight: 10 }), all);
});

const given = (value: number): Known => ({ value, origin: "given" });
const NUMBERS = {
  computeMs: given(1000),
  updateMs: given(20),
  ringGbS: given(4),
  hopUs: given(100),
  readbackGbS: given(2),
  uploadGbS: given(4),
};
const RECORDED = {
  batchSize: 16,
  batchChunk: 2,
  tokens: 16 * 64,
  parameters: 2.5e7,
  flops: 1e12,
  update: { flops: 0, bytes: 1e9 },
  buckets: INPUT.buckets,
};

Deno.test("ranks share the batch, or each has all of it", () => {
  const strong = scalingRows({ weak: false }, NUMBERS, RECORDED);
  assertEquals(strong.map(({ ranks }) => ranks), [1, 2, 4, 8, 16]); // 16 columns for 32 ranks
  const [one, two] = strong;
  assertEquals([one!.stepMs, one!.efficiency], [1020, 1]);
  assertAlmostEquals(two!.stepMs, 500 + 20 + two!.exposedMs, 1e-9);
  assertAlmostEquals(two!.tokensPerSecond, 1024 / two!.stepMs * 1000, 1e-9);
  assertAlmostEquals(two!.efficiency, 1020 / (2 * two!.stepMs), 1e-9);

  const weak = scalingRows({ weak: true }, NUMBERS, RECORDED);
  assertEquals(weak.map(({ ranks }) => ranks), RANKS);
  assertAlmostEquals(weak[6]!.efficiency, 1020 / weak[6]!.stepMs, 1e-9);
  assert(weak[4]!.efficiency > strong[4]!.efficiency);
});

Deno.test("beyond one machine the slower link counts", () => {
  const rows = (networkGbS?: number) =>
    scalingRows(
      { weak: true, ...(networkGbS !== undefined && { networkGbS, gpusPerMachine: 8 }) },
      NUMBERS,
      RECORDED,
    ).map(({ exposedMs }) => exposedMs);
  const [one, fast, slow] = [rows(), rows(10), rows(0.1)];
  assertEquals(fast, one);
  assertEquals(slow.slice(0, 4), one.slice(0, 4));
  for (let i = 4; i < RANKS.length; i++) assert(slow[i]! > one[i]!, `${slow}`);
});

Deno.test("a recording tells when its buckets are final", async () => {
  const { buckets, parameters, flops, tokens } = await recordPreset("tiny", PORTABLE_LIMITS);
  assertEquals(tokens, 8 * 64);
  assert(flops > 0);
  assertEquals(buckets.reduce((sum, { bytes }) => sum + bytes, 0), 4 * parameters);
  assertEquals(buckets.at(-1)!.finalAt, 1);

  const base = await recordPreset("wt103-base", PORTABLE_LIMITS);
  const times = base.buckets.map(({ finalAt }) => finalAt);
  assertEquals(times, times.toSorted((a, b) => a - b));
  assert(times[0]! > 0.3 && times[0]! < 0.7, `${times}`); // forward, then the last layer
  assert(new Set(times).size > 16, `${times}`); // layer by layer
});

Deno.test("shares of words add up and fall with the rank of the word", () => {
  const shape = { nToken: 267_735, cutoffs: [19_997, 39_997, 199_997], dEmbed: 512, divVal: 1 };
  const shares = wordShares(shape);
  assertAlmostEquals(shares.reduce((sum, share) => sum + share), 1, 1e-12);
  assert(shares[0]! > 0.7 && shares[3]! < 0.05, `${shares}`);
});
