/**
 * The speed of matrix products, which are most of the work of training.
 *
 * @module
 */
import { matmul } from "@transformer-xl/kernels";
import type { Device } from "@transformer-xl/runtime";

/** Rows, columns and length of the sums of a product. */
const SIZE = 512;

const WARMUP = 5;
const REPEATS = 10;

/** Floating point operations per second of the fastest of some products of [512, 512] matrices, f32. */
export async function productFlopsPerSecond(device: Device): Promise<number> {
  using plan = await device.plan("product speed", (rec) => {
    const a = rec.input("a", [SIZE, SIZE], "f32");
    const b = rec.input("b", [SIZE, SIZE], "f32");
    return { inputs: { a, b }, outputs: { c: matmul(rec, a, b) } };
  });
  const ones = new Float32Array(SIZE * SIZE).fill(1);
  let bestMs = Infinity;
  for (let run = 0; run < WARMUP + REPEATS; run++) {
    const startMs = performance.now();
    plan.run({ a: ones, b: ones });
    await device.idle();
    if (run >= WARMUP) bestMs = Math.min(bestMs, performance.now() - startMs);
  }
  return 2 * SIZE ** 3 / bestMs * 1000;
}
