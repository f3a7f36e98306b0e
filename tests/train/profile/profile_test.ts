/**
 * Profiles of a run: the steps, table and trace, and a run that is the same with and without.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import {
  canProfile,
  IntervalMeter,
  type Profile,
  profiledSteps,
  profileTable,
  traceSlices,
} from "@transformer-xl/train";
import { type Device, type OpTime, ReferenceDevice } from "@transformer-xl/runtime";
import { callProgram } from "../../support/processes/called_program.ts";
import type { Flags } from "../../support/program.ts";
import {
  contentOf,
  recordsOf,
  Scratch,
  SMALL,
  smallConfig,
  smallCorpus,
  smallTrainer,
  weightsNow,
  wordText,
} from "../../support/small_run.ts";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";

Deno.test("three steps are profiled after warm-up and memory, or the last ones of a short run", () => {
  const steps = (maxStep: number, memLen: number, done = 0) => {
    const { first, last } = profiledSteps({ maxStep, memLen, tgtLen: 64 }, done);
    return [first, last];
  };
  assertEquals(steps(1000, 64), [11, 13]);
  assertEquals(steps(1000, 640), [12, 14]); // one more step fills the memory
  assertEquals(steps(1000, 0, 500), [511, 513]);
  assertEquals(steps(12, 64), [10, 12]);
  assertEquals(steps(2, 64), [1, 2]);
  assertEquals(steps(21, 64, 20), [21, 21]);
});

function op(name: string, scope: string[], launches: [string, number][], flops: number): OpTime {
  const commands = launches.map(([label, elapsedMs]) => ({ label, elapsedMs }));
  const elapsedMs = commands.reduce((sum, command) => sum + command.elapsedMs, 0);
  return { label: name, op: name, scope, elapsedMs, commands, cost: { flops, bytes: 2 * flops } };
}

const PROFILE: Profile = {
  firstStep: 11,
  steps: [1, 3].map((ms) => ({
    request: "none",
    plans: [
      {
        label: "gradients 0",
        ops: [
          op("matmul", ["layer0"], [["layer0/matmul_NT", ms]], 2e6),
          op(
            "attention",
            ["layer0", "heads"],
            [["layer0/heads/dP", ms], ["layer0/heads/dS", ms]],
            0,
          ),
          op("matmul", ["backward", "layer0"], [["backward/matmul_NN", 2 * ms]], 4e6),
          op("sum", [], [["sum", 0.1]], 0),
        ],
      },
      { label: "update", ops: [op("lamb", ["update"], [["update/lamb", 0.9]], 1e6)] },
    ],
  })),
};

Deno.test("the table sums launches, time, share and rates of a mean step by op and by part", () => {
  const lines = profileTable(PROFILE, { device: "adapter", tokens: 64, ranks: 1 });
  const rows = (title: string) => {
    const from = lines.indexOf(title) + 4;
    return lines.slice(from, lines.indexOf("", from));
  };
  assertEquals(lines[0], "# Profile of steps 11 to 12");
  assertEquals(lines[2], "Device: adapter. A step has 64 target tokens.");
  assert(!lines.some((line) => line.startsWith("Wait")));
  const data = { steps: 10, waitMs: 0.5, longestWaitMs: 0.25, readyMs: 30 };
  const waits = profileTable({ ...PROFILE, data }, { device: "adapter", tokens: 64, ranks: 1 });
  assertEquals(waits.slice(6, 8), [
    "Wait for data: 0.050 ms per step, at most 0.250. It took 3.000 ms to prepare.",
    "This is the mean of 10 steps after the first one of the run.",
  ]);
  assertEquals(
    lines[lines.indexOf("## Ops") + 2],
    "| Op | Launches | ms | Share | GFLOP/s | GB/s |",
  );
  assertEquals(rows("## Ops"), [
    "| matmul | 2 | 6.000 | 54.5 % | 1.00 | 2.00 |",
    "| attention | 2 | 4.000 | 36.4 % | - | - |",
    "| lamb | 1 | 0.900 | 8.2 % | 1.11 | 2.22 |",
    "| sum | 1 | 0.100 | 0.9 % | - | - |",
    "| total | 6 | 11.000 | 100.0 % | 0.636 | 1.27 |",
  ]);
  assertEquals(
    rows("## Parts of the step").map((row) => row.split(" | ").slice(0, 3).join(" | ")),
    [
      "| gradients 0 / layer0 / heads | 2 | 4.000",
      "| gradients 0 / backward / layer0 | 1 | 4.000",
      "| gradients 0 / layer0 | 1 | 2.000",
      "| update / update | 1 | 0.900",
      "| gradients 0 | 1 | 0.100",
      "| total | 6 | 11.000",
    ],
  );
});

interface Slice {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur: number;
}

/** The path of every slice by containment alone, as the tracing page nests them. */
function nested(slices: readonly Slice[]): { readonly path: string; readonly durNs: number }[] {
  const open: { readonly name: string; readonly endNs: number }[] = [];
  let lastNs = 0;
  return slices.map(({ name, ts, dur }) => {
    const [fromNs, durNs] = [Math.round(ts * 1000), Math.round(dur * 1000)];
    assert(fromNs >= lastNs, `${name} starts before the slice in front of it`);
    lastNs = fromNs;
    while (open.length > 0 && open.at(-1)!.endNs <= fromNs && durNs > 0) open.pop();
    const outer = open.at(-1);
    assert(outer === undefined || fromNs + durNs <= outer.endNs, `${name} outlasts ${outer?.name}`);
    open.push({ name, endNs: fromNs + durNs });
    return { path: open.map(({ name }) => name).join(" > "), durNs };
  });
}

Deno.test("the trace nests steps, plans, scopes, ops and launches without gaps", () => {
  const slices = nested(traceSlices(PROFILE));
  assertEquals(slices.slice(0, 15).map(({ path }) => path.replace("step 11 > ", "")), [
    "step 11",
    "gradients 0",
    "gradients 0 > layer0",
    "gradients 0 > layer0 > matmul",
    "gradients 0 > layer0 > matmul > matmul_NT",
    "gradients 0 > layer0 > heads",
    "gradients 0 > layer0 > heads > attention",
    "gradients 0 > layer0 > heads > attention > dP",
    "gradients 0 > layer0 > heads > attention > dS",
    "gradients 0 > backward",
    "gradients 0 > backward > layer0",
    "gradients 0 > backward > layer0 > matmul",
    "gradients 0 > backward > layer0 > matmul > matmul_NN",
    "gradients 0 > sum",
    "gradients 0 > sum > sum",
  ]);
  const steps = slices.filter(({ path }) => /^step \d+$/.test(path));
  assertEquals(steps.map(({ durNs }) => durNs), [6e6, 16e6]);
});

Deno.test("profiled steps and pauses are left out of the speed, unless there is nothing else", async () => {
  const later = (delayMs: number) => new Promise((resolve) => setTimeout(resolve, delayMs));
  const meter = new IntervalMeter();
  meter.add(100);
  const pausedMs = performance.now();
  await later(30);
  meter.resume(pausedMs);
  const profiledMs = performance.now();
  await later(30);
  meter.add(100, performance.now() - profiledMs);
  const { steps, tokens, elapsedMs } = meter.read();
  assertEquals([steps, tokens], [1, 100]);
  assert(elapsedMs >= 0 && elapsedMs < 25, `${elapsedMs} ms`);
  meter.restart();
  meter.add(100, 40);
  meter.add(60, 20);
  assertEquals(meter.read(), { steps: 2, tokens: 160, elapsedMs: 60 });
});

Deno.test("a device without timestamp queries cannot be profiled, plain loops can", () => {
  const adapter = (...features: string[]) =>
    ({ info: { kind: "gpu", features } }) as unknown as Device;
  using loops = new ReferenceDevice({ precision: "f32" });
  assertEquals([loops, adapter("timestamp-query"), adapter("shader-f16")].map(canProfile), [
    true,
    true,
    false,
  ]);
});

gpuTest("on the adapter, a profiled run has the weights of a run without", async () => {
  const device = await openTestGpu();
  if (!canProfile(device)) return;
  const corpus = await smallCorpus();
  const config = smallConfig({ maxStep: 14, evalInterval: 100 });
  const weights = async (isProfiled: boolean) => {
    using trainer = await smallTrainer(device, config, corpus);
    if (isProfiled) trainer.profileSteps();
    const kinds: string[] = [];
    for await (const event of trainer.train(new AbortController().signal)) {
      kinds.push(event.kind);
      if (event.kind !== "profile") continue;
      const launches = event.profile.steps.map(({ plans }) =>
        plans.flatMap(({ ops }) => ops.flatMap(({ commands }) => commands)).length
      );
      const recorded = trainer.plans.reduce((sum, { launchCount }) => sum + launchCount, 0);
      assert(launches.length === 3 && launches.every((count) => count >= recorded));
    }
    assertEquals(kinds.includes("profile"), isProfiled);
    return await weightsNow(device, trainer);
  };
  assertEquals(await weights(true), await weights(false));
});

const short = {
  ...SMALL,
  device: "cpu",
  max_step: 16,
  eval_interval: 8,
  log_interval: 4,
} as const;

async function run(flags: Flags): Promise<string> {
  const { code, stdout, stderr } = await callProgram("train", flags);
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

for (
  const [what, more] of [["one process", { gpus: 1 }], [
    "two processes with memories on the host",
    { gpus: 2, swap_mem: true },
  ]] as const
) {
  Deno.test(`--profile in ${what} writes table and trace, and changes no number`, async () => {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(60));
    const flags = { ...short, data, ...more };
    await run({ ...flags, work_dir: scratch.at("plain") });
    const work_dir = scratch.at("profiled");
    const stdout = await run({ ...flags, work_dir, profile: true });
    const last = "checkpoint_last.safetensors";
    assertEquals(await recordsOf(work_dir), await recordsOf(scratch.at("plain")));
    assertEquals(
      await contentOf(`${work_dir}/${last}`),
      await contentOf(`${scratch.at("plain")}/${last}`),
    );

    const line =
      /^Profile of steps 11 to 13: ([\d.]+) ms on the device per step, (\d+) launches; table "(.+)", trace "(.+)"$/m
        .exec(stdout)!;
    assertEquals(line.slice(3), [`${work_dir}/profile.md`, `${work_dir}/profile_trace.json`]);
    const table = await Deno.readTextFile(`${work_dir}/profile.md`);
    const total = /^\| total \| (\d+) \| ([\d.]+) \| 100\.0 % \| [\d.]+ \| [\d.]+ \|$/m.exec(
      table,
    )!;
    assertEquals(total[1], line[2]);
    assertAlmostEquals(Number(total[2]), Number(line[1]), 0.051);
    assertMatch(table, /^\| gradients 1 \/ backward \/ layer1 \| \d+ \|/m);
    assertEquals(table.includes("process 0 of 2"), more.gpus === 2);

    const trace = JSON.parse(await Deno.readTextFile(`${work_dir}/profile_trace.json`)) as {
      readonly traceEvents: readonly Slice[];
    };
    const slices = nested(trace.traceEvents.filter(({ ph }) => ph === "X"));
    const steps = slices.filter(({ path }) => /^step \d+$/.test(path));
    assertEquals(steps.map(({ path }) => path), ["step 11", "step 12", "step 13"]);
    const meanMs = steps.reduce((sum, { durNs }) => sum + durNs / 3e6, 0);
    assertAlmostEquals(meanMs, Number(total[2]), 0.002);
    for (
      const part of [
        "step 11 > gradients 0 > layer0 > matmul > matmul_",
        "step 13 > gradients 1 > backward > layer1 > ",
        "step 12 > update > update > lamb_moments > ",
      ]
    ) assert(slices.some(({ path }) => path.startsWith(part)), part);
  });
}

Deno.test("a profile that cannot be written is a warning, and the run goes on", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  await Deno.mkdir(`${work_dir}/profile.md`, { recursive: true }); // in the way of the table
  const stdout = await run({ ...short, data, work_dir, max_step: 2, profile: true });
  assertMatch(stdout, /^Cannot write the profile to ".*run": is a directory$/m);
  assertMatch(stdout, /^Training time: /m);
});
