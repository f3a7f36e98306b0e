/**
 * Products by matrix units: the generated text, the choice of tiles, and results in every form, at
 * edges, in parts and with every epilogue. Texts are compiled by Dawn where it was downloaded; results
 * need an adapter with such units. `UPDATE_GOLDEN=1` rewrites the stored text.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Epilogue,
  launchMatmul,
  type MatmulForm,
  matmulProblem,
  PLAIN_EPILOGUE,
  scale,
  type TilePlan,
  tilePlanFor,
  tilePlanOf,
  tileResources,
  tileSource,
} from "@transformer-xl/kernels";
import { CATALOGUE, recordRow } from "@transformer-xl/kernels/cases";
import {
  type AdapterClass,
  type Device,
  DryDevice,
  type GpuDevice,
  type HostArray,
  isUserError,
  kernel,
  kernelFor,
  type MatrixUnits,
  PORTABLE_LIMITS,
  type Recording,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import { loadDawnModule } from "@transformer-xl/runtime/setup";
import { checkKernel } from "../../support/check_kernel.ts";
import { assertClose, largest } from "../../support/compare.ts";
import { matrixUnitsTest, openMatrixDevice } from "../../support/devices/matrix_units.ts";
import { noise } from "./raw_products.ts";

const FORMS: readonly MatmulForm[] = ["NN", "NT", "TN"];
const CLASSES: readonly AdapterClass[] = ["cpu", "nvidia", "amd", "intel", "apple", "unknown"];
const SMALL: MatrixUnits = { M: 8, N: 8, K: 8, lanes: 8 };
const UNITS: readonly MatrixUnits[] = [
  SMALL,
  { M: 16, N: 16, K: 16, lanes: 32 },
  { M: 16, N: 8, K: 16, lanes: 32 },
];
const EVERYTHING: Epilogue = {
  bias: true,
  accumulate: true,
  relu: true,
  dropout: true,
  gate: true,
};

const small: TilePlan = {
  form: "NT",
  stage: "matrix",
  tileM: 32,
  tileN: 32,
  tileK: 16,
  microM: 16,
  microN: 16,
  vec4: true,
  units: SMALL,
  splitK: 1,
  epilogue: PLAIN_EPILOGUE,
};

const problem = {
  form: "NT",
  ...{ M: 6144, N: 512, K: 512, batches: 1 },
  adapterClass: "nvidia",
  subgroups: true,
  epilogue: PLAIN_EPILOGUE,
  aligned: true,
  fixedK: true,
  matrixUnits: UNITS[1],
} as const;

/** Every plan of the table, in every form, whole and in parts, with both kinds of loads. */
const PLANS: readonly TilePlan[] = CLASSES.flatMap((adapterClass) =>
  UNITS.flatMap((matrixUnits) =>
    FORMS.flatMap((form) =>
      [[64, 512], [512, 512], [6144, 512], [512, 6144], [6144, 6140]].map(([size, K]) =>
        tilePlanFor({ ...problem, adapterClass, matrixUnits, form, M: size!, N: size!, K: K! })
      )
    )
  )
);

Deno.test("tileSource() writes the stored text of a matrix kernel", async () => {
  const { source } = tileSource({ ...small, epilogue: { ...PLAIN_EPILOGUE, accumulate: true } });
  const file = new URL("nt_matrix_32x32x16_accumulate.wgsl", import.meta.url);
  if (Deno.env.get("UPDATE_GOLDEN")) await Deno.writeTextFile(file, source);
  assertEquals(source, await Deno.readTextFile(file));
});

Deno.test("tileSource() refuses units that do not divide a tile, and plans without them", () => {
  const { units: _, ...none } = small;
  for (
    const plan of [
      none,
      { ...small, microN: 12 },
      { ...small, tileK: 12 },
      { ...small, units: { ...SMALL, M: 4 } },
      { ...small, vec4: false },
    ]
  ) assertThrows(() => tileSource(plan), RangeError, "does not divide evenly");
});

Deno.test("operands of matrix kernels are halves, eight at a time", () => {
  const { source } = tileSource(small);
  const { bindings } = kernel("product", source, () => {});
  assertEquals(bindings.map(({ name, dtype, width }) => [name, dtype, width]), [
    ["a", "f16", 8],
    ["b", "f16", 8],
    ["c", "f32", 4],
  ]);
});

Deno.test("every matrix plan of the table is within the limits of a GPU and stores each sum once", () => {
  for (const plan of PLANS) {
    assertEquals(plan.stage, "matrix");
    const { workgroupSize, workgroupBytes } = tileResources({
      ...plan,
      epilogue: EVERYTHING,
      splitK: 1,
    });
    assert(workgroupSize <= 256 && workgroupSize % plan.units!.lanes === 0, `${workgroupSize}`);
    assert(workgroupBytes <= 32 * 1024, `${workgroupBytes} bytes`);
  }
  const tiles = new Set(PLANS.map(({ tileM, tileN, tileK }) => [tileM, tileN, tileK].join("x")));
  assertEquals(tiles, new Set(["32x32x16", "64x64x32", "64x128x32", "128x128x32"]));
  assert(PLANS.some(({ splitK }) => splitK > 1));
  assert(PLANS.some(({ wholeTurns }) => wholeTurns) && PLANS.some((plan) => !plan.wholeTurns));
});

Deno.test("products of halves in octets use the units, others do not", () => {
  const device = new DryDevice({ ...PORTABLE_LIMITS, adapterClass: "nvidia", matrixUnits: SMALL });
  const stage = (
    dtype: "f16" | "f32",
    { M = 64, N = 64, K = 64, ...more }: Partial<
      Record<"M" | "N" | "K" | "lda" | "aOffset", number>
    >,
    form: MatmulForm = "NT",
  ) => {
    const [a, b, c] = ["a", "b", "c"].map((name) => device.state(name, [M * N * K], dtype));
    const launch = { form, a: a!, b: b!, c: c!, M, N, K, ...more };
    return tilePlanFor(matmulProblem(launch, device.limits)).stage;
  };
  assertEquals(stage("f16", {}), "matrix");
  assertEquals(stage("f32", {}), "warp");
  assertEquals(stage("f16", { K: 60 }), "warp"); // rows of both operands
  assertEquals(stage("f16", { lda: 68 }), "warp");
  assertEquals(stage("f16", { aOffset: 4 }), "warp");
  assertEquals(stage("f16", { K: 62 }), "workgroup");
  assertEquals(stage("f16", { K: 62 }, "TN"), "matrix"); // rows of neither
  assertEquals(stage("f16", { M: 62, N: 60 }), "matrix"); // c is stored by fours
});

/** Dawn's compiler without a driver; undefined where the package was not downloaded. */
async function compilingDevice(): Promise<GPUDevice | undefined> {
  try {
    const { create } = await loadDawnModule({ mayDownload: false });
    const gpu = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
    const adapter = await gpu.requestAdapter();
    HELD.push(gpu, adapter);
    return await adapter!.requestDevice({
      requiredFeatures: [
        "shader-f16",
        "subgroups",
        "chromium-experimental-subgroup-matrix" as GPUFeatureName,
      ],
    });
  } catch (error) {
    if (!isUserError(error)) throw error;
    console.log(`Texts of matrix kernels are not compiled: ${error.message}`);
    return undefined;
  }
}

/** What the binding uses after it was collected. */
const HELD: unknown[] = [];

const compiler = await compilingDevice();

Deno.test({
  name: "Dawn compiles every text of the table without a message",
  ignore: compiler === undefined,
  ...{ sanitizeOps: false, sanitizeResources: false },
  async fn() {
    const epilogues = [PLAIN_EPILOGUE, { ...EVERYTHING, dropout: false }];
    const texts = new Set(
      PLANS.flatMap((plan) =>
        (plan.splitK > 1 ? [PLAIN_EPILOGUE] : epilogues).map((epilogue) => {
          const general = kernel("product", tileSource({ ...plan, epilogue }).source, () => {});
          const halves = { c: "f16", bias: "f16", gate: "f16" } as const;
          return kernelFor(general, plan.splitK > 1 ? {} : halves).source;
        })
      ),
    );
    assert(texts.size > 50, `${texts.size} texts`);
    for (const code of texts) {
      compiler!.pushErrorScope("validation");
      const module = compiler!.createShaderModule({ code: `enable subgroups; ${code}` });
      const { messages } = await module.getCompilationInfo();
      assertEquals(messages.map(({ message }) => message), [], code);
      assertEquals(await compiler!.popErrorScope(), null);
    }
  },
});

/** A product: its sizes, and where its operands lie. */
interface Case {
  readonly form: MatmulForm;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** Elements between rows beyond those of a row, and before the first. */
  readonly gap?: number;
  readonly batch?: readonly [outer: number, inner: number];
  /** Rows of logits: their length is no multiple of 8, but there is room for one. */
  readonly padded?: "a" | "c";
  readonly parts?: number;
  readonly epilogue?: Partial<Epilogue>;
  readonly result?: "f16" | "f32";
}

/** The product on a device: all elements of c, gaps included. */
async function productOn(device: Device, of: Case): Promise<HostArray> {
  const {
    form,
    M,
    N,
    K,
    gap = 0,
    padded,
    batch: [outer, inner] = [1, 1],
    parts = 1,
    result = "f32",
  } = of;
  const epilogue = { ...PLAIN_EPILOGUE, ...of.epilogue };
  const batches = outer * inner;
  const stored = (rows: number, columns: number, isPadded = false) => {
    const room = isPadded ? -columns & 7 : gap;
    const ld = batches * columns + room; // [row, outer, inner, column], as attention lays them
    return { size: gap + rows * ld, ld, strides: [inner * columns, columns] as const };
  };
  const [left, right, target] = [
    form === "TN" ? stored(K, M, padded === "a") : stored(M, K, padded === "a"),
    form === "NT" ? stored(N, K) : stored(K, N),
    stored(M, N, padded === "c"),
  ];
  const values = (length: number, seed: number) =>
    Float32Array.from(new Float16Array(noise(length, seed)));
  using plan = await device.plan("product", (rec) => {
    const operand = (name: string, length: number, seed: number, dtype: "f16" | "f32" = "f16") =>
      rec.constant(name, [length], dtype, values(length, seed));
    const before = operand("before", target.size, 3, result);
    const c = scale(rec, before, 1); // memory that is written
    const scalars = {
      seed: rec.scalar("seed"),
      step: rec.scalar("step"),
      stream: rec.scalar("stream"),
    };
    const mask = { kind: "philox", ...scalars, site: 7 } as const;
    const { bias, gate, dropout } = epilogue;
    const launch = {
      ...{ form, M, N, K, alpha: 0.5, c, relu: epilogue.relu, accumulate: epilogue.accumulate },
      a: operand("a", left.size, 1),
      b: operand("b", right.size, 2),
      ...{ lda: left.ld, ldb: right.ld, ldc: target.ld },
      ...{ aOffset: gap, bOffset: gap, cOffset: gap },
      ...(bias && { bias: operand("bias", N, 4, "f16") }),
      ...(gate && { gate: operand("gate", target.size, 5, result) }),
      ...(dropout && { dropout: { rate: 0.25, mask } }),
      ...(batches > 1 && {
        batch: { outer, inner, a: left.strides, b: right.strides, c: target.strides },
      }),
    };
    launchMatmul(rec, {
      ...launch,
      plan: {
        ...small,
        form,
        units: device.limits.matrixUnits!,
        wholeTurns: K % small.tileK === 0,
        splitK: parts,
        epilogue: parts > 1 ? PLAIN_EPILOGUE : epilogue,
      },
    });
    return { inputs: scalars, outputs: { c } };
  });
  plan.run({ seed: 1111, step: 2, stream: 5 });
  const { c } = await plan.read("c");
  if (padded === "c") c.forEach((_, i) => i % target.ld < N || (c[i] = 0)); // may be overwritten
  return c;
}

/** Compares with loops in float64, and a second run with the first. */
async function assertProduct(device: GpuDevice, of: Case): Promise<void> {
  using reference = new ReferenceDevice({ precision: "f64", limits: device.limits });
  const [got, want] = [await productOn(device, of), await productOn(reference, of)];
  const sums = 2 ** -22 * Math.sqrt(of.K + 8);
  const rounding = of.result === "f16" ? 2 ** -10 : 0;
  assertClose(got, want, (sums + rounding) * largest(want), JSON.stringify(of));
  assertEquals(await productOn(device, of), got, "two runs differ");
}

const sizes = ([M, N, K]: readonly [number, number, number]) => ({ M, N, K });

for (const form of FORMS) {
  matrixUnitsTest(`units multiply ${form}: whole tiles, edges, gaps, batches, parts`, async () => {
    using device = await openMatrixDevice();
    const rows = form === "TN" ? 40 : 37; // rows of an operand are octets
    const columns = form === "NT" ? 28 : 24;
    const depth = form === "TN" ? 21 : 24;
    const cases: Omit<Case, "form">[] = [
      sizes([64, 64, 32]),
      { ...sizes([64, 64, 32]), result: "f16" },
      sizes([8, 8, 8]),
      sizes([rows, columns, depth]),
      { ...sizes([rows, columns, depth]), gap: 8, epilogue: { accumulate: true } },
      { ...sizes([rows, 64, 72]), gap: 16, batch: [2, 3] },
      { ...sizes([rows, 64, 200]), parts: 3, epilogue: { accumulate: true } },
      { ...sizes([64, columns, 96]), parts: 2, result: "f16" },
    ];
    for (const each of cases) await assertProduct(device, { form, ...each });
  });
}

matrixUnitsTest("units multiply rows of logits with room for whole octets", async () => {
  using device = await openMatrixDevice();
  const accumulated = { padded: "a", epilogue: { accumulate: true } } as const;
  await assertProduct(device, { form: "NT", ...sizes([40, 45, 32]), padded: "c" });
  await assertProduct(device, { form: "NN", ...sizes([40, 32, 45]), ...accumulated });
  await assertProduct(device, { form: "TN", ...sizes([45, 32, 40]), ...accumulated });
});

matrixUnitsTest("every epilogue ends a product by units, and all together", async () => {
  using device = await openMatrixDevice("on", "unknown"); // a GPU draws masks in the product
  const all: Partial<Epilogue>[] = [
    { bias: true },
    { bias: true, relu: true },
    { accumulate: true },
    { gate: true },
    { dropout: true },
    EVERYTHING,
  ];
  for (const epilogue of all) {
    const shape = sizes([70, 40, 48]);
    await assertProduct(device, { form: "NT", ...shape, epilogue, result: "f16" });
  }
});

matrixUnitsTest("more workgroups than a dispatch has are folded", async () => {
  using device = await openMatrixDevice();
  Object.defineProperty(device, "limits", { value: { ...device.limits, maxWorkgroups: 4 } });
  await assertProduct(device, { form: "NT", ...sizes([200, 100, 16]) }); // 4 x 7 of them
});

matrixUnitsTest(
  "ops on devices with units equal their reference in half precision",
  async (test) => {
    using device = await openMatrixDevice();
    let tried = 0;
    for (const cases of CATALOGUE) {
      for (const row of cases.rows.filter(({ bench }) => !bench)) {
        if (!await usesUnits(device, cases, row)) continue;
        tried++;
        await test.step(`${cases.op}: ${row.name}`, () => checkKernel(device, cases, row, "f16"));
      }
    }
    assert(tried >= 2, `${tried} rows`);
  },
);

/** Whether a row has a product that units multiply. */
async function usesUnits(
  { limits }: GpuDevice,
  cases: typeof CATALOGUE[number],
  row: typeof CATALOGUE[number]["rows"][number],
): Promise<boolean> {
  const commands: Recording["commands"][number][] = [];
  using device = new class extends ReferenceDevice {
    override compile(recording: Recording) {
      commands.push(...recording.commands);
      return super.compile(recording);
    }
  }({ precision: "f32", limits });
  using _recorded = await recordRow(device, cases, row, { dtype: "f16" });
  return commands.some((command) =>
    command.kind === "launch" && tilePlanOf(command.kernel)?.stage === "matrix"
  );
}
