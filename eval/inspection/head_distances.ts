/**
 * Distances of attention over a text: how far every head of every layer looks, as the mean over the
 * tokens that see a full memory.
 *
 * @module
 */
import {
  allLengths,
  type BatchInputs,
  type CacheChoice,
  InferenceMemory,
  type LengthSettings,
  type Model,
  type SegmentSource,
} from "@transformer-xl/model";
import type { Plan, PlanInputs, Tensor } from "@transformer-xl/runtime";

/** How far one head looks. */
export interface HeadDistance {
  /** Mean distance of what it attends to, in rows: 0 is the token itself. */
  readonly distance: number;
  /** Share of its attention that falls on the memory, 0 to 1. */
  readonly inMemory: number;
}

/** How far all heads look. */
export interface HeadDistances {
  /** By layer and head. */
  readonly layers: readonly (readonly HeadDistance[])[];
  /** Tokens that were counted. */
  readonly tokens: number;
}

type DistancePlan = Plan<PlanInputs, Record<string, Tensor>, BatchInputs>;

/**
 * Runs a text through a model and measures its attention. Every segment leaves two numbers per token
 * and head on the device, which are read there; probabilities stay there.
 *
 * @param from first row whose segment is counted
 * @throws {ConfigError} when keys of memory rows are asked for and do not stay right
 * @throws {DeviceError} when memory is short
 */
export async function headDistances(
  model: Model,
  batches: SegmentSource,
  settings: LengthSettings,
  { cache, from }: { readonly cache?: CacheChoice; readonly from: number },
): Promise<HeadDistances> {
  const { nLayer, nHead } = model.config;
  const lengths = allLengths(settings);
  using memory = await InferenceMemory.open(model, lengths, { label: "inspected memory", cache });
  using plan: DistancePlan = await model.device.plan("distances of attention", (rec) => {
    const batch = model.inputs(rec, lengths);
    const outputs: Record<string, Tensor> = {};
    model.forward(rec, batch, {
      ...{ ...memory.recording, head: "hidden" },
      onDistances: (distances, layer) => outputs[`layer ${layer}`] = distances,
    });
    return { inputs: batch.inputs, outputs, kept: batch };
  });
  const queries = lengths.extLen + lengths.tgtLen;
  const sums = Array.from({ length: nLayer * nHead }, () => ({ distance: 0, inMemory: 0 }));
  let tokens = 0;
  for (const segment of batches.segments()) {
    memory.run(plan, plan.kept, segment);
    if (segment.start < from) continue;
    tokens += segment.targetRows * segment.columns;
    const layers = await plan.read(...plan.outputNames);
    const first = segment.rows - segment.targetRows;
    plan.outputNames.forEach((name, l) => {
      const values = layers[name]!; // [B, N, Q, 2]
      for (let head = 0; head < segment.columns * nHead; head++) {
        const sum = sums[l * nHead + head % nHead]!;
        for (let i = first; i < segment.rows; i++) {
          sum.distance += values[2 * (head * queries + i)]!;
          sum.inMemory += values[2 * (head * queries + i) + 1]!;
        }
      }
    });
  }
  const layers = Array.from(
    { length: nLayer },
    (_, l) =>
      sums.slice(l * nHead, (l + 1) * nHead).map(({ distance, inMemory }) => ({
        distance: distance / tokens,
        inMemory: inMemory / tokens,
      })),
  );
  return { layers, tokens };
}
