/**
 * `deno task benchmark`: names of benchmarks, real processes, studies of seeds.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { tryProgram } from "@transformer-xl/runtime/setup";
import { runBenchmark } from "@transformer-xl/bench";
import { called } from "../support/processes/called_program.ts";
import { gpuTest } from "../support/test_gpu.ts";
import { Scratch, wordText } from "../support/small_run.ts";
import { type Flags, words } from "../support/program.ts";

const MAIN = new URL("../../bench/benchmark/main.ts", import.meta.url);

/** Flags of a model that a processor measures in a moment. */
const SMALL = {
  preset: "tiny",
  ...{ tgt_len: 8, mem_len: 8, n_layer: 1, n_head: 1, d_head: 8, d_model: 16, d_inner: 16 },
} as const;

async function benchmark(name: string, flags: Flags) {
  const argv = [...name === "" ? [] : [name], ...words(flags)];
  const { code, stdout, stderr } = await called(() => runBenchmark(argv));
  return { code, lines: stdout.split("\n"), stderr };
}

Deno.test("deno task benchmark is a program", async () => {
  const args = ["run", "-A", "--quiet", MAIN.href, "infr"];
  const { code, stderr } = await tryProgram([Deno.execPath(), ...args]);
  assertEquals(code, 2);
  assertMatch(stderr, /^error: Cannot run benchmark "infr": .*\n$/);
});

Deno.test("the benchmarks are listed, and a wrong name or flag is one sentence", async () => {
  const listed = await benchmark("", {});
  assertEquals([listed.code, listed.lines.length], [2, 6]);
  const help = await benchmark("scaling", { help: true });
  assertEquals(help.code, 0);
  assert(help.lines.some((line) => line.startsWith("  --oversubscribe")));
  const wrong = await benchmark("infr", {});
  assertEquals([wrong.code, wrong.stderr], [
    2,
    'error: Cannot run benchmark "infr": there is none of that name, did you mean infer?\n',
  ]);
  const small = await benchmark("train", { preset: "wt103-base", n_token: 500 });
  assertEquals([small.code, small.stderr], [
    2,
    "error: Cannot choose cut-offs for 500 symbols: at least 1000 are needed; give a larger " +
    "--n_token, or a --preset without clusters\n",
  ]);
  const gpu = await benchmark("infer", { published_gpu: "V200" });
  assertMatch(
    gpu.stderr,
    /^error: Cannot parse --published_gpu: .* want one of A100, V100, T4.*\n$/,
  );
});

for (const [device, test] of [["gpu", gpuTest], ["cpu", Deno.test]] as const) {
  test(`one process and two are measured as real processes, --device ${device}`, async () => {
    const flags = { ...SMALL, device, gpus: [1, 2], batch_size: 2, steps: 2, n_token: 32 };
    const shared: Flags = device === "gpu" ? { oversubscribe: true } : {};
    const { code, lines, stderr } = await benchmark("scaling", { ...flags, ...shared });
    assertEquals([code, stderr], [0, ""]);
    const rows = lines.slice(-3, -1).map((line) => line.trim().split(/ +/));
    rows.forEach(([processes, rate, ms, speedUp, efficiency, ...name], i) => {
      assertEquals(Number(processes), i + 1);
      const tokens = Number(rate!.replaceAll(",", ""));
      assertAlmostEquals(tokens * Number(ms) / 1000 / ((i + 1) * 2 * 8), 1, 0.05);
      assertAlmostEquals(Number.parseInt(efficiency!), 100 * Number(speedUp) / (i + 1), 1);
      assertEquals(name.join(" ") === "CPU (WebAssembly)", device === "cpu");
    });
  });
}

Deno.test("seeds are trained one by one, finished ones are kept, and failures are one sentence", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const flags = {
    ...SMALL,
    ...{ data, work_dir: scratch.at("study"), seeds: 2, steps: 4, eval_interval: 2, batch_size: 2 },
    device: "cpu",
  };
  const { code, lines } = await benchmark("stability", flags);
  assertEquals(code, 0);
  assertMatch(lines[0]!, /^deno task train --preset tiny --seed 1111 --work_dir .*seed_1111 /);
  assertMatch(lines[2]!, /--seed 1112 /);
  const again = (await benchmark("stability", flags)).lines;
  assertMatch(again[0]!, /^seed 1111: results in .*seed_1111$/);
  assertEquals(again.slice(-5), lines.slice(-5));
  assertMatch(again.at(-5)!, /^step +mean +sd +min +max +median$/);
  assertEquals(again.slice(-4, -1).map((line) => line.trim().split(/ +/)[0]), ["2", "4", "test"]);
  assert(!/ 0\.000 /.test(again.at(-4)!), "both seeds gave one result");
  const dry = await benchmark("stability", { ...flags, seeds: 3, dry_run: true });
  assertEquals(dry.lines.length, 3);
  const missing = { ...flags, data: scratch.at("none.txt"), work_dir: scratch.at("other") };
  const failed = await benchmark("stability", missing);
  assertEquals(failed.code, 2);
  assertMatch(
    failed.stderr,
    /^error: Cannot go on after seed 1111: .* ended with 2, .*none\.txt.*\n$/,
  );
});
