/**
 * The matmul generator: its WGSL, its choice of tiles, and its results on the adapter at sizes that
 * fit no tile. `UPDATE_GOLDEN=1 deno test -A tests/kernels/matmul_tile_test.ts` rewrites the texts.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Epilogue,
  type MatmulForm,
  tileGrid,
  type TilePlan,
  tilePlanFor,
  tileSource,
} from "@transformer-xl/kernels";
import { chooseAdapter, requestDevice, requiredDirectives } from "@transformer-xl/runtime";
import { assertClose } from "../support/compare.ts";
import { testGpu } from "../support/test_gpu.ts";

const FORMS: readonly MatmulForm[] = ["NN", "NT", "TN"];
const plain: Epilogue = { bias: false, accumulate: false, relu: false };

const small: TilePlan = {
  form: "NN",
  stage: "subgroup",
  tileM: 8,
  tileN: 16,
  tileK: 2,
  microM: 8,
  microN: 2,
  vec4: false,
  splitK: 1,
  epilogue: plain,
};
const large: TilePlan = { ...small, tileM: 24, tileN: 32, microM: 24, microN: 4 };
const direct: TilePlan = { ...small, stage: "direct" };
const staged: TilePlan = {
  ...small,
  stage: "workgroup",
  tileM: 32,
  tileN: 32,
  tileK: 8,
  microM: 4,
  microN: 4,
};

/** Sizes, strides and starts of one (batched) product. */
interface Problem {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly outer: number;
  readonly inner: number;
  /** Unused elements at the start of a, b and c, and between their rows. */
  readonly gap: number;
}

function problem(M: number, N: number, K: number, gap = 0, outer = 1, inner = 1): Problem {
  return { M, N, K, outer, inner, gap };
}

/** No size a multiple of a tile; one row, one column, one step; gaps; batches as attention lays them. */
const odd = [
  problem(1, 1, 1),
  problem(13, 37, 5, 3),
  problem(50, 67, 33, 1),
  problem(3, 100, 17),
  problem(70, 1, 9, 2),
  problem(9, 17, 0, 1),
  problem(11, 13, 7, 1, 2, 3),
];
const multiplesOf4 = [problem(4, 4, 4), problem(36, 44, 20, 4), problem(36, 68, 12, 8, 2, 2)];

const gpu = await openRawDevice();

interface RawDevice {
  readonly device: GPUDevice;
  readonly subgroups: boolean;
  /** First words of every source. */
  readonly directives: string;
}

async function openRawDevice(): Promise<RawDevice | undefined> {
  const choice = await chooseAdapter(testGpu);
  if (choice === undefined) return undefined;
  const device = await requestDevice(choice);
  const directives = await requiredDirectives(device);
  return { device, subgroups: device.features.has("subgroups"), directives };
}

/** Numbers in (-1, 1) that repeat no pattern of the operands' strides. */
function noise(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 31 - 1;
  });
}

/** Operands and their layout: batches interleave their rows, [row, outer, inner, column]. */
class Operands {
  readonly sizes: Record<string, number>;
  readonly a: Float32Array<ArrayBuffer>;
  readonly b: Float32Array<ArrayBuffer>;
  readonly c: Float32Array<ArrayBuffer>;
  readonly bias: Float32Array<ArrayBuffer>;

  constructor(plan: TilePlan, { M, N, K, outer, inner, gap }: Problem) {
    const [aRows, aColumns] = plan.form === "TN" ? [K, M] : [M, K];
    const [bRows, bColumns] = plan.form === "NT" ? [N, K] : [K, N];
    const batches = outer * inner;
    const stride = (columns: number) => batches * columns + gap;
    this.sizes = {
      M,
      N,
      K,
      lda: stride(aColumns),
      ldb: stride(bColumns),
      ldc: stride(N),
      a_offset: gap,
      b_offset: gap,
      c_offset: gap,
      a_outer: inner * aColumns,
      a_inner: aColumns,
      b_outer: inner * bColumns,
      b_inner: bColumns,
      c_outer: plan.splitK > 1 ? M * stride(N) : inner * N,
      c_inner: N,
      outer,
      inner,
      splits: plan.splitK,
      alpha: 0.5,
    };
    this.a = noise(gap + aRows * stride(aColumns) + 4, 1);
    this.b = noise(gap + bRows * stride(bColumns) + 4, 2);
    this.c = noise(gap + M * stride(N) * plan.splitK + 4, 3);
    this.bias = noise(N, 4);
  }

  /** What c must hold afterwards, in float64; elements outside the products keep their value. */
  expected(plan: TilePlan): Float32Array<ArrayBuffer> {
    const { M, N, K, lda, ldb, ldc, outer, inner, alpha } = this.sizes as Record<string, number>;
    const start = (x: string, o: number, i: number) =>
      this.sizes[`${x}_offset`]! + o * this.sizes[`${x}_outer`]! + i * this.sizes[`${x}_inner`]!;
    const want = this.c.slice();
    for (let o = 0; o < outer!; o++) {
      for (let i = 0; i < inner!; i++) {
        const [a0, b0, c0] = [start("a", o, i), start("b", o, i), start("c", o, i)];
        for (let m = 0; m < M!; m++) {
          for (let n = 0; n < N!; n++) {
            let sum = 0;
            for (let k = 0; k < K!; k++) {
              const x = this.a[a0 + (plan.form === "TN" ? k * lda! + m : m * lda! + k)]!;
              sum += x * this.b[b0 + (plan.form === "NT" ? n * ldb! + k : k * ldb! + n)]!;
            }
            const at = c0 + m * ldc! + n;
            const { bias, accumulate, relu } = plan.epilogue;
            const value = alpha! * sum + (bias ? this.bias[n]! : 0) + (accumulate ? want[at]! : 0);
            want[at] = relu ? Math.max(value, 0) : value;
          }
        }
      }
    }
    return want;
  }
}

/** A compiled kernel that runs on arrays and returns the last read_write one. */
function compile(source: string, label: string) {
  const { device, directives } = gpu!;
  const bindings = [...source.matchAll(/@binding\((\d+)\) var<(\w+)(?:, (\w+))?> (\w+)/g)]
    .map(([, , space, access, name]) => ({ space: space!, access, name: name! }));
  const layout = device.createBindGroupLayout({
    entries: bindings.map(({ space, access }, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: {
        type: space === "uniform" ? "uniform" : access === "read" ? "read-only-storage" : "storage",
      } as const,
    })),
  });
  const pipeline = device.createComputePipeline({
    label,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code: directives + source }) },
  });
  const fields = [.../struct Scalars \{([^}]*)\}/.exec(source)![1]!.matchAll(/(\w+): (u32|f32)/g)];

  return async (
    arrays: Record<string, Float32Array<ArrayBuffer>>,
    sizes: Record<string, number>,
    grid: [number, number, number],
  ): Promise<Float32Array<ArrayBuffer>> => {
    const words = new DataView(new ArrayBuffer(Math.ceil(fields.length / 4) * 16));
    fields.forEach(([, name, type], i) => {
      if (type === "u32") words.setUint32(4 * i, sizes[name!]!, true);
      else words.setFloat32(4 * i, sizes[name!]!, true);
    });
    const buffers = bindings.map(({ space, name }) => {
      const usage = space === "uniform" ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
      const bytes = space === "uniform" ? words.buffer : arrays[name]!;
      const size = Math.max(16, Math.ceil(bytes.byteLength / 16) * 16);
      const buffer = device.createBuffer({
        size,
        usage: usage | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      });
      device.queue.writeBuffer(buffer, 0, bytes);
      return buffer;
    });
    const result = buffers[bindings.findIndex(({ access }) => access === "read_write")]!;
    const readback = device.createBuffer({
      size: result.size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout,
        entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
      }),
    );
    pass.dispatchWorkgroups(...grid);
    pass.end();
    encoder.copyBufferToBuffer(result, 0, readback, 0, result.size);
    device.queue.submit([encoder.finish()]);
    await readback.mapAsync(GPUMapMode.READ);
    const got = new Float32Array(readback.getMappedRange().slice(0));
    for (const buffer of [...buffers, readback]) buffer.destroy();
    return got;
  };
}

/** Runs every problem through the plan's kernel and compares all of c, gaps included. */
async function assertProducts(plan: TilePlan, problems: readonly Problem[]): Promise<void> {
  const { source } = tileSource(plan);
  const run = compile(source, `${plan.form} ${plan.stage}`);
  for (const shape of problems) {
    const operands = new Operands(plan, shape);
    const { sizes } = operands;
    const grid = tileGrid(plan, shape.M, shape.N, shape.outer * shape.inner);
    const arrays = { a: operands.a, b: operands.b, c: operands.c, bias: operands.bias };
    const got = (await run(arrays, sizes, grid)).subarray(0, operands.c.length);
    const what = `${plan.stage} ${plan.form} ${JSON.stringify(shape)}`;
    assertClose(got, operands.expected(plan), (shape.K + 4) * 2 ** -23 * (shape.K + 4), what);
    const again = (await run(arrays, sizes, grid)).subarray(0, operands.c.length);
    assertEquals(again, got, `${what}: two runs differ`);
  }
}

/** Compares with the stored text, or stores it when UPDATE_GOLDEN is set. */
async function assertGolden(name: string, text: string): Promise<void> {
  const file = new URL(`tiles/${name}`, import.meta.url);
  if (Deno.env.get("UPDATE_GOLDEN")) await Deno.writeTextFile(file, text);
  assertEquals(text, await Deno.readTextFile(file));
}

Deno.test("tileSource() writes the stored text of a subgroup kernel", async () => {
  const plan: TilePlan = { ...small, form: "NT", epilogue: { ...plain, bias: true, relu: true } };
  await assertGolden("nt_subgroup_8x16_bias_relu.wgsl", tileSource(plan).source);
});

Deno.test("tileSource() writes the stored texts of workgroup kernels", async () => {
  const plan: TilePlan = { ...staged, epilogue: { ...plain, accumulate: true } };
  await assertGolden("nn_workgroup_32x32x8_accumulate.wgsl", tileSource(plan).source);
  const epilogue = { ...plain, dropout: true };
  const { source } = tileSource({ ...staged, form: "NT", vec4: true, epilogue });
  await assertGolden("nt_workgroup_32x32x8_dropout.wgsl", source);
});

Deno.test("tileSource() refuses a tile its micro-tiles do not fill", () => {
  assertThrows(() => tileSource({ ...staged, microM: 12 }), RangeError, "does not divide evenly");
  assertThrows(() => tileSource({ ...small, tileM: 12, microM: 12 }), RangeError);
  assertThrows(
    () => tileSource({ ...small, splitK: 2, epilogue: { ...plain, accumulate: true } }),
    RangeError,
    "partial sums are stored plain",
  );
  assertThrows(() => tileSource({ ...small, epilogue: { ...plain, dropout: true } }), RangeError);
});

Deno.test("every plan of the table is one the generator writes, within WebGPU's own limits", () => {
  const sizes = [1, 8, 64, 512, 6144, 20_000];
  const classes = ["cpu", "nvidia", "amd", "intel", "apple", "unknown"] as const;
  const texts = new Map<string, Set<string>>();
  for (const adapterClass of classes) {
    for (const form of FORMS) {
      for (
        const [M, N, K] of sizes.flatMap((m) => sizes.flatMap((n) => sizes.map((k) => [m, n, k])))
      ) {
        const plan = tilePlanFor({
          form,
          M: M!,
          N: N!,
          K: K!,
          batches: 1,
          adapterClass,
          subgroups: true,
          epilogue: plain,
        });
        const key = `${adapterClass} ${form}`;
        const seen = texts.get(key) ?? new Set();
        texts.set(key, seen.add(JSON.stringify({ ...plan, splitK: Math.min(plan.splitK, 2) })));
        const { workgroupSize, workgroupBytes } = tileSource(plan);
        assert(workgroupSize <= 256);
        assert(workgroupBytes <= 20 * 1024);
      }
    }
  }
  for (const [key, seen] of texts) assert(seen.size <= 6, `${key} needs ${seen.size} pipelines`);
});

Deno.test("tilePlanFor() splits long sums of small outputs only", () => {
  const gradient = { form: "TN", batches: 1, adapterClass: "nvidia", subgroups: true } as const;
  const split = (M: number, N: number, K: number, epilogue = plain, batches = 1) =>
    tilePlanFor({ ...gradient, M, N, K, epilogue, batches }).splitK;
  assert(split(512, 512, 6144) > 1);
  assertEquals(split(6144, 2048, 512), 1);
  assertEquals(split(512, 512, 6144, { ...plain, relu: true }), 1);
  assertEquals(split(512, 512, 6144, plain, 64), 1);
});

const onAdapter = { ignore: gpu === undefined, sanitizeResources: false, sanitizeOps: false };
const onSubgroups = { ...onAdapter, ignore: !gpu?.subgroups };

for (const form of FORMS) {
  Deno.test(`subgroup tiles multiply ${form} at odd sizes`, onSubgroups, async () => {
    await assertProducts({ ...small, form }, odd);
  });
  Deno.test(`direct tiles multiply ${form} at odd sizes`, onAdapter, async () => {
    await assertProducts({ ...direct, form }, odd);
  });
  Deno.test(`workgroup tiles multiply ${form} at odd sizes`, onAdapter, async () => {
    await assertProducts({ ...staged, form }, odd);
  });
  Deno.test(`vec4 workgroup tiles multiply ${form} at multiples of 4`, onAdapter, async () => {
    await assertProducts({ ...staged, form, vec4: true }, multiplesOf4);
  });
}

Deno.test("large subgroup tiles multiply at odd sizes", onSubgroups, async () => {
  await assertProducts({ ...large, form: "NT" }, odd);
});

Deno.test("epilogues add bias, add to C and cut at zero", onAdapter, async () => {
  const stages = gpu!.subgroups ? [small, staged] : [direct, staged];
  const epilogue: Epilogue = { bias: true, accumulate: true, relu: true };
  for (const plan of stages) await assertProducts({ ...plan, epilogue }, odd);
});

Deno.test(
  "rows past M and steps past K take no part, whatever the buffers hold",
  onAdapter,
  async () => {
    const plan = { ...(gpu!.subgroups ? small : direct), form: "TN" as const };
    const operands = new Operands(plan, problem(21, 19, 40));
    operands.a.fill(NaN, 11 * 21);
    operands.b.fill(NaN, 11 * 19);
    operands.sizes["K"] = 11;
    operands.sizes["M"] = 14;
    const { a, b, c, sizes } = operands;
    const got = await compile(tileSource(plan).source, "fewer rows")(
      { a, b, c },
      sizes,
      tileGrid(plan, 21, 19, 1),
    );
    assertClose(got.subarray(0, c.length), operands.expected(plan), 1e-4, "fewer rows");
  },
);

for (const stage of [direct, staged]) {
  Deno.test(
    `partial sums of a split ${stage.stage} kernel add up in order`,
    onAdapter,
    async () => {
      const whole: TilePlan = { ...stage, form: "TN", epilogue: { ...plain, accumulate: true } };
      const plan: TilePlan = { ...stage, form: "TN", splitK: 3 };
      const shape = problem(10, 35, 101);
      const { M, N } = shape;
      const operands = new Operands(plan, shape);
      const { a, b, c, sizes } = operands;
      const partial = await compile(tileSource(plan).source, "split")(
        { a, b, c },
        sizes,
        tileGrid(plan, M, N, 1),
      );
      const file = new URL("../../kernels/matmul/reduce_partials.wgsl", import.meta.url);
      const reduce = compile(await Deno.readTextFile(file), "reduce");
      const target = new Operands(whole, shape);
      const sum = await reduce(
        { partial, c: target.c },
        { M, N, part_stride: M * N, ldc: N, c_offset: 0, splits: 3, accumulate: 1 },
        [Math.ceil(N / 64), M, 1],
      );
      assertClose(sum.subarray(0, M * N), target.expected(whole).subarray(0, M * N), 1e-4, "split");
    },
  );
}
