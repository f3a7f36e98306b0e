/**
 * Dropout masks: equal bits on host and adapter, and the dependence on seed, step, stream and site.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { dropout } from "@transformer-xl/kernels";
import {
  CpuDevice,
  type Device,
  ONE_THREAD,
  philox4x32,
  PORTABLE_LIMITS,
  Recorder,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

interface Numbers {
  readonly seed: number;
  readonly step: number;
  readonly stream: number;
  readonly site: number;
}

/** Which of `count` elements a dropout keeps on `device`. */
async function keptOn(
  device: Device,
  count: number,
  rate: number,
  { site, ...numbers }: Numbers,
): Promise<boolean[]> {
  using plan = await device.plan("mask", (rec) => {
    const x = rec.input("x", [count], "f32");
    const [seed, step, stream] = [rec.scalar("seed"), rec.scalar("step"), rec.scalar("stream")];
    const y = dropout(rec, x, { rate, mask: { kind: "philox", seed, step, stream, site } });
    return { inputs: { x, seed, step, stream }, outputs: { y } };
  });
  plan.run({ x: new Float32Array(count).fill(1), ...numbers });
  return Array.from((await plan.read("y")).y!, (y) => y !== 0);
}

const NUMBERS: Numbers = { seed: 1111, step: 12, stream: 5, site: 3 };

/** Which elements the host's generator keeps. */
function keptByHost(count: number, rate: number, numbers: Numbers): boolean[] {
  const { seed, step, stream, site } = numbers;
  return Array.from({ length: count }, (_, e) => {
    const word = philox4x32([e >> 3, step, stream, 0], [seed, site])[(e & 7) >> 1]!;
    return ((e & 1 ? word >>> 16 : word & 0xffff) >= Math.round(65536 * rate));
  });
}

const LARGE: Numbers = { seed: 2 ** 32 - 1, step: 2 ** 31, stream: 2 ** 31 + 1, site: 50 };

gpuTest("a dropout mask on the adapter equals philox4x32 on the host bit for bit", async () => {
  const count = 100_003;
  for (const numbers of [NUMBERS, LARGE]) {
    const got = await keptOn(await openTestGpu(), count, 0.1, numbers);
    assertEquals(got, keptByHost(count, 0.1, numbers));
  }
});

Deno.test("a dropout mask in vector code equals philox4x32 on the host bit for bit", async () => {
  using device = new CpuDevice(ONE_THREAD);
  for (const numbers of [NUMBERS, LARGE]) {
    for (const [count, rate] of [[10_003, 0.1], [4129, 1e-6], [5, 0.6], [31, 1 - 1e-6]] as const) {
      assertEquals(await keptOn(device, count, rate, numbers), keptByHost(count, rate, numbers));
    }
  }
});

Deno.test("a dropout keeps 1 - rate of the elements, whatever the seed, step, stream and site", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  const count = 40_000;
  const first = await keptOn(device, count, 0.2, NUMBERS);
  const others = [{ seed: 1112 }, { step: 13 }, { stream: 6 }, { site: 4 }];
  for (const change of [{}, ...others]) {
    const kept = await keptOn(device, count, 0.2, { ...NUMBERS, ...change });
    const share = kept.filter(Boolean).length / count;
    // Five standard deviations of a binomial share.
    assert(Math.abs(share - 0.8) < 5 * Math.sqrt(0.2 * 0.8 / count), `kept ${share}`);
    if (Object.keys(change).length === 0) assertEquals(kept, first);
    else assertNotEquals(kept, first);
  }
});

Deno.test("dropout at rate zero records nothing, and a rate of one is refused", () => {
  const rec = new Recorder(PORTABLE_LIMITS);
  const x = rec.input("x", [8], "f32");
  const keep = rec.input("keep", [8], "u32");
  assert(dropout(rec, x, { rate: 0, mask: { kind: "given", keep } }) === x);
  assertEquals([rec.commands.length, rec.nodes.length], [0, 0]);
  assertThrows(
    () => dropout(rec, x, { rate: 1, mask: { kind: "given", keep } }),
    RangeError,
    "rate is 1",
  );
});
