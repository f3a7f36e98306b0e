/**
 * Relative attention against its definition, written with the literal pad-and-reshape shift and a
 * mask, and its argument checks.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type AttentionOptions, relativeAttention } from "@transformer-xl/kernels";
import {
  backward,
  DeviceError,
  ParameterStore,
  PORTABLE_LIMITS,
  Recorder,
  ReferenceDevice,
  ShapeError,
  totalCost,
} from "@transformer-xl/runtime";
import { normals } from "@transformer-xl/kernels/cases";

const [B, N, H, Q, M] = [2, 3, 5, 4, 6];
const [K, C] = [M + Q, N * H];

function shapes(): Record<"q" | "kv" | "r" | "contentBias" | "positionBias", number[]> {
  return {
    q: [Q * B, C],
    kv: [K * B, 2 * C],
    r: [K, C],
    contentBias: [N, H],
    positionBias: [N, H],
  };
}

function values(): Record<keyof ReturnType<typeof shapes>, Float32Array<ArrayBuffer>> {
  const of = (name: string, [rows, columns]: number[]) =>
    normals(`attention ${name}`, rows! * columns!);
  const { q, kv, r, contentBias, positionBias } = shapes();
  return {
    q: of("q", q),
    kv: of("kv", kv),
    r: of("r", r),
    contentBias: of("u", contentBias),
    positionBias: of("s", positionBias),
  };
}

/** Runs the op in float64 and reads the output and the gradient of kv for a cotangent of ones. */
async function attend(
  given: ReturnType<typeof values>,
  options: { readonly validMemory: number; readonly maxDistance?: number },
) {
  using device = new ReferenceDevice({ precision: "f64" });
  using store = new ParameterStore();
  for (const [name, shape] of Object.entries(shapes())) {
    store.param(name, shape, { kind: "constant", value: 0 });
  }
  store.allocate(device, { gradients: true });
  const [q, kv, r, contentBias, positionBias] = store.packed;
  using plan = await device.plan("attention", (rec) => {
    const validMemory = rec.scalar("valid memory");
    const ones = rec.constant("ones", [Q * B, C], "f32", new Float32Array(Q * B * C).fill(1));
    const stated: AttentionOptions = { B, N, H, memoryRows: M, ...options, validMemory };
    const y = relativeAttention(
      rec,
      { q: q!, kv: kv!, r: r!, contentBias: contentBias!, positionBias: positionBias! },
      stated,
    );
    for (const { gradient } of store.packed) rec.clear(gradient);
    backward(rec, [[y, ones]], store.packed);
    return { inputs: { validMemory }, outputs: { y, dKv: kv!.gradient } };
  });
  for (const param of store.packed) {
    const { range } = param;
    if (range.kind === "storage") {
      device.write(range.storage, range.offset, given[param.label as keyof typeof given]);
    }
  }
  plan.run({ validMemory: options.validMemory });
  return await plan.read("y", "dKv");
}

/** The definition: scores by position padded with a zero column, reshaped, then cut. */
function definition(
  { q, kv, r, contentBias, positionBias }: ReturnType<typeof values>,
  visible: (i: number, j: number) => boolean,
): Float64Array {
  const out = new Float64Array(Q * B * C);
  for (let b = 0; b < B; b++) {
    for (let n = 0; n < N; n++) {
      const query = (i: number, h: number) => q[(i * B + b) * C + n * H + h]!;
      const padded = new Float64Array(Q * (K + 1));
      for (let i = 0; i < Q; i++) {
        for (let p = 0; p < K; p++) {
          for (let h = 0; h < H; h++) {
            const biased = query(i, h) + positionBias[n * H + h]!;
            padded[i * (K + 1) + p + 1]! += biased * r[p * C + n * H + h]!;
          }
        }
      }
      const shifted = padded.subarray(Q);
      for (let i = 0; i < Q; i++) {
        const weights = Float64Array.from({ length: K }, (_, j) => {
          let score = shifted[i * K + j]!;
          for (let h = 0; h < H; h++) {
            const key = kv[(j * B + b) * 2 * C + n * H + h]!;
            score += (query(i, h) + contentBias[n * H + h]!) * key;
          }
          return visible(i, j) ? Math.exp(score / Math.sqrt(H)) : 0;
        });
        const sum = weights.reduce((a, w) => a + w, 0);
        for (let j = 0; j < K; j++) {
          for (let h = 0; h < H; h++) {
            const value = kv[(j * B + b) * 2 * C + C + n * H + h]!;
            out[(i * B + b) * C + n * H + h]! += weights[j]! / sum * value;
          }
        }
      }
    }
  }
  return out;
}

Deno.test("relativeAttention() equals the definition with the literal relative shift", async () => {
  for (const validMemory of [0, 2, M]) {
    for (const maxDistance of [undefined, M, 2]) {
      const want = definition(values(), (i, j) => {
        const distance = i + M - j;
        return j >= M - validMemory && distance >= 0 && distance <= (maxDistance ?? K);
      });
      const { y } = await attend(values(), {
        validMemory,
        ...(maxDistance !== undefined && { maxDistance }),
      });
      for (let e = 0; e < want.length; e++) assertAlmostEquals(y[e]!, want[e]!, 1e-12);
    }
  }
});

Deno.test("relativeAttention() ignores memory rows that hold nothing", async () => {
  const [validMemory, dirty] = [2, values()];
  const hidden = (M - validMemory) * B * 2 * C;
  dirty.kv.fill(1e6, 0, hidden);
  const clean = values();
  clean.kv.fill(0, 0, hidden);
  const [got, want] = [await attend(dirty, { validMemory }), await attend(clean, { validMemory })];
  assertEquals(got.y, want.y);
  assert(got.dKv.subarray(0, hidden).every((g) => g === 0), "hidden rows receive no gradient");
  assert(got.dKv.subarray(hidden).every((g) => g !== 0), "all others do");
});

Deno.test("relativeAttention() has the same derivative when long sums are cut into parts", async () => {
  const gradients = async (adapterClass: "cpu" | "nvidia") => {
    using device = new ReferenceDevice({
      precision: "f64",
      limits: { ...PORTABLE_LIMITS, adapterClass },
    });
    using store = new ParameterStore();
    const r = store.param("r", [257, 6], { kind: "constant", value: 0 });
    store.allocate(device, { gradients: true });
    using plan = await device.plan("attention", (rec) => {
      const of = (name: string, shape: number[]) =>
        rec.constant(name, shape, "f32", normals(name, shape[0]! * shape[1]!));
      const operands = { q: of("q", [512, 6]), kv: of("kv", [514, 12]) };
      const biases = { contentBias: of("u", [2, 3]), positionBias: of("s", [2, 3]) };
      const sizes = {
        B: 2,
        N: 2,
        H: 3,
        memoryRows: 1,
        validMemory: 1,
        form: "materialized",
      } as const;
      const y = relativeAttention(rec, { ...operands, ...biases, r }, sizes);
      rec.clear(r.gradient);
      backward(rec, [[y, of("dy", [512, 6])]], [r]);
      return { inputs: {}, outputs: { dr: r.gradient } };
    });
    plan.run({});
    return { launches: plan.launchCount, dr: (await plan.read("dr")).dr };
  };
  const [whole, parts] = [await gradients("cpu"), await gradients("nvidia")];
  assertEquals(parts.launches, whole.launches + 1);
  parts.dr.forEach((g, e) => assertAlmostEquals(g, whole.dr[e]!, 1e-12));
});

Deno.test("relativeAttention() needs smaller probabilities when they exceed a binding", () => {
  const rec = new Recorder({ ...PORTABLE_LIMITS, maxBindingBytes: 4 * B * N * Q * K - 1 });
  const error = assertThrows(
    () => record(rec, {}),
    DeviceError,
    "the probabilities have 960 bytes, one binding of this adapter holds 959",
  );
  assertEquals(error.need, "smaller attention probabilities");
});

Deno.test("relativeAttention() binds half the bytes in float16, and moves half", () => {
  const half = new Recorder({ ...PORTABLE_LIMITS, maxBindingBytes: 2 * B * N * Q * K });
  record(half, {}, "f16");
  const whole = new Recorder(PORTABLE_LIMITS);
  record(whole, {});
  assertEquals(2 * totalCost(half.nodes).bytes, totalCost(whole.nodes).bytes);
  const floats = half.buffers.filter(({ dtype }) => dtype !== "f16").map(({ label }) => label);
  assertEquals(floats, []);
});

Deno.test("relativeAttention() names the operand whose shape disagrees", () => {
  const rec = new Recorder(PORTABLE_LIMITS);
  assertThrows(
    () => record(rec, { memoryRows: 5 }),
    ShapeError,
    'Cannot read "q" as [Q * B, N * H]: expected [10,15], current shape is [8,15]',
  );
  assertThrows(
    () => record(rec, { memoryRows: K }),
    ShapeError,
    'Cannot attend: "r" has 10 rows, expected more than the 10 rows of memory',
  );
});

function record(
  rec: Recorder,
  options: Partial<AttentionOptions>,
  dtype: "f32" | "f16" = "f32",
): void {
  const { q, kv, r, contentBias, positionBias } = shapes();
  relativeAttention(
    rec,
    {
      q: rec.input("q", q, dtype),
      kv: rec.input("kv", kv, dtype),
      r: rec.input("r", r, dtype),
      contentBias: rec.input("u", contentBias, dtype),
      positionBias: rec.input("s", positionBias, dtype),
    },
    { B, N, H, memoryRows: M, validMemory: M, ...options },
  );
}
