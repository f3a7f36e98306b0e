/**
 * Fused attention: when it is chosen, that it holds no array of scores, and that reruns are equal.
 * Its numbers are checked with the cases of the ops.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type AttentionOptions, type Dropout, relativeAttention } from "@transformer-xl/kernels";
import {
  type AdapterClass,
  backward,
  CpuDevice,
  type Device,
  type DeviceLimits,
  ONE_THREAD,
  PORTABLE_LIMITS,
  Recorder,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import { normals } from "@transformer-xl/kernels/cases";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";

const N = 2;
const CLASSES = ["cpu", "nvidia", "amd", "intel", "apple", "unknown"] as const;
const EVALUATION = { differentiate: false };

/** Sizes of an attention; heads are 8 wide by default. */
interface Sizes {
  readonly B: number;
  readonly Q: number;
  readonly M: number;
  readonly H?: number;
}

/** Records attention of Q rows over M rows of memory in B columns. */
function record(
  rec: Recorder,
  { B, Q, M, H = 8 }: Sizes,
  options: Partial<AttentionOptions>,
) {
  const of = (name: string, shape: readonly number[]) =>
    rec.constant(name, shape, "f32", normals(name, shape.reduce((a, n) => a * n, 1)));
  const [K, C] = [Q + M, N * H];
  return relativeAttention(
    rec,
    {
      q: of("q", [Q * B, C]),
      kv: of("kv", [K * B, 2 * C]),
      r: of("r", [K, C]),
      contentBias: of("u", [N, H]),
      positionBias: of("s", [N, H]),
    },
    { B, N, H, memoryRows: M, validMemory: M, ...options },
  );
}

/** Elements of the largest temporary of an attention. */
function largestTemporary(
  adapterClass: AdapterClass,
  sizes: Sizes,
  options: Partial<AttentionOptions>,
): number {
  const rec = new Recorder({ ...PORTABLE_LIMITS, adapterClass });
  record(rec, sizes, options);
  const lengths = rec.buffers.filter(({ kind }) => kind === "temporary").map((each) => each.length);
  return Math.max(...lengths);
}

Deno.test("evaluation over a long memory holds no array of scores on any adapter", () => {
  for (const adapterClass of CLASSES) {
    const sizes = { B: 1, Q: 64, M: adapterClass === "cpu" ? 1600 : 640 };
    const scores = sizes.B * N * sizes.Q * (sizes.Q + sizes.M);
    const largest = largestTemporary(adapterClass, sizes, EVALUATION);
    assert(largest < scores, `${adapterClass}: ${largest} elements, scores have ${scores}`);
  }
});

Deno.test("one query, or the other form asked for, has its scores", () => {
  const long = { B: 1, Q: 64, M: 3200 };
  const scores = N * long.Q * (long.Q + long.M);
  for (const adapterClass of CLASSES) {
    assertEquals(
      largestTemporary(adapterClass, long, { ...EVALUATION, form: "materialized" }),
      scores,
    );
    const rec = new Recorder({ ...PORTABLE_LIMITS, adapterClass });
    record(rec, { B: 4, Q: 1, M: 3200 }, EVALUATION);
    assert(rec.nodes.every(({ name }) => name === "relative_attention"), adapterClass);
  }
});

Deno.test("where fused attention is slow, long memories have their scores", () => {
  const rec = new Recorder({ ...PORTABLE_LIMITS, fusedAttention: false });
  record(rec, { B: 1, Q: 64, M: 3200 }, EVALUATION);
  assertEquals(rec.nodes.map(({ name }) => name), ["relative_attention"]);
  using cpu = new CpuDevice(ONE_THREAD);
  assertEquals(cpu.limits.fusedAttention, false);
});

/** Attention of a layer of `wt103-large` in half precision as `adapterClass` records it. */
function recordLarge(
  adapterClass: AdapterClass,
  { B, Q, M }: Sizes,
  options: Partial<AttentionOptions>,
): Recorder {
  const [heads, width, K] = [16, 64, Q + M];
  const C = heads * width;
  const [maxBindingBytes, maxBufferBytes] = [2 ** 31 - 256, 2 ** 34];
  const rec = new Recorder({ ...PORTABLE_LIMITS, adapterClass, maxBindingBytes, maxBufferBytes });
  const of = (label: string, ...shape: readonly number[]) => rec.input(label, shape, "f16");
  const operands = { q: of("q", Q * B, C), kv: of("kv", K * B, 2 * C), r: of("r", K, C) };
  const y = relativeAttention(rec, {
    ...operands,
    contentBias: of("u", heads, width),
    positionBias: of("s", heads, width),
  }, { B, N: heads, H: width, memoryRows: M, validMemory: M, ...options });
  if (options.differentiate !== false) {
    backward(rec, [[y, of("dy", Q * B, C)]], [], Object.values(operands));
  }
  return rec;
}

/** Whether a temporary has one element for each score of {@link recordLarge}. */
function holdsScores(
  rec: Recorder,
  { B, Q, M }: Sizes,
): boolean {
  const scores = 16 * B * Q * (Q + M);
  return rec.buffers.some(({ kind, length }) => kind === "temporary" && length === scores);
}

Deno.test("the large model evaluates and trains without arrays of scores on GPUs", () => {
  for (const adapterClass of CLASSES.filter((each) => each !== "cpu")) {
    for (const M of [640, 1600, 3200]) {
      const sizes = { B: 16, Q: 128, M };
      const rec = recordLarge(adapterClass, sizes, EVALUATION);
      const name = `${adapterClass} over ${M} rows`;
      assertEquals(rec.nodes.map(({ name }) => name), ["fused_attention"], name);
      assert(!holdsScores(rec, sizes), name);
      const materialized = { ...EVALUATION, form: "materialized" } as const;
      assert(holdsScores(recordLarge(adapterClass, sizes, materialized), sizes), name);
    }
  }
  for (const M of [384, 1600]) {
    const sizes = { B: 8, Q: 384, M };
    const rec = recordLarge("nvidia", sizes, {});
    const names = new Set(rec.nodes.map(({ name }) => name));
    assert(names.has("fused_attention") && !names.has("attention_probabilities"), `${M} rows`);
    assert(!holdsScores(rec, sizes), `${M} rows`);
    assert(holdsScores(recordLarge("nvidia", sizes, { form: "recomputed" }), sizes), `${M} rows`);
  }
});

/** The form in which attention of the base model is recorded, with its derivative unless excluded. */
function recordedForm(
  limits: Partial<DeviceLimits>,
  options: Partial<AttentionOptions> = {},
  dtype: "f32" | "f16" = "f16",
): string {
  const [B, heads, width, Q, M] = [32, 8, 64, 192, 192];
  const [K, C] = [Q + M, heads * width];
  const rec = new Recorder({ ...PORTABLE_LIMITS, ...limits });
  const q = rec.input("q", [Q * B, C], dtype);
  const y = relativeAttention(rec, {
    q,
    kv: rec.input("kv", [K * B, 2 * C], dtype),
    r: rec.input("r", [K, C], dtype),
    contentBias: rec.input("u", [heads, width], dtype),
    positionBias: rec.input("s", [heads, width], dtype),
  }, { B, N: heads, H: width, memoryRows: M, validMemory: M, ...options });
  if (options.differentiate !== false) {
    backward(rec, [[y, rec.input("dy", y.shape, dtype)]], [], [q]);
  }
  const names = new Set(rec.nodes.map(({ name }) => name));
  if (!names.has("fused_attention")) return "materialized";
  return names.has("attention_probabilities") ? "recomputed" : "fused";
}

Deno.test("attention is fused where moving scores costs more than slower arithmetic", () => {
  const [nvidia, cpu] = [{ adapterClass: "nvidia" }, { adapterClass: "cpu" }] as const;
  const scalar = new Recorder(PORTABLE_LIMITS).scalar("number");
  const dropout: Dropout = {
    rate: 0.1,
    mask: { kind: "philox", ...{ seed: scalar, step: scalar, stream: scalar, site: 1 } },
  };
  assertEquals(recordedForm(nvidia, EVALUATION), "fused");
  assertEquals(recordedForm(nvidia), "fused");
  assertEquals(recordedForm(nvidia, { dropout }), "fused");
  assertEquals(recordedForm(nvidia, {}, "f32"), "fused");
  assertEquals(recordedForm({ ...nvidia, halfSums: "packed" }), "materialized");
  const matrixUnits = { M: 16, N: 16, K: 16, lanes: 32 };
  assertEquals(recordedForm({ ...nvidia, matrixUnits }), "materialized");
  assertEquals(recordedForm({ ...nvidia, matrixUnits }, {}, "f32"), "fused");
  assertEquals(recordedForm(cpu, EVALUATION), "materialized");
  assertEquals(recordedForm(cpu), "materialized");
  assertEquals(recordedForm(cpu, { form: "recomputed" }), "recomputed");
});

Deno.test("scores that exceed a binding are not formed", () => {
  const bytes = 2 * 32 * 8 * 192 * 384;
  assertEquals(recordedForm({ adapterClass: "cpu", maxBindingBytes: bytes }), "materialized");
  assertEquals(recordedForm({ adapterClass: "cpu", maxBindingBytes: bytes - 1 }), "fused");
});

Deno.test("fused attention has the numbers of the materialised one in float64", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  const [fused, materialized] = [
    await numbersOf(device, "fused"),
    await numbersOf(device, "materialized"),
  ];
  for (let e = 0; e < fused.length; e++) assert(Math.abs(fused[e]! - materialized[e]!) < 1e-12);
});

gpuTest(
  "fused attention in large tiles equals float64, and gives the same bits again",
  async () => {
    const gpu = await openTestGpu();
    using device = new ReferenceDevice({ precision: "f64", limits: gpu.limits });
    const want = await numbersOf(device, "materialized");
    const got = await numbersOf(gpu, "fused");
    for (let e = 0; e < got.length; e++) assertAlmostEquals(got[e]!, want[e]!, 1e-5);
    assertEquals(await numbersOf(gpu, "fused"), got);
  },
);

gpuTest("fused attention of wide heads over a long memory equals float64", async () => {
  const gpu = await openTestGpu();
  const sizes = { B: 1, Q: 40, M: 640, H: 64 };
  using device = new ReferenceDevice({ precision: "f64", limits: gpu.limits });
  const want = await numbersOf(device, "materialized", sizes);
  const got = await numbersOf(gpu, "fused", sizes);
  for (let e = 0; e < got.length; e++) assertAlmostEquals(got[e]!, want[e]!, 1e-5);
});

async function numbersOf(
  device: Device,
  form: "fused" | "materialized",
  sizes: Sizes = { B: 2, Q: 60, M: 33 },
) {
  using plan = await device.plan("attention", (rec) => {
    const y = record(rec, sizes, { ...EVALUATION, form, maxDistance: sizes.M + 7 });
    return { inputs: {}, outputs: { y } };
  });
  plan.run({});
  return (await plan.read("y")).y;
}
