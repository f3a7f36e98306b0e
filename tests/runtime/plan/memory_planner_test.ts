import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  bytesPer,
  type HostArray,
  lifetimes,
  planSlots,
  PORTABLE_LIMITS,
  Recorder,
  ReferenceDevice,
  type Tensor,
} from "@transformer-xl/runtime";
import { mixed } from "../../support/sample_ops.ts";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";

/** A recording: every step mixes two earlier values into a new one of some length. */
interface Graph {
  readonly steps: readonly { readonly a: number; readonly b: number; readonly length: number }[];
  /** Steps whose values are outputs, beside the last. */
  readonly outputs: readonly number[];
}

const graphs = fc.record({
  steps: fc.array(
    fc.record({ a: fc.nat(), b: fc.nat(), length: fc.integer({ min: 1, max: 300 }) }),
    { minLength: 1, maxLength: 40 },
  ),
  outputs: fc.array(fc.nat(), { maxLength: 3 }),
});

/** Records a graph over one input; values are addressed modulo what exists, recent ones first. */
function record(rec: Recorder, { steps, outputs }: Graph) {
  const x = rec.input("x", [5], "f32");
  const values: Tensor[] = [x];
  for (const { a, b, length } of steps) {
    // Recent values are likelier, as in a network, and some live long.
    const pick = (n: number) =>
      values[values.length - 1 - (n % Math.min(values.length, 1 + n % 7))]!;
    values.push(mixed(rec, pick(a), pick(b), length));
  }
  const kept = [values.length - 1, ...outputs.map((n) => 1 + n % steps.length)];
  return {
    inputs: { x },
    outputs: Object.fromEntries(kept.map((n) => [`v${n}`, values[n]!])),
    values,
  };
}

function plannedOf(graph: Graph) {
  const rec = new Recorder(PORTABLE_LIMITS);
  const { outputs } = record(rec, graph);
  for (const output of Object.values(outputs)) rec.keep(output);
  return { rec, spans: lifetimes(rec.commands), layout: planSlots(rec.commands, rec.buffers) };
}

Deno.test("planSlots() never shares a slot between tensors alive together", () => {
  fc.assert(fc.property(graphs, (graph) => {
    const { spans, layout: { slotOf } } = plannedOf(graph);
    const planned = [...slotOf];
    for (const [buffer, slot] of planned) {
      for (const [other, otherSlot] of planned) {
        if (buffer >= other || slot !== otherSlot) continue;
        const [[first, last], [otherFirst, otherLast]] = [spans.get(buffer)!, spans.get(other)!];
        assert(
          last < otherFirst || otherLast < first,
          `buffers ${buffer} and ${other} in slot ${slot}`,
        );
      }
    }
  }));
});

Deno.test("planSlots() gives every used temporary, and nothing else, a slot that is large enough", () => {
  fc.assert(fc.property(graphs, (graph) => {
    const { rec, spans, layout: { slotOf, slotBytes } } = plannedOf(graph);
    rec.buffers.forEach(({ kind, length, dtype }, buffer) => {
      const slot = slotOf.get(buffer);
      assertEquals(slot !== undefined, kind === "temporary" && spans.has(buffer));
      if (slot !== undefined) assert(slotBytes[slot]! >= length * bytesPer(dtype));
    });
  }));
});

Deno.test("planSlots() takes no more bytes than one buffer per temporary, and less for a chain", () => {
  fc.assert(fc.property(graphs, (graph) => {
    const { rec, layout: { slotOf, slotBytes } } = plannedOf(graph);
    const naive = [...slotOf.keys()].reduce(
      (sum, buffer) => sum + 4 * rec.buffers[buffer]!.length,
      0,
    );
    assert(slotBytes.reduce((sum, bytes) => sum + bytes, 0) <= naive);
  }));
  const chain = {
    steps: Array.from({ length: 9 }, () => ({ a: 0, b: 0, length: 64 })),
    outputs: [],
  };
  assertEquals(plannedOf(chain).layout.slotBytes, [256, 256], "a chain needs two slots");
});

Deno.test("planSlots() takes the smallest free slot, of a hundred too", () => {
  const rec = new Recorder(PORTABLE_LIMITS);
  const values: Tensor[] = [rec.input("x", [5], "f32")];
  for (let n = 0; n < 200; n++) { // each value is read again 100 steps later
    const oldest = values.at(-100) ?? values[0]!;
    values.push(mixed(rec, values.at(-1)!, oldest, 1 + n * 37 % 200));
  }
  const spans = lifetimes(rec.commands);
  const { slotOf, slotBytes } = planSlots(rec.commands, rec.buffers);
  const placed: number[] = [];
  for (const [buffer, slot] of slotOf) { // largest first
    const [first, last] = spans.get(buffer)!;
    const isFree = (other: number) =>
      !placed.some((there) =>
        slotOf.get(there) === other && spans.get(there)![0] <= last && first <= spans.get(there)![1]
      );
    const known = 1 + Math.max(-1, ...placed.map((there) => slotOf.get(there)!));
    const free = Array.from({ length: known }, (_, n) => n).findLast(isFree);
    assertEquals(slot, free ?? known);
    placed.push(buffer);
  }
  assert(slotBytes.length > 96 && slotBytes.length < 110);
});

Deno.test("planSlots() keeps inputs, outputs, constants and states out of slots", () => {
  using device = new ReferenceDevice({ precision: "f64" });
  using state = device.state("state", [8]);
  const rec = new Recorder(PORTABLE_LIMITS);
  const input = rec.input("input", [8], "f32");
  const constant = rec.constant("constant", [8], "f32", new Float32Array(8));
  const temporary = mixed(rec, input, constant, 8);
  const output = mixed(rec, temporary, state, 8);
  rec.keep(output);
  const { slotOf } = planSlots(rec.commands, rec.buffers);
  assertEquals([...slotOf.keys()], [rec.buffers.findIndex(({ kind }) => kind === "temporary")]);
  assertEquals(rec.buffers.map(({ kind }) => kind), ["input", "constant", "temporary", "output"]);
});

Deno.test("planSlots() gives a temporary that no command touches no memory", () => {
  const rec = new Recorder(PORTABLE_LIMITS);
  rec.temporary([1000], "f32", "unused");
  assertEquals(planSlots(rec.commands, rec.buffers), { slotOf: new Map(), slotBytes: [] });
});

/** The graph in plain arrays, nothing shared. */
function evaluate(graph: Graph, x: Float32Array): Map<string, Float64Array> {
  const rec = new Recorder(PORTABLE_LIMITS);
  const { outputs, values } = record(rec, graph);
  const arrays = new Map<Tensor, Float64Array>([[values[0]!, Float64Array.from(x)]]);
  for (const command of rec.commands) {
    if (command.kind !== "launch") continue;
    const a = arrays.get(command.operands["a"]!)!;
    const b = arrays.get(command.operands["b"]!)!;
    const c = command.operands["c"]!;
    const mix = Float64Array.from(
      { length: c.size },
      (_, i) => a[i % a.length]! + 2 * b[i % b.length]!,
    );
    arrays.set(c, mix);
  }
  return new Map(Object.entries(outputs).map(([name, tensor]) => [name, arrays.get(tensor)!]));
}

Deno.test("temporaries in planned slots hold what separate arrays would", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      await assertRuns(device, graph, 0);
    }),
    { numRuns: 60 },
  );
  assertEquals(device.liveBytes, 0);
});

gpuTest("the adapter keeps planned temporaries apart too", async () => {
  const gpu = await openTestGpu();
  const before = gpu.liveBytes;
  await fc.assert(
    fc.asyncProperty(graphs, (graph) => assertRuns(gpu, graph, 1e-4)),
    { numRuns: 12, seed: 7 },
  );
  assertEquals(gpu.liveBytes, before);
});

async function assertRuns(
  device: ReferenceDevice | Awaited<ReturnType<typeof openTestGpu>>,
  graph: Graph,
  tolerance: number,
): Promise<void> {
  const x = Float32Array.of(1, -2, 3, 0.5, 4);
  using plan = await device.plan("graph", (rec) => record(rec, graph));
  plan.run({ x });
  const got: Record<string, HostArray> = await plan.read(...plan.outputNames);
  for (const [name, want] of evaluate(graph, x)) {
    want.forEach((value, i) => {
      assert(Math.abs(got[name]![i]! - value) <= tolerance * Math.abs(value), `${name}[${i}]`);
    });
  }
}
