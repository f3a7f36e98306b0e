import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ReferenceDevice } from "@transformer-xl/runtime";
import {
  Plateau,
  type PlateauState,
  rateAfter,
  rateOf,
  SCHEDULES,
  type ScheduleSettings,
} from "@transformer-xl/train";
import { smallConfig, smallCorpus, smallTrainer, weightsNow } from "../support/small_run.ts";

/** NVIDIA's base model. */
const base: ScheduleSettings = {
  scheduler: "cosine",
  lr: 0.01,
  warmupStep: 1000,
  steps: 40_000,
  etaMin: 0.001,
};

Deno.test("the rate of step s is the one set after step s - 1, and the first step runs at the full rate", () => {
  assertEquals(rateOf(base, 1), 0.01);
  assertEquals(rateOf(base, 2), 0.01 / 1000);
  for (const step of [3, 999, 1000, 1001, 25_000, 40_000]) {
    assertEquals(rateOf(base, step), rateAfter(base, step - 1));
  }
});

Deno.test("the cosine falls from the end of the warm-up to its floor, and rises beyond its length", () => {
  assertEquals(rateAfter(base, 999), 0.01 * 999 / 1000);
  assertAlmostEquals(rateAfter(base, 1000), 0.01, 1e-15);
  assertAlmostEquals(rateAfter(base, 20_500), (0.01 + 0.001) / 2, 1e-15);
  assertAlmostEquals(rateAfter(base, 36_000), 1.2316e-3, 5e-8);
  assertEquals(rateAfter(base, 40_000), 0.001);
  assert(rateAfter(base, 50_000) > 0.001);
});

Deno.test("the 2019 cosine counts from step 0, which NVIDIA's first tables print", () => {
  const old = { ...base, cosineFromZero: true };
  assertAlmostEquals(rateAfter(old, 36_000), 1.2202e-3, 5e-8);
  assertAlmostEquals(rateAfter(old, 1000), 0.009986, 5e-7); // a jump at the end of the warm-up
  assertEquals(rateAfter(old, 999), rateAfter(base, 999));
});

Deno.test("inv_sqrt starts at its own zero, peaks at the end of the warm-up, and falls", () => {
  const settings = { ...base, scheduler: "inv_sqrt" } as const;
  assertEquals(rateOf(settings, 1), 0);
  assertEquals(rateOf({ ...settings, warmupStep: 0 }, 1), 0.01);
  assertAlmostEquals(rateAfter(settings, 1000), 3.162e-4, 5e-8);
  assertAlmostEquals(rateAfter(settings, 500), 0.01 * 500 / 1000 ** 1.5, 1e-18);
  assertAlmostEquals(rateAfter(settings, 4000), 0.01 / Math.sqrt(4000), 1e-18);
});

Deno.test("constant and dev_perf warm up too, then keep the last rate of the warm-up", () => {
  for (const scheduler of ["constant", "dev_perf"] as const) {
    const settings = { ...base, scheduler };
    assertEquals(rateAfter(settings, 250, 0.003), 0.0025);
    assertEquals(rateAfter(settings, 5000), 0.01 * 999 / 1000);
    assertEquals(rateAfter({ ...settings, warmupStep: 1 }, 5000), 0.01);
  }
});

Deno.test("dev_perf keeps the rate it has reached, in the step after a validation too", () => {
  const settings = { ...base, scheduler: "dev_perf" } as const;
  assertEquals(rateAfter(settings, 5000, 0.003), 0.003);
  assertEquals(rateOf(settings, 5000, 0.003), 0.003);
  assertEquals(rateOf(settings, 251, 0.00125), 0.00125); // lowered inside the warm-up, for one step
  assertEquals(rateAfter(settings, 251, 0.00125), 0.00251);
});

Deno.test("without warm-up every schedule starts at its rate", () => {
  for (const scheduler of ["cosine", "constant", "dev_perf"] as const) {
    assertEquals(rateOf({ ...base, scheduler, warmupStep: 0 }, 1), 0.01);
  }
});

Deno.test("a warmed first step runs at the rate that is set after it, and changes no other", () => {
  for (const scheduler of SCHEDULES) {
    const [off, on] = [{ ...base, scheduler }, { ...base, scheduler, warmsFirstStep: true }];
    assertEquals(rateOf(on, 1), rateAfter(off, 1));
    for (const step of [2, 3, 999, 1000, 5000]) assertEquals(rateOf(on, step), rateOf(off, step));
    for (const step of [1, 2, 5000]) assertEquals(rateAfter(on, step), rateAfter(off, step));
    assertEquals(rateOf({ ...on, warmupStep: 0 }, 1), 0.01);
    assertAlmostEquals(rateOf({ ...on, warmupStep: 1 }, 1), 0.01, 1e-15);
  }
  assertEquals(rateOf({ ...base, warmsFirstStep: true }, 1), 0.01 / 1000);
  const root = { ...base, scheduler: "inv_sqrt", warmsFirstStep: true } as const;
  assertEquals(rateOf(root, 1), 0.01 / 1000 ** 1.5);
});

Deno.test("the first step of a run is warmed up if asked, with every schedule", async () => {
  const corpus = await smallCorpus();
  for (const scheduler of SCHEDULES) {
    const runs = [false, true].map(async (warmupFirstStep) => {
      const settings = { scheduler, warmupFirstStep, optim: "sgd", lr: 1, maxStep: 1 } as const;
      const config = smallConfig({ ...settings, noEval: true, dropout: 0, dropatt: 0 });
      using device = new ReferenceDevice({ precision: "f64" });
      using trainer = await smallTrainer(device, config, corpus);
      const before = await weightsNow(device, trainer);
      for await (const _ of trainer.train(new AbortController().signal));
      return (await weightsNow(device, trainer)).map((weight, i) => weight - before[i]!);
    });
    const [full, warmed] = await Promise.all(runs);
    const [first, wanted] = scheduler === "inv_sqrt" ? [0, 1 / 4 ** 1.5] : [1, 1 / 4];
    const step = Math.hypot(...warmed!) / wanted;
    assert(step > 0);
    assertAlmostEquals(Math.hypot(...full!), first * step, 1e-9 * step);
  }
});

/** The states of a plateau after each loss. */
function observed(
  settings: { decayRate: number; patience: number; lrMin: number },
  losses: readonly number[],
): PlateauState[] {
  const plateau = new Plateau(settings, { rate: 1, best: null, waited: 0 });
  return losses.map((loss) => {
    plateau.observe(loss);
    return plateau.state;
  });
}

Deno.test("dev_perf lowers the rate at the first loss that is not better by one part in 10,000", () => {
  const states = observed({ decayRate: 0.5, patience: 0, lrMin: 0 }, [5, 4, 3.9997, 3, 3]);
  assertEquals(states.map(({ rate }) => rate), [1, 1, 0.5, 0.5, 0.25]);
  assertEquals(states.map(({ best }) => best), [5, 4, 4, 3, 3]);
});

Deno.test("dev_perf waits as long as its patience, anew after each change", () => {
  const states = observed({ decayRate: 0.5, patience: 2, lrMin: 0 }, [1, 1, 1, 1, 1, 1, 1]);
  assertEquals(states.map(({ rate }) => rate), [1, 1, 1, 0.5, 0.5, 0.5, 0.25]);
  assertEquals(states.map(({ waited }) => waited), [0, 1, 2, 0, 1, 2, 0]);
});

Deno.test("dev_perf stops at its floor and ignores changes below 1e-8", () => {
  const states = observed({ decayRate: 0.5, patience: 0, lrMin: 0.3 }, [1, 1, 1, 1]);
  assertEquals(states.map(({ rate }) => rate), [1, 0.5, 0.3, 0.3]);
  const still = observed({ decayRate: 1 - 1e-9, patience: 0, lrMin: 0 }, [1, 1]);
  assertEquals(still[1]!.rate, 1);
});

Deno.test("a plateau continues from its state as if it had never been stored", () => {
  const settings = { decayRate: 0.5, patience: 1, lrMin: 0 };
  const losses = [3, 3, 2.5, 2.6, 2.7, 2.4, 2.4, 2.4];
  const whole = observed(settings, losses);
  let state: PlateauState = { rate: 1, best: null, waited: 0 };
  for (const [i, loss] of losses.entries()) {
    const plateau = new Plateau(settings, JSON.parse(JSON.stringify(state)));
    plateau.observe(loss);
    state = plateau.state;
    assertEquals(state, whole[i]);
  }
});
