/**
 * One recording of the network with a memory of its own, run segment after segment.
 *
 * @module
 */
import type { BatchInputs, DropoutSource, Lengths, Memory, Segment } from "@transformer-xl/model";
import {
  backward,
  type HostArray,
  type Input,
  type Plan,
  type PlanInputs,
  type RunValues,
  type Tensor,
} from "@transformer-xl/runtime";
import type { GoldenModel } from "./golden_model.ts";

/** How a recording is made. */
export interface SegmentPlanOptions {
  /** Records the gradients too. */
  readonly differentiate: boolean;
  /** Keeps values inside the network. */
  readonly intermediates?: boolean;
  /** Sites that drop, by name, with the elements of their masks. */
  readonly maskSizes?: ReadonlyMap<string, number>;
}

/** Numbers of one run. */
export interface SegmentRunOptions {
  /** Batch chunks of the step: each counts 1 / chunks. */
  readonly chunks?: number;
  /** Keep masks, by site. */
  readonly masks?: ReadonlyMap<string, Uint32Array<ArrayBuffer>>;
}

/** A compiled recording, and how to run it. */
export class SegmentPlan implements Disposable {
  /** The recording. */
  readonly plan: Plan<PlanInputs, { readonly nll: Tensor }, BatchInputs>;
  readonly #memory: Memory;

  private constructor(plan: SegmentPlan["plan"], memory: Memory) {
    this.plan = plan;
    this.#memory = memory;
  }

  /** Records and compiles. The memory may be shared with other recordings of the same lengths. */
  static async record(
    { device, model, store }: GoldenModel,
    lengths: Lengths,
    memory: Memory,
    { differentiate, intermediates = false, maskSizes = new Map() }: SegmentPlanOptions,
  ): Promise<SegmentPlan> {
    const plan = await device.plan("golden segment", (rec) => {
      const batch = model.inputs(rec, lengths);
      const masks: Record<string, Input<"u32">> = {};
      for (const [site, size] of maskSizes) masks[maskName(site)] = rec.input(site, [size], "u32");
      const drop: DropoutSource = (site, rate) => {
        const keep = masks[maskName(site)];
        return keep && { rate, mask: { kind: "given", keep } };
      };
      const { nll, parts } = model.forward(rec, batch, { lengths, memory, drop, differentiate });
      if (differentiate) {
        const one = (part: Tensor) => new Float32Array(part.size).fill(1);
        const seeds = parts.map((part) =>
          [part, rec.constant("one", part.shape, "f32", one(part))] as const
        );
        backward(rec, seeds, store.packed);
      }
      const inputs: PlanInputs = { ...batch.inputs, ...masks };
      return { inputs, outputs: { nll }, kept: batch };
    }, { intermediates });
    return new SegmentPlan(plan, memory);
  }

  /**
   * Runs one segment, adding to the gradients where they are recorded, and advances the memory.
   *
   * @returns nll of the segment, [T, B]
   */
  async run(segment: Segment, { chunks = 1, masks }: SegmentRunOptions = {}): Promise<HostArray> {
    const numbers = { chunks, seed: 0, step: 0, stream: 0 };
    const given = Object.fromEntries(
      [...masks ?? []].map(([site, keep]) => [maskName(site), keep] as const),
    );
    const values = { ...this.plan.kept.values(segment, this.#memory, numbers), ...given };
    this.plan.run(values as RunValues<PlanInputs>);
    this.#memory.advance(segment.rows);
    return (await this.plan.read("nll")).nll.subarray(0, segment.targets.length);
  }

  /** Frees the recording; the memory belongs to the caller. */
  [Symbol.dispose](): void {
    this.plan[Symbol.dispose]();
  }
}

function maskName(site: string): string {
  return `mask ${site}`;
}

/** Rows of memory that are filled, [L, m, B, D]. */
export async function filledMemory(memory: Memory): Promise<Float64Array<ArrayBuffer>> {
  const layers = await memory.read();
  const size = layers[0]?.length ?? 0;
  const all = new Float64Array(layers.length * size);
  layers.forEach((layer, l) => all.set(layer, l * size));
  return all;
}
