/**
 * Tests of vector code in threads.
 *
 * @module
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import { type Dropout, dropout, layerNorm, sumRows } from "@transformer-xl/kernels";
import {
  CpuDevice,
  cpuThreads,
  type Device,
  type HostArray,
  ONE_THREAD,
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
