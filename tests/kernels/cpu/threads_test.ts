/**
 * Tests of vector code in threads.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { type Dropout, dropout, layerNorm, sumRows } from "@transformer-xl/kernels";
import {
  CpuDevice,
  cpuThreads,
  type Device,
  type HostArray,
  ONE_THREAD,
  rangeOf,
} from "@transformer-xl/runtime";
import { noise } from "../tiles/raw_products.ts";

const [R, D] = [700, 1032];

/** Sums over the rows of layer norm behind dropouts, in every run. */
async function sumsOn(device: Device, runs: number): Promise<HostArray[]> {
  using plan = await device.plan("rows", (rec) => {
    const x = rec.input("x", [R, D], "f32");
    const gain = rec.input("gain", [D], "f32");
    const [seed, step, stream] = [rec.scalar("seed"), rec.scalar("step"), rec.scalar("stream")];
    const drop = (site: number): Dropout => ({
      rate: 0.2,
      mask: { kind: "philox", seed, step, stream, site },
    });
    const y = layerNorm(rec, dropout(rec, x, drop(1)), gain, gain, {
      residual: x,
      dropout: drop(2),
    });
    const outputs = { sums: sumRows(rec, y) };
    return { inputs: { x, gain, seed, step, stream }, outputs };
  });
  const inputs = { x: noise(R * D, 1), gain: noise(D, 2), seed: 1, step: 2, stream: 3 };
  const results: HostArray[] = [];
  for (let run = 0; run < runs; run++) {
    plan.run(inputs);
    results.push((await plan.read("sums")).sums);
  }
  return results;
}

Deno.test("sums and masks of rows are bit-equal in every run and for any number of threads", async () => {
  using alone = new CpuDevice(ONE_THREAD);
  using threads = new CpuDevice(cpuThreads(3));
  const [want] = await sumsOn(alone, 1);
  assertNotEquals(want!.filter((sum) => sum !== 0).length, 0);
  for (const got of await sumsOn(threads, 4)) assertEquals(got, want);
});

Deno.test("a mask that exceeds a thread's own memory touches nothing else", async () => {
  using device = new CpuDevice(ONE_THREAD);
  const D = 270_000;
  using other = device.state("other", [D]);
  using plan = await device.plan("wide", (rec) => {
    const x = rec.input("x", [1, D], "f32");
    const [seed, step, stream] = [rec.scalar("seed"), rec.scalar("step"), rec.scalar("stream")];
    const mask = { kind: "philox", seed, step, stream, site: 1 } as const;
    const ones = rec.constant("ones", [D], "f32", new Float32Array(D).fill(1));
    const y = layerNorm(rec, x, ones, ones, { residual: x, dropout: { rate: 0.5, mask } });
    return { inputs: { x, seed, step, stream }, outputs: { y } };
  });
  plan.run({ x: noise(D, 1), seed: 1, step: 2, stream: 3 });
  const { y } = await plan.read("y");
  const mean = Float64Array.from(y).reduce((sum, value) => sum + value, 0) / D;
  assertAlmostEquals(mean, 1, 1e-4);
  const [untouched] = await device.read([rangeOf(other)]);
  assertEquals(untouched!.findIndex((value) => value !== 0), -1);
});
