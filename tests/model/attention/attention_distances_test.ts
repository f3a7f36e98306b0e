/**
 * Distances of attention: against loops over their formula, and for models of every kind.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { attentionDistances } from "@transformer-xl/kernels";
import { normals } from "@transformer-xl/kernels/cases";
import {
  type AttentionType,
  Batches,
  InferenceMemory,
  Model,
  modelConfig,
} from "@transformer-xl/model";
import { ReferenceDevice, type Tensor } from "@transformer-xl/runtime";

const [Q, M, B, N, H] = [3, 4, 2, 2, 3] as const;
const K = M + Q;
const C = N * H;

/** Distance and share in the memory of one query, from the formula of relative attention. */
function looked(
  operands: Readonly<Record<"q" | "kv" | "r" | "u" | "s", Float64Array>>,
  { b, n, i, validMemory }: Readonly<Record<"b" | "n" | "i" | "validMemory", number>>,
): readonly [number, number] {
  const { q, kv, r, u, s } = operands;
  let [sum, distance, inMemory] = [0, 0, 0];
  for (let j = M - validMemory; j <= i + M; j++) {
    let score = 0;
    for (let h = n * H; h < (n + 1) * H; h++) {
      const query = q[(i * B + b) * C + h]!;
      score += (query + u[h]!) * kv[(j * B + b) * 2 * C + h]!;
      score += (query + s[h]!) * r[(K - 1 - (i + M - j)) * C + h]!;
    }
    const weight = Math.exp(score / Math.sqrt(H));
    sum += weight;
    distance += weight * (i + M - j);
    if (j < M) inMemory += weight;
  }
  return [distance / sum, inMemory / sum];
}

Deno.test("distances of relative attention are those of its formula, in float64", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  const values = {
    ...{ q: normals("q", Q * B * C), kv: normals("kv", 2 * K * B * C) },
    ...{ r: normals("r", K * C), u: normals("u", C), s: normals("s", C) },
  };
  const validMemory = 3;
  using plan = await device.plan("distances", (rec) => {
    const constant = (name: keyof typeof values, shape: number[]) =>
      rec.constant(name, shape, "f32", values[name]);
    const y = attentionDistances(rec, {
      q: constant("q", [Q * B, C]),
      kv: constant("kv", [K * B, 2 * C]),
      r: constant("r", [K, C]),
      contentBias: constant("u", [N, H]),
      positionBias: constant("s", [N, H]),
    }, { B, N, H, memoryRows: M, validMemory });
    return { inputs: {}, outputs: { y } };
  });
  plan.run({});
  const { y } = await plan.read("y");
  const wide = Object.fromEntries(
    Object.entries(values).map(([name, array]) => [name, Float64Array.from(array)]),
  ) as Parameters<typeof looked>[0];
  for (let row = 0; row < B * N * Q; row++) {
    const [b, n, i] = [Math.floor(row / Q / N), Math.floor(row / Q) % N, row % Q];
    const want = looked(wide, { b, n, i, validMemory });
    assertAlmostEquals(y[2 * row]!, want[0], 1e-13);
    assertAlmostEquals(y[2 * row + 1]!, want[1], 1e-13);
  }
});

for (const attnType of [0, 1, 2, 3] satisfies AttentionType[]) {
  Deno.test(`a model without weights attends to all rows alike, attention type ${attnType}`, async () => {
    using device = new ReferenceDevice({ precision: "f64" });
    const lengths = { batchSize: 1, tgtLen: 3, extLen: 0, memLen: 4 };
    for (const sameLength of [false, true]) {
      using model = Model.allocate(
        device,
        modelConfig({
          ...{ vocabSize: 5, nLayer: 2, nHead: 2, dHead: 2, dModel: 4, dInner: 4 },
          ...{ attnType, sameLength, ...(attnType % 2 === 1 && { positionRows: 7 }) },
        }),
      );
      using memory = await InferenceMemory.open(model, lengths, { label: "memory" });
      using plan = await device.plan("distances", (rec) => {
        const batch = model.inputs(rec, lengths);
        const outputs: Record<string, Tensor> = {};
        model.forward(rec, batch, {
          ...{ ...memory.recording, head: "hidden" },
          onDistances: (distances, layer) => outputs[`layer ${layer}`] = distances,
        });
        return { inputs: batch.inputs, outputs, kept: batch };
      });
      assertEquals(plan.outputNames, ["layer 0", "layer 1"]);
      const ids = Uint32Array.from({ length: 13 }, (_, i) => i % 5);
      let read = 0;
      for (const segment of new Batches(ids, lengths).segments()) {
        memory.run(plan, plan.kept, segment);
        const valid = Math.min(read, lengths.memLen);
        for (const values of Object.values(await plan.read(...plan.outputNames))) {
          assertEquals(values.length, 2 * 3 * 2);
          for (let row = 0; row < 6; row++) {
            const i = row % 3;
            const before = sameLength ? Math.min(valid + i, lengths.memLen) : valid + i;
            assertAlmostEquals(values[2 * row]!, before / 2, 1e-12);
            assertAlmostEquals(values[2 * row + 1]!, Math.max(0, before - i) / (before + 1), 1e-12);
          }
        }
        read += segment.rows;
      }
      assertEquals(read, 12);
    }
  });
}
