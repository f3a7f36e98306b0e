/**
 * The growth benchmark: cells, marks, and a run of tiny sizes.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  growthLines,
  growthOf,
  growthSchema,
  idealMs,
  type MeasuredCell,
  measureGrowth,
  processLines,
  sampleInTurns,
} from "@transformer-xl/bench";
import { ConfigError } from "@transformer-xl/runtime";

const SPEEDS = { flopsPerSecond: 1e9, copyBytesPerSecond: 1e9 };

/** A cell whose work takes `ideal` milliseconds, and which takes `ms`. */
function cell(value: number, ideal: number, ms: number[], launches = 10): MeasuredCell {
  const cost = { flops: 5e5 * ideal, bytes: 5e5 * ideal };
  return { value, ms, tokens: 100, cost, launches, deviceBytes: 1 << 20 };
}

Deno.test("a cell is marked where every round grows beyond its work and the machine is full", () => {
  assertEquals(idealMs(cell(1, 10, [1]), SPEEDS), 10);
  const first = cell(1, 10, [100, 110, 90]);
  const isMarked = (cells: MeasuredCell[]) => growthOf(cells, SPEEDS).map((of) => of?.isMarked);
  assertEquals(isMarked([first, cell(2, 20, [200, 220, 180])]), [undefined, false]);
  assertEquals(isMarked([first, cell(2, 20, [240, 260, 220])]), [undefined, true]);
  assertEquals(isMarked([first, cell(2, 20, [240, 260, 200])]), [undefined, false]); // one is not
  const empty = cell(1, 10, [100, 110, 90], 1000); // launches alone are 40 ms
  assertEquals(isMarked([empty, cell(2, 20, [400, 440, 360])]), [undefined, false]);
  const [, , slower] = growthLines("L", [first, cell(2, 20, [240, 260, 220])], SPEEDS);
  assert(slower!.endsWith("1.2 (1.18 to 1.22) SLOWER"), slower);
  const [, , notFull] = growthLines("L", [empty, cell(2, 20, [400, 440, 360])], SPEEDS);
  assert(notFull!.endsWith(" not full"), notFull);
});

Deno.test("cells are sampled in turns, as many steps as a sample takes", async () => {
  const turns: string[] = [];
  const runnable = (name: string, ms: number) => ({
    run(steps: number) {
      turns.push(`${name}${steps}`);
      return Promise.resolve(ms);
    },
  });
  const cells = [runnable("a", 10), runnable("b", 40)];
  const samples = await sampleInTurns(cells, { rounds: 2, sampleMs: 50 });
  assertEquals(turns, ["a1", "a1", "b1", "b1", "a5", "b2", "b2", "a5"]);
  assertEquals(samples, [[10, 10], [40, 40]]);
});

Deno.test("tables of doubled sizes and of batch chunks count work and memory", async () => {
  const lines: string[] = [];
  const sizes = { vocabSize: 20, nLayer: 1, dModel: 8, batchSize: 2, tgtLen: 4, memLen: 4 };
  const flags = growthSchema.parse({
    ...{ ...sizes, axes: ["V", "chunks"], doublings: 1, rounds: 1, sampleMs: 1 },
    ...{ device: "cpu", recording: false },
  });
  await measureGrowth(flags, (line) => void lines.push(line));
  const [, , titles, first, second, , chunks, whole, halves] = lines;
  assertMatch(titles!, /^ *V +tokens\/s +ms a step +GFLOP/);
  assertMatch(chunks!, /^chunks +tokens\/s/);
  const columns = (line: string) => line.trim().split(/ {2,}/);
  const flops = (line: string) => Number(columns(line)[3]);
  assertEquals([first, second, whole, halves].map((line) => columns(line!)[0]), [
    ...["20", "40", "1", "2"],
  ]);
  assert(flops(second!) > flops(first!) && flops(halves!) < 1.2 * flops(whole!), lines.join("\n"));
});

Deno.test("chunks that do not divide the batch are refused before anything is measured", async () => {
  const flags = growthSchema.parse({ doublings: 4, device: "cpu" });
  const lines: string[] = [];
  await assertRejects(
    () => measureGrowth(flags, (line) => void lines.push(line)),
    ConfigError,
    "Cannot cut --batch_size 8 into 16 equal chunks: give a multiple of 16, fewer --doublings, or " +
      "--axes without chunks",
  );
  assertEquals(lines, []);
});

Deno.test("processes on the CPU share its cores, so their work doubles with their number", async () => {
  const options = { device: "cpu", kind: "cpu", doublings: 1, rounds: 1, steps: 1 } as const;
  const [titles, one, two, ...more] = await processLines(options);
  assertMatch(titles!, /^processes +tokens\/s +ms a step +time \/ work, cell before = 1$/);
  const columns = (line: string) => line.trim().split(/ {2,}/);
  const [number, rate, ms, growth] = columns(two!);
  assertEquals([columns(one!)[0], number, more], ["1", "2", []]);
  const first = Number.parseFloat(columns(one!)[2]!.replaceAll(",", ""));
  const second = Number.parseFloat(ms!.replaceAll(",", ""));
  assertAlmostEquals(Number.parseFloat(growth!) / (second / first / 2), 1, 0.02);
  assertAlmostEquals(Number(rate!.replaceAll(",", "")) * second / 1000 / (2 * 8 * 64), 1, 0.02);
});
