/**
 * Tests of matrix products as vector code, against the loops of the same plan.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { launchMatmul, type MatmulForm, tilePlanFor } from "@transformer-xl/kernels";
import {
  CpuDevice,
  cpuThreads,
  type Device,
  type HostArray,
  ONE_THREAD,
  PORTABLE_LIMITS,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import { assertClose, largest } from "../../support/compare.ts";
import { noise } from "../tiles/raw_products.ts";

const FORMS: readonly MatmulForm[] = ["NN", "NT", "TN"];

/** One product; batches interleave their rows, which have a gap behind them. */
interface Problem {
  readonly form: MatmulForm;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly batches?: readonly [outer: number, inner: number];
  readonly gap?: number;
  readonly bias?: boolean;
  readonly relu?: boolean;
  readonly accumulate?: boolean;
  readonly gate?: boolean;
  readonly alpha?: number;
  readonly parts?: number;
}

async function product(device: Device, problem: Problem, runs = 1): Promise<HostArray[]> {
  const { form, M, N, K, batches: [outer, inner] = [1, 1], gap = 0, parts = 1 } = problem;
  const { bias = false, relu = false, accumulate = false, gate = false, alpha = 1 } = problem;
  const [aRows, aColumns] = form === "TN" ? [K, M] : [M, K];
  const [bRows, bColumns] = form === "NT" ? [N, K] : [K, N];
  const stride = (columns: number) => outer * inner * columns + gap;
  const strides = (columns: number) => [inner * columns, columns] as const;
  const size = (rows: number, columns: number) => gap + rows * stride(columns);
  const epilogue = { bias, relu, accumulate, gate };
  const chosen = tilePlanFor({
    ...{ form, M, N, K, batches: outer * inner, epilogue },
    ...{ adapterClass: "cpu", subgroups: false },
  });
  const plan = parts > 1
    ? { ...chosen, splitK: parts, epilogue: { bias: false, relu: false, accumulate: false } }
    : chosen;
  using recorded = await device.plan("product", (rec) => {
    const a = rec.input("a", [size(aRows, aColumns)], "f32");
    const b = rec.input("b", [size(bRows, bColumns)], "f32");
    const c = rec.input("c", [size(M, N)], "f32");
    const biases = rec.input("bias", [N], "f32");
    const gates = rec.input("gate", [size(M, N)], "f32");
    launchMatmul(rec, {
      ...{ form, a, b, c, M, N, K, alpha, relu, accumulate, plan },
      ...{ lda: stride(aColumns), ldb: stride(bColumns), ldc: stride(N) },
      ...{ aOffset: gap, bOffset: gap, cOffset: gap },
      ...(outer * inner > 1 &&
        { batch: { outer, inner, a: strides(aColumns), b: strides(bColumns), c: strides(N) } }),
      ...(bias && { bias: biases }),
      ...(gate && { gate: gates }),
    });
    return { inputs: { a, b, c, bias: biases, gate: gates }, outputs: { c } };
  });
  const values = {
    a: noise(size(aRows, aColumns), 1),
    b: noise(size(bRows, bColumns), 2),
    c: noise(size(M, N), 3),
    bias: noise(N, 4),
    gate: noise(size(M, N), 5),
  };
  const results: HostArray[] = [];
  for (let run = 0; run < runs; run++) {
    recorded.run(values);
    results.push((await recorded.read("c")).c);
  }
  return results;
}

/** Numbers outside of the product must be as they were, which the loops leave too. */
async function assertProduct(problem: Problem): Promise<void> {
  using reference = new ReferenceDevice({ precision: "f64" });
  using device = new CpuDevice(ONE_THREAD);
  const [want] = await product(reference, problem);
  const [got] = await product(device, problem);
  const tolerance = 8 * 2 ** -24 * Math.sqrt(problem.K + 1) * Math.max(1, largest(want!));
  assertClose(got!, want!, tolerance, JSON.stringify(problem));
}

Deno.test("products equal the loops at sizes that fit no tile, block or range of k", async () => {
  const sizes = [[1, 1, 1], [5, 7, 3], [4, 8, 4], [3, 130, 33], [259, 9, 6], [
    33,
    65,
    259,
  ]] as const;
  for (const form of FORMS) {
    for (const [M, N, K] of sizes) await assertProduct({ form, M, N, K });
  }
});

Deno.test("a row of a product has the same bits among few rows as among many", async () => {
  using device = new CpuDevice(ONE_THREAD);
  const bits = (values: HostArray) => new Uint32Array(Float32Array.from(values).buffer);
  for (const form of ["NN", "NT"] as const) {
    for (const [N, K] of [[1, 1], [5, 3], [32, 64], [70, 2], [67, 259], [130, 514]] as const) {
      for (const gap of [0, 3]) {
        const sizes = { form, N, K, gap, bias: true, relu: true };
        const [many] = await product(device, { ...sizes, M: 9 });
        for (const M of [1, 2, 3]) {
          const [few] = await product(device, { ...sizes, M });
          const rows = gap + M * (N + gap); // what lies behind the rows was there before
          const name = JSON.stringify({ ...sizes, M });
          assertEquals(bits(few!.slice(0, rows)), bits(many!.slice(0, rows)), name);
          await assertProduct({ ...sizes, M });
        }
      }
    }
  }
});

Deno.test("products of batches with gaps equal the loops and leave the gaps alone", async () => {
  for (const form of FORMS) {
    for (const gap of [0, 3]) {
      const sizes = { form, N: 13, K: 5, batches: [2, 3], gap, accumulate: gap > 0 } as const;
      for (const M of [1, 2, 3, 7]) await assertProduct({ ...sizes, M });
    }
  }
});

Deno.test("every step of an epilogue equals the loops", async () => {
  for (const form of FORMS) {
    for (const M of [2, 9]) {
      const sizes = { form, M, N: 22, K: 21, gap: 2, alpha: 0.5 } as const;
      await assertProduct({ ...sizes, bias: true });
      await assertProduct({ ...sizes, bias: true, accumulate: true, relu: true });
      await assertProduct({ ...sizes, gate: true });
    }
  }
});

Deno.test("sums in parts equal the loops, empty parts included", async () => {
  for (const form of FORMS) {
    for (const parts of [2, 4]) await assertProduct({ form, M: 6, N: 10, K: 5, parts });
    for (const M of [1, 6]) {
      await assertProduct({ form, M, N: 10, K: 70, parts: 4, accumulate: true });
    }
  }
});

Deno.test("a product without steps is its epilogue, one without rows or columns is nothing", async () => {
  using device = new CpuDevice(ONE_THREAD);
  for (const form of FORMS) {
    const [c] = await product(device, { form, M: 3, N: 5, K: 0, bias: true });
    assertEquals([...c!], [...noise(5, 4), ...noise(5, 4), ...noise(5, 4)]);
    assertEquals((await product(device, { form, M: 0, N: 5, K: 2 }))[0]!.length, 0);
    assertEquals((await product(device, { form, M: 3, N: 0, K: 2 }))[0]!.length, 0);
  }
});

Deno.test("non-finite numbers reach the sums they belong to and no others", async () => {
  using device = new CpuDevice(ONE_THREAD);
  using plan = await device.plan("product", (rec) => {
    const a = rec.input("a", [5, 3], "f32");
    const b = rec.input("b", [3, 9], "f32");
    const c = rec.temporary([5, 9], "f32", "c");
    launchMatmul(rec, { form: "NN", a, b, c, M: 5, N: 9, K: 3 });
    return { inputs: { a, b }, outputs: { c } };
  });
  const a = noise(15, 1);
  a[14] = NaN; // last row
  plan.run({ a, b: noise(27, 2) });
  const { c } = await plan.read("c");
  c.forEach((value, i) => assertEquals(Number.isNaN(value), i >= 36));
});

Deno.test("products are bit-equal in every run and for any number of threads", async () => {
  using alone = new CpuDevice(ONE_THREAD);
  using threads = new CpuDevice(cpuThreads(3));
  for (const [M, N, K] of [[140, 200, 270], [2, 5000, 510]] as const) {
    assert(2 * M * N * K > 1e7, "enough work for threads");
    const problem: Problem = { form: "NT", M, N, K, bias: true };
    const [want] = await product(alone, problem);
    for (const got of await product(threads, problem, 40)) assertEquals(got, want);
  }
  assertEquals(alone.limits.adapterClass, PORTABLE_LIMITS.adapterClass);
});
