/**
 * The derivative of attention without arrays of scores: equal to those of the other forms, dropped
 * elements included, on loops and on the adapter, and valid WGSL in every variant.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  type AttentionForm,
  dotProductAttention,
  relativeAttention,
} from "@transformer-xl/kernels";
import { normals } from "@transformer-xl/kernels/cases";
import {
  type AdapterClass,
  backward,
  chooseAdapter,
  type Device,
  type HostArray,
  PORTABLE_LIMITS,
  Recorder,
  ReferenceDevice,
  requestDevice,
  requiredDirectives,
  type Tensor,
} from "@transformer-xl/runtime";
import { assertClose, largest } from "../../support/compare.ts";
import { gpuTest, openTestGpu, testGpu } from "../../support/test_gpu.ts";

interface Sizes {
  readonly B: number;
  readonly N: number;
  readonly H: number;
  readonly Q: number;
  readonly M: number;
}

/** What varies between kernels. */
interface Kind {
  readonly form: AttentionForm;
  readonly positions?: boolean;
  readonly distanceBias?: boolean;
  readonly mask?: "philox" | "given";
  readonly dtype?: "f32" | "f16";
}

/** Records attention and the cotangents of all of its float operands, by name. */
function record(rec: Recorder, sizes: Sizes, kind: Kind): Record<string, Tensor> {
  const { B, N, H, Q, M } = sizes;
  const { form, positions = true, distanceBias = true, mask, dtype = "f32" } = kind;
  const [K, C] = [Q + M, N * H];
  const of = (name: string, ...shape: number[]) =>
    rec.constant(name, shape, dtype, normals(name, shape.reduce((a, n) => a * n, 1)));
  const { q, kv, ...others } = {
    ...{ q: of("q", Q * B, C), kv: of("kv", K * B, 2 * C), r: of("r", K, C) },
    ...{ contentBias: of("u", N, H), positionBias: of("s", N, H) },
    ...(distanceBias && { distanceBias: of("bias", K, N) }),
  };
  const [seed, step, stream] = ["seed", "step", "stream"].map((name) => rec.scalar(name));
  const keep = mask === "given" && rec.input("keep", [B, N, Q, K], "u32");
  const options = {
    ...{ B, N, H, memoryRows: M, validMemory: M - 3, maxDistance: M + 5, form },
    ...(mask === "philox" && {
      dropout: {
        rate: 0.3,
        mask: { kind: "philox", seed: seed!, step: step!, stream: stream!, site: 4 },
      },
    } as const),
    ...(keep && { dropout: { rate: 0.5, mask: { kind: "given", keep } } as const }),
  };
  const operands = positions ? { q, kv, ...others } : { q, kv };
  const out = positions
    ? relativeAttention(rec, { q, kv, ...others }, options)
    : dotProductAttention(rec, operands, options);
  const cotangents = backward(rec, [[out, of("dOut", Q * B, C)]], [], Object.values(operands));
  const named = Object.entries(operands).map(([name, x]) => [`d ${name}`, cotangents.get(x)!]);
  return { out, ...Object.fromEntries(named) };
}

/** The values of attention with everything that the kernels know, and of its cotangents. */
async function valuesOf(
  device: Device,
  sizes: Sizes,
  form: AttentionForm,
): Promise<ReadonlyMap<string, HostArray>> {
  using plan = await device.plan("attention", (rec) => {
    const outputs = record(rec, sizes, { form, mask: "philox" });
    const [seed, step, stream] = rec.scalars as [typeof rec.scalars[0], ...typeof rec.scalars];
    return { inputs: { seed, step: step!, stream: stream! }, outputs, kept: Object.keys(outputs) };
  });
  plan.run({ seed: 1111, step: 2, stream: 5 });
  return new Map(Object.entries(await plan.read(...plan.kept)));
}

Deno.test("every form has the same cotangents in float64, and drops the same probabilities", async () => {
  const sizes = { B: 2, N: 3, H: 5, Q: 41, M: 50 };
  for (const adapterClass of ["cpu", "nvidia"] as const) {
    using device = new ReferenceDevice({
      precision: "f64",
      limits: { ...PORTABLE_LIMITS, adapterClass },
    });
    const want = await valuesOf(device, sizes, "materialized");
    assertEquals(want.size, 7);
    for (const form of ["recomputed", "fused"] as const) {
      const got = await valuesOf(device, sizes, form);
      for (const [name, values] of want) assertClose(got.get(name)!, values, 1e-11, name);
    }
  }
});

gpuTest(
  "the fused derivative on the adapter equals float64, and gives the same bits again",
  async () => {
    const gpu = await openTestGpu();
    using device = new ReferenceDevice({ precision: "f64", limits: gpu.limits });
    // Several blocks of rows, of keys and of columns, none of them whole.
    const sizes = { B: 2, N: 2, H: 18, Q: 21, M: 30 };
    const want = await valuesOf(device, sizes, "materialized");
    const got = await valuesOf(gpu, sizes, "fused");
    for (const [name, values] of want) {
      assertClose(got.get(name)!, values, 4e-6 * largest(values), name);
    }
    assertEquals(await valuesOf(gpu, sizes, "fused"), got);
  },
);

/** The distinct texts of fused kernels of a recording. */
function texts(adapterClass: AdapterClass, H: number, kind: Omit<Kind, "form">): string[] {
  const rec = new Recorder({ ...PORTABLE_LIMITS, adapterClass, subgroups: true });
  record(rec, { B: 1, N: 2, H, Q: 20, M: 9 }, { ...kind, form: "fused" });
  const sources = rec.commands.flatMap((command) =>
    command.kind === "launch" && command.label.includes("fused_") ? [command.kernel.source] : []
  );
  assertEquals(sources.length, 2);
  return sources;
}

gpuTest("the kernels of fused attention are valid WGSL in every variant", async () => {
  const choice = await chooseAdapter(testGpu);
  const device = await requestDevice(choice!);
  const directives = await requiredDirectives(device);
  const dtype = device.features.has("shader-f16") ? "f16" : "f32";
  const sources = new Set([
    ...texts("nvidia", 64, { distanceBias: false }),
    ...texts("nvidia", 64, { distanceBias: false, dtype }),
    ...texts("nvidia", 64, { mask: "philox", dtype }),
    ...texts("nvidia", 41, { mask: "given" }),
    ...texts("nvidia", 64, { positions: false, dtype }),
    ...texts("cpu", 64, { positions: false, mask: "given", dtype }),
  ]);
  for (const source of sources) {
    const module = device.createShaderModule({ code: directives + source });
    const { messages } = await module.getCompilationInfo();
    assert(messages.length === 0, messages[0]?.message);
  }
  device.destroy();
});
