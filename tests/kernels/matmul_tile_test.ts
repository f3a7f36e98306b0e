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
  tileResources,
  tileSource,
} from "@transformer-xl/kernels";
import { assertClose } from "../support/compare.ts";
import { assertProducts, compile, gpu, Operands, problem } from "./tiles/raw_products.ts";

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

/** Small so that it compiles soon: the text is that of larger tiles, with fewer steps of k. */
const warp: TilePlan = {
  ...staged,
  stage: "warp",
  tileM: 32,
  tileN: 64,
  tileK: 4,
  microM: 8,
  microN: 8,
  vec4: true,
};

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

/**
 * One and several groups of invocations; both operands loaded by invocations of their own (NT), or by
 * all, of which some load two items (TN).
 */
const WARP_TILES: Readonly<Record<MatmulForm, Partial<TilePlan>>> = {
  NN: { tileM: 64, tileN: 128, wholeTurns: true },
  NT: {},
  TN: {},
};

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

Deno.test("tileSource() writes the stored text of a warp kernel with packed sums", async () => {
  await assertGolden(
    "nn_warp_32x64x4_packed.wgsl",
    tileSource({ ...warp, packedSums: true, wholeTurns: true }).source,
  );
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
        const aligned = [M!, N!, K!].every((size) => size % 4 === 0);
        const plan = tilePlanFor({
          form,
          M: M!,
          N: N!,
          K: K!,
          batches: 1,
          adapterClass,
          subgroups: true,
          epilogue: plain,
          aligned,
          fixedK: true,
        });
        assertEquals(plan.stage === "warp", aligned && !/cpu|unknown/.test(adapterClass));
        const key = `${adapterClass} ${form} ${aligned}`;
        const seen = texts.get(key) ?? new Set();
        texts.set(key, seen.add(JSON.stringify({ ...plan, splitK: Math.min(plan.splitK, 2) })));
        const { workgroupSize, workgroupBytes } = tileResources(plan);
        assert(workgroupSize <= 256);
        assert(workgroupBytes <= 20 * 1024);
      }
    }
  }
  // Three tiles, whole and in parts; those of warps with loads that are tested or not.
  for (const [key, seen] of texts) {
    assert(seen.size <= (key.endsWith("true") ? 12 : 6), `${key} needs ${seen.size} pipelines`);
  }
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

Deno.test("loads of warp tiles have tests only where turns over k are not whole", () => {
  const wholeTurns = (K: number, fixedK: boolean) =>
    tilePlanFor({
      form: "TN",
      M: 512,
      N: 512,
      K,
      batches: 1,
      adapterClass: "nvidia",
      subgroups: true,
      epilogue: plain,
      aligned: true,
      fixedK,
    }).wholeTurns;
  assertEquals([wholeTurns(6144, true), wholeTurns(6140, true)], [true, false]);
  assertEquals(wholeTurns(6144, false), false);
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

for (const [form, tile] of Object.entries(WARP_TILES)) {
  Deno.test(`warp tiles multiply ${form} at multiples of 4`, onAdapter, async () => {
    await assertProducts({ ...warp, ...tile, form: form as MatmulForm }, multiplesOf4);
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
