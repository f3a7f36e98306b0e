/**
 * The error of packed sums of halves. `TXL_PACKED_STEPS=32` measures the turns of the table, whose
 * kernel a software driver compiles for half a minute.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { launchMatmul, type TilePlan, tilePlanFor } from "@transformer-xl/kernels";
import { type GpuDevice, rangeOf } from "@transformer-xl/runtime";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";
import { noise } from "./raw_products.ts";

const [M, N, K] = [32, 64, 256];
const STEPS = Number(Deno.env.get("TXL_PACKED_STEPS") ?? 4);

const PACKED: TilePlan = {
  form: "NN",
  stage: "warp",
  tileM: 32,
  tileN: 64,
  tileK: STEPS,
  microM: 8,
  microN: 8,
  vec4: true,
  wholeTurns: true,
  packedSums: true,
  splitK: 1,
  epilogue: { bias: false, accumulate: false, relu: false },
};

/** Largest and root mean square error of a product of halves, relative to its root mean square. */
async function errorsOf(device: GpuDevice): Promise<readonly [largest: number, mean: number]> {
  const halves = (length: number, seed: number) => new Float16Array(noise(length, seed));
  const [a, b] = [halves(M * K, 1), halves(K * N, 2)];
  using left = device.state("a", [M, K], "f16");
  using right = device.state("b", [K, N], "f16");
  for (const [tensor, values] of [[left, a], [right, b]] as const) {
    const { storage, offset } = rangeOf(tensor);
    device.write(storage, offset, Float32Array.from(values));
  }
  using plan = await device.plan("product", (rec) => {
    const c = rec.temporary([M, N], "f32", "c");
    launchMatmul(rec, { form: "NN", a: left, b: right, c, M, N, K, plan: PACKED });
    return { inputs: {}, outputs: { c } };
  });
  plan.run({});
  const { c } = await plan.read("c");
  let [largest, squares, size] = [0, 0, 0];
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let want = 0;
      for (let k = 0; k < K; k++) want += a[m * K + k]! * b[k * N + n]!;
      const off = Math.abs(c[m * N + n]! - want);
      largest = Math.max(largest, off);
      squares += off * off;
      size += want * want;
    }
  }
  const scale = Math.sqrt(size / (M * N));
  return [largest / scale, Math.sqrt(squares / size)];
}

gpuTest("packed sums of halves err by a few roundings of a half", async () => {
  using device = await openTestGpu();
  if (!device.info.features.includes("shader-f16")) return;
  const [largest, mean] = await errorsOf(device);
  if (Deno.env.has("TXL_PACKED_STEPS")) {
    console.log(`${STEPS} steps: largest ${largest}, mean ${mean}`);
  }
  const walk = Math.sqrt(STEPS) * 2 ** -11; // roundings of a half, in either direction
  assert(mean < walk / 2 && largest < 2 * walk, `largest ${largest}, mean ${mean}`);
  assert(mean > walk / 32, "sums in float32 would err less");
});

Deno.test("products of halves alone have packed sums, where they are chosen and tiles are warps'", () => {
  const plan = (
    packedSums: boolean,
    adapterClass: "nvidia" | "unknown" | "cpu",
    aligned = true,
  ) => {
    const { packedSums: packs = false, tileK } = tilePlanFor({
      form: "NT",
      M: 6144,
      N: 512,
      K: 512,
      batches: 1,
      adapterClass,
      subgroups: true,
      epilogue: PACKED.epilogue,
      aligned,
      fixedK: true,
      packedSums,
    });
    return [packs, tileK];
  };
  assertEquals(plan(true, "nvidia"), [true, 32]);
  assertEquals(plan(false, "nvidia"), [false, 16]);
  assertEquals(plan(true, "nvidia", false), [false, 16]);
  for (const adapterClass of ["unknown", "cpu"] as const) {
    assertEquals(plan(true, adapterClass)[0], false);
  }
});
