import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  coarseCandidates,
  neighbours,
  plainProduct,
  planKey,
  shapesOf,
  suggestedTiles,
  sweepLines,
  sweepProduct,
  type SweepResult,
  tableLines,
} from "@transformer-xl/bench";
import {
  type MatmulProblem,
  type TilePlan,
  tilePlanFor,
  tileResources,
} from "@transformer-xl/kernels";
import { chooseAdapter, ConfigError, GpuDevice } from "@transformer-xl/runtime";
import { testGpu } from "../support/test_gpu.ts";

const choice = await chooseAdapter(testGpu);

const problem: MatmulProblem = {
  form: "TN",
  M: 512,
  N: 512,
  K: 6144,
  batches: 1,
  adapterClass: "nvidia",
  subgroups: true,
  epilogue: { bias: false, relu: false, accumulate: true },
  aligned: true,
  fixedK: true,
};

/** What every WebGPU has. */
const portable = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16_384,
  maxStorageBufferBindingSize: 128 * 2 ** 20,
};

function allCandidates(of: MatmulProblem, limits = portable): TilePlan[] {
  const coarse = coarseCandidates(of, tilePlanFor(of), limits);
  return [...coarse, ...coarse.flatMap((plan) => neighbours(of, plan, limits))];
}

Deno.test("every candidate is one the generator writes, within the limits of the adapter", () => {
  const roomy = { ...portable, maxComputeInvocationsPerWorkgroup: 1024 };
  const generous = {
    ...roomy,
    maxComputeWorkgroupSizeX: 1024,
    maxComputeWorkgroupStorageSize: 49_152,
  };
  const count = (of: MatmulProblem, limits = portable) => {
    const plans = allCandidates(of, limits);
    for (const plan of plans) {
      const { workgroupSize, workgroupBytes } = tileResources(plan); // throws unless it divides
      assert(workgroupSize <= limits.maxComputeInvocationsPerWorkgroup);
      assert(workgroupSize <= limits.maxComputeWorkgroupSizeX);
      assert(workgroupBytes <= limits.maxComputeWorkgroupStorageSize);
    }
    return new Set(plans.map(planKey)).size;
  };
  for (const form of ["NN", "NT", "TN"] as const) {
    assert(count({ ...problem, form }) > 50);
    assert(count({ ...problem, form, aligned: false }) > 20);
    assertEquals(
      count({ ...problem, form }, roomy),
      count({ ...problem, form }),
      "x binds as well",
    );
    assert(count({ ...problem, form }, generous) > count({ ...problem, form }));
    assert(count({ ...problem, form, adapterClass: "cpu" }) >= 8);
    assert(count({ ...problem, form, adapterClass: "cpu", subgroups: false }) >= 8);
  }
});

Deno.test("tiles of matrix units are tried where a product has them", () => {
  const matrixUnits = { M: 16, N: 16, K: 16, lanes: 32 };
  const roomy = { ...portable, maxComputeWorkgroupStorageSize: 32_768 };
  const of = { ...problem, K: 512, matrixUnits };
  const coarse = coarseCandidates(of, tilePlanFor(of), roomy);
  const tiles = coarse.filter(({ stage }) => stage === "matrix");
  assert(tiles.length > 12 && tiles.length < coarse.length, `${tiles.length} of ${coarse.length}`);
  for (const plan of tiles) assert(tileResources(plan).workgroupBytes <= 32_768);
  const near = neighbours(of, tiles.at(-1)!, roomy);
  assertEquals(new Set(near.map(({ tileK }) => tileK)), new Set([16, 32, 64]));
});

Deno.test("sums are cut into parts only where a launch may be, and into parts that fit", () => {
  const parts = (of: MatmulProblem, limits = portable) =>
    new Set(allCandidates(of, limits).map(({ splitK }) => splitK));
  assertEquals(parts(problem), new Set([1, 2, 4, 8, 16]));
  assertEquals(parts({ ...problem, K: 512 }), new Set([1, 2, 4]));
  assertEquals(parts({ ...problem, batches: 8 }), new Set([1]));
  const biased = { bias: true, relu: true, accumulate: false };
  assertEquals(parts({ ...problem, form: "NT", epilogue: biased }), new Set([1]));
  const small = { ...portable, maxStorageBufferBindingSize: 4 * 2 * 512 * 512 };
  assertEquals(parts(problem, small).has(4), false);
  assert(
    allCandidates(problem).every(({ splitK, epilogue }) => epilogue.accumulate === (splitK === 1)),
    "a plan in parts leaves the epilogue to the reduction",
  );
});

Deno.test("--shapes is a preset or a list of sizes", () => {
  assertEquals(shapesOf("base"), { preset: "wt103-base" });
  assertEquals(shapesOf("1,2,3,NT; 4,5,6,TN"), {
    sizes: [{ form: "NT", M: 1, N: 2, K: 3 }, { form: "TN", M: 4, N: 5, K: 6 }],
  });
  for (const wrong of ["", "1,2,3", "1,2,3,TT", "0,2,3,NN"]) {
    assertThrows(() => shapesOf(wrong), ConfigError, "Cannot parse --shapes");
  }
});

Deno.test("the suggested tiles are the few that serve all products, with rates below the best", () => {
  const table = tilePlanFor(problem);
  const plan = (tileM: number, tileN: number): TilePlan => ({ ...table, tileM, tileN });
  const result = (perStep: number, ms: readonly [number, number, number]): SweepResult => {
    const plans = [plan(128, 128), plan(64, 64), plan(32, 32)];
    const tried = plans.map((plan, i) => ({ plan, medianMs: ms[i]!, gflops: 1000 / ms[i]! }));
    const product = { ...plainProduct(problem, "f32"), perStep };
    return { product, best: tried[0]!, table: tried[0]!, tried, rejected: [], left: 0 };
  };
  const tiles = suggestedTiles([result(10, [1, 2, 3]), result(10, [8, 4, 5])]);
  assertEquals(tiles.map(({ tileM, rate }) => [tileM, rate]), [[128, 1], [64, 0.5]]);
  assertEquals(tableLines("nvidia", "vectors", tiles), [
    "  nvidia, vectors: [",
    "    warps(128, 128, 16, 1.00),",
    "    warps(64, 64, 16, 0.50),",
    "  ],",
  ]);
  const scalar = tiles.map((tile) => ({ ...tile, stage: "workgroup" } as const));
  assertEquals(
    tableLines("amd", "scalars", scalar)[1],
    "    staged([128, 128, 16], [8, 8], 1.00),",
  );
  const units = tiles.map((tile) => ({ ...tile, stage: "matrix" } as const));
  assertEquals(tableLines("nvidia", "matrix", units), [
    "  nvidia, matrix: [",
    "    [[128, 128, 16], [8, 8], 1.00],",
    "    [[64, 64, 16], [8, 8], 0.50],",
    "  ],",
  ]);
});

Deno.test({
  name: "a sweep finds plans equal in result and prints a ratio; another product is rejected",
  ignore: choice === undefined,
  async fn() {
    using device = await GpuDevice.open({ ...choice!, adapterClass: "unknown" });
    const product = plainProduct({ form: "NT", M: 40, N: 40, K: 300 }, "f32");
    const table = tilePlanFor({ ...problem, ...product.layout, adapterClass: "unknown" });
    const unlike = { ...table, tileM: 32, tileN: 64, tileK: 8, splitK: 2 };
    const result = await sweepProduct(device, product, {
      limits: device.gpu.limits,
      budgetMs: 60_000,
      candidates: [
        { ...unlike, epilogue: { bias: false, relu: false, accumulate: false } },
        { ...unlike, splitK: 1, form: "NN", tileM: 64 }, // reads b as another matrix
      ],
    });
    assertEquals(result.tried.length, 2, JSON.stringify(result.rejected));
    assertEquals(result.rejected.length, 1);
    assertStringIncludes(result.rejected[0]!.why, "its result differs by");
    assert(result.best.gflops >= result.table.gflops);
    assertStringIncludes(sweepLines(result)[0]!, "NT 40x40x300: ");
    assert(/: \d+\.\d\dx$/.test(sweepLines(result)[0]!));
  },
});
