/**
 * Launches with more workgroups than an adapter dispatches along one dimension. Ops run with a
 * limit of a few workgroups until every kernel was folded.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { CATALOGUE, type OpCase, type OpCases, recordRow } from "@transformer-xl/kernels/cases";
import {
  type AdapterClass,
  chooseAdapter,
  type Device,
  GpuDevice,
  kernel,
  PORTABLE_LIMITS,
  ReferenceDevice,
  ShaderError,
} from "@transformer-xl/runtime";
import { footprint, modelOf } from "@transformer-xl/train";
import { checkKernel } from "../../support/check_kernel.ts";
import { smallConfig } from "../../support/small_run.ts";
import { gpuTest } from "../../support/test_gpu.ts";

/** Opens an adapter whose limit is set by {@link narrow}. */
async function open(adapterClass: AdapterClass): Promise<GpuDevice> {
  return await GpuDevice.open({ ...(await chooseAdapter(navigator.gpu))!, adapterClass });
}

/** Lets a device dispatch at most `maxWorkgroups` along each dimension. */
function narrow<D extends Device>(device: D, maxWorkgroups: number): D {
  return Object.defineProperty(device, "limits", {
    value: { ...device.limits, maxWorkgroups },
    configurable: true,
  });
}

/**
 * Sets the narrowest limit that holds the launches of a row.
 *
 * @returns the kernels that are then folded; undefined when every launch is a single workgroup
 */
async function narrowFor(
  device: GpuDevice,
  cases: OpCases,
  row: OpCase,
): Promise<readonly string[] | undefined> {
  for (const limit of [1, 2, 3, 5, 9]) {
    try {
      // Recording needs no adapter: a reference device records the same launches.
      using reference = new ReferenceDevice({ precision: "f32", limits: device.limits });
      using recorded = await recordRow(narrow(reference, limit), cases, row);
      if (limit === 1) return undefined;
      narrow(device, limit);
      return [...`${recorded.plan}`.matchAll(/(\w+)_folded /g)].map(([, name]) => name!);
    } catch (error) {
      if (!(error instanceof ShaderError)) throw error; // three dimensions of this limit are too few
    }
  }
  throw new RangeError(`Cannot fold "${row.name}" of ${cases.op}: it has too many workgroups`);
}

/** Kernels that only the recorder folds: they know nothing of a limit. */
const FOLDED = [
  "bias_gradient",
  "layer_norm_gain",
  "matmul_NN_8x16",
  "matmul_NT_8x16",
  "matmul_TN_8x16",
  "matmul_reduce",
  "softmax_row",
  "sum",
  "sum_rows",
];

Deno.test("every op equals its reference where an adapter dispatches only a few workgroups", async (test) => {
  using gpu = await open("cpu");
  const folded = new Set<string>();
  for (const cases of CATALOGUE) {
    for (const row of cases.rows.filter(({ bench }) => !bench)) {
      const names = await narrowFor(gpu, cases, row);
      if (names === undefined || names.every((name) => folded.has(name))) continue;
      names.forEach((name) => folded.add(name));
      await test.step(`${cases.op}: ${row.name}`, () => checkKernel(gpu, cases, row));
    }
  }
  assertEquals(FOLDED.filter((name) => !folded.has(name)), [], "kernels that were never folded");
});

/** The sums have many parts, and the derivatives many tiles. */
Deno.test("products as cut for a GPU equal their reference when they are folded", async () => {
  using gpu = await open("unknown");
  const matmul = CATALOGUE.find(({ op }) => op === "matmul")!;
  const row = matmul.rows.find(({ name }) => name === "TN sums cut into parts")!;
  assert((await narrowFor(gpu, matmul, row))!.length > 0);
  await checkKernel(gpu, matmul, row);
});

Deno.test("a folded kernel sees the grid, the threads and the scalars of its launch", async () => {
  const grid = kernel(
    "grid",
    `
    // fn main( in a comment is not the entry point
    struct Scalars { width: u32, }
    @group(0) @binding(0) var<storage, read_write> seen: array<u32>;
    @group(0) @binding(3) var<uniform> scalars: Scalars;
    @compute @workgroup_size(2, 3) fn main(
      @builtin(global_invocation_id) id: vec3u,
      @builtin(num_workgroups) groups: vec3u,
      @builtin(local_invocation_id) at: vec3u,
    ) {
      seen[(id.z * groups.y * 3u + id.y) * scalars.width + id.x] =
        1u + id.x + 100u * id.y + 10000u * id.z + 1000000u * (at.x + 2u * at.y);
    }`,
    () => {},
  );
  const bare = kernel(
    "bare",
    `@group(0) @binding(0) var<storage, read_write> seen: array<u32>;
    @compute @workgroup_size(1) fn main(@builtin(workgroup_id) group: vec3<u32>) {
      seen[group.x] = group.x + 1u;
    }`,
    () => {},
  );
  using gpu = narrow(await open("cpu"), 4);
  using seen = gpu.state("seen", [10 * 3 * 5 * 2], "u32");
  using line = gpu.state("line", [60], "u32");
  using plan = await gpu.plan("grid", (rec) => {
    const groups = rec.scalar("groups");
    rec.launch({
      kernel: grid,
      operands: { seen },
      scalars: { width: 10 },
      workgroups: [{ scalar: groups, per: 2, capacity: 10 }, 5, 2],
    });
    rec.launch({ kernel: bare, operands: { seen: line }, workgroups: [60] });
    return { inputs: { groups }, outputs: { seen, line } };
  });
  for (const groups of [7, 0, 10]) { // 4 workgroups along x, none, 5
    if (seen.range.kind === "storage") gpu.write(seen.range.storage, 0, new Uint32Array(300));
    plan.run({ groups });
    const got = (await plan.read("seen")).seen;
    const want = Array.from({ length: 300 }, (_, i) => {
      const [x, y, z] = [i % 10, Math.floor(i / 10) % 15, Math.floor(i / 150)];
      const thread = x % 2 + 2 * (y % 3);
      return x < 2 * Math.ceil(groups / 2) ? 1 + x + 100 * y + 10_000 * z + 1_000_000 * thread : 0;
    });
    assertEquals([...got], want);
  }
  assertEquals([...(await plan.read("line")).line], Array.from({ length: 60 }, (_, i) => i + 1));
});

gpuTest("more workgroups than WebGPU's own limit along x run on the adapter as it is", async () => {
  const mark = kernel(
    "mark",
    `@group(0) @binding(0) var<storage, read_write> seen: array<u32>;
    @compute @workgroup_size(1) fn main(@builtin(workgroup_id) group: vec3<u32>) {
      seen[group.x] = group.x + 1u;
    }`,
    () => {},
  );
  using gpu = await GpuDevice.open();
  const count = gpu.limits.maxWorkgroups + 1000;
  using seen = gpu.state("seen", [count], "u32");
  using plan = await gpu.plan("mark", (rec) => {
    rec.launch({ kernel: mark, operands: { seen }, workgroups: [count] });
    return { inputs: {}, outputs: { seen } };
  });
  plan.run({});
  const got = (await plan.read("seen")).seen;
  assertEquals(got.findIndex((value, i) => value !== i + 1), -1);
});

Deno.test("a million words, and a memory of 200,000 rows, are planned like any other run", async () => {
  const words = smallConfig({ noEval: true, noTest: true });
  const { parameters } = await footprint(words, modelOf(words, 1_000_000, []), PORTABLE_LIMITS);
  assertEquals(parameters.get("embedding"), 16_000_000);
  const rows = smallConfig({ noEval: true, noTest: true, batchSize: 2, memLen: 100_000 });
  for (const adapterClass of ["cpu", "nvidia"] as const) {
    const limits = { ...PORTABLE_LIMITS, adapterClass };
    assert((await footprint(rows, modelOf(rows, 100, []), limits)).launches > 0);
  }
});
