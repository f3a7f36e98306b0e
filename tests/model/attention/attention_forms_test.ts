/**
 * Whole models in both forms of attention: equal losses for every attention type.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type AttentionType,
  createModel,
  Memory,
  NO_DROPOUT,
  resolveModel,
} from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { trainSchema } from "@transformer-xl/train";

const [V, B, T, M] = [13, 2, 5, 6];
const LENGTHS = { batchSize: B, tgtLen: T, extLen: 1, memLen: M };
const device = new ReferenceDevice({ precision: "f64" });

/** Losses of two segments, the second one with memory. */
async function losses(attnType: AttentionType, form: "fused" | "materialized") {
  const section = trainSchema.parse({
    ...{ nLayer: 2, nHead: 2, dHead: 3, dModel: 8, dInner: 10, initStd: 0.4, projInitStd: 0.4 },
    ...{ attnType, clampLen: 7, sameLength: true },
  });
  const positionRows = T + 1 + M;
  const config = resolveModel({ ...section, cutoffs: [], positionRows }, V, []);
  using model = await createModel(device, config, { seed: 3 });
  using memory = new Memory(device, model, LENGTHS, "memory");
  const names = new Set<string>();
  using plan = await device.plan("losses", (rec) => {
    const batch = model.inputs(rec, LENGTHS);
    const forward = { lengths: LENGTHS, memory, drop: NO_DROPOUT, differentiate: false, form };
    const { nll } = model.forward(rec, batch, forward);
    for (const { name } of rec.nodes) names.add(name);
    return { inputs: batch.inputs, outputs: { nll }, kept: batch };
  });
  assertEquals(names.has("fused_attention"), form === "fused");
  const both: number[] = [];
  for (const start of [0, T]) {
    const ids = (from: number, rows: number) =>
      Uint32Array.from({ length: rows * B }, (_, i) => (5 * from + 3 * i) % V);
    const segment = {
      inputs: ids(start, T + 1),
      targets: ids(start + 2, T),
      ...{ rows: T + 1, targetRows: T, columns: B, start, scored: true },
    };
    plan.run(plan.kept.values(segment, memory, { chunks: 1, seed: 7, step: 2, stream: 1 }));
    memory.advance(T + 1);
    both.push(...(await plan.read("nll")).nll);
  }
  return both;
}

for (const attnType of [0, 1, 2, 3] as const) {
  Deno.test(`a model of attention type ${attnType} has the same losses in both forms`, async () => {
    const [fused, materialized] = [
      await losses(attnType, "fused"),
      await losses(attnType, "materialized"),
    ];
    fused.forEach((loss, i) => assertAlmostEquals(loss, materialized[i]!, 1e-11));
  });
}
