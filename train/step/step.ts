/**
 * A training step as two recordings: the gradients of one batch chunk, and the update. The first
 * runs once per chunk and accumulates gradients; the second clips them, updates the weights and
 * clears the gradients. Losses and norms stay on the device, in rings.
 *
 * @module
 */
import {
  type AttentionForm,
  type LossScale,
  type Optimizer,
  type OptimizerChoice,
  recordUpdate,
  storeScalar,
  sum,
} from "@transformer-xl/kernels";
import {
  type BatchInputs,
  type Lengths,
  Memory,
  type Model,
  parameterRoles,
  philoxDropout,
} from "@transformer-xl/model";
import { backward, type Plan, type PlanInputs, type Scalar } from "@transformer-xl/runtime";
import type { MetricRings } from "./metric_rings.ts";
import { type Contexts, SwappedMemory } from "./swapped_memory.ts";

/** Settings of a step. */
export interface StepSettings {
  /** Batch chunks: gradients are summed over them, memory is kept per chunk. */
  readonly batchChunk: number;
  /** Whether memories are in host memory between steps; a step then runs asynchronously. */
  readonly swapMemory: boolean;
  /** Form in which attention is recorded (default `auto`). */
  readonly attentionForm?: AttentionForm;
  /** Optimizer and its hyperparameters. */
  readonly optimizer: OptimizerChoice;
  /** Largest global gradient norm. */
  readonly clip: number;
  /** Clip the embedding too, and count it in the norm (default); otherwise its gradients stay. */
  readonly clipsEmbedding: boolean;
  /** Seed of the dropout masks and of the sampled words. */
  readonly seed: number;
  /** Words sampled for the softmax; the whole softmax when absent. */
  readonly samples?: number;
  /** Loss scale of half precision: fixed, or dynamic. */
  readonly lossScale?: number | "dynamic";
  /** Elements of the gradient that processes exchange at once; those of 8 MB by default. */
  readonly bucketLength?: number;
  /** Steps whose losses are kept on the device until they are read. */
  readonly ringSize: number;
}

/** Objects used by a step. */
export interface StepParts {
  /** Model, with gradients. */
  readonly model: Model;
  /** Optimizer with its states. */
  readonly optimizer: Optimizer;
  /** Loss scale; undefined without scaling. */
  readonly lossScale: LossScale | undefined;
  /** Metrics read at log intervals. */
  readonly rings: MetricRings;
  /** Rows on the device of memories in host memory; undefined where these stay on the device. */
  readonly contexts: Contexts | undefined;
}

/** A part of a step: it writes its numbers into a slot of the rings. */
export type StepPlan<K> = Plan<PlanInputs & { readonly slot: Scalar }, Record<never, never>, K>;

/** The recording of one batch chunk, with the memory of its columns. */
export interface GradientPlan {
  /** Forward and backward. */
  readonly plan: StepPlan<BatchInputs>;
  /** Memory it reads and writes. */
  readonly memory: Memory | SwappedMemory;
}

/**
 * Records forward and backward of batch chunk `chunk`: loss into the ring, gradients added.
 *
 * @param lengths those of one chunk
 * @param settings whether the softmax is sampled, and the form of attention
 */
export async function recordGradients(
  { model, lossScale, rings, contexts }: StepParts,
  lengths: Lengths,
  chunk: number,
  { samples, attentionForm }: Pick<StepSettings, "samples" | "attentionForm">,
): Promise<GradientPlan> {
  const { device, store } = model;
  const memory = contexts === undefined
    ? new Memory(device, model, lengths, `memory ${chunk}`)
    : new SwappedMemory(model, lengths, contexts);
  const plan = await device.plan(`gradients ${chunk}`, (rec) => {
    const batch = model.inputs(rec, lengths, samples === undefined ? {} : { samples });
    const slot = rec.scalar("slot");
    const { nll, parts } = model.forward(rec, batch, {
      lengths,
      memory,
      drop: philoxDropout(batch.random),
      differentiate: true,
      form: attentionForm,
      ...(lossScale && { lossScale: lossScale.state }),
    }); // [T B, 1]
    const loss = sum(rec, nll);
    storeScalar(rec, rings.losses, slot, loss, { scale: batch.weight, accumulate: chunk > 0 });

    const one = rec.constant("one", [nll.size], "f32", new Float32Array(nll.size).fill(1));
    backward(rec, parts.map((part) => [part, one]), store.packed);
    return { inputs: { ...batch.inputs, slot }, outputs: {}, kept: batch };
  });
  return { plan, memory };
}

/** Records norm, clipping, optimizer and the rule of the loss scale; clears the gradients. */
export function recordOptimizer(
  { model: { config, device, store }, optimizer, lossScale, rings }: StepParts,
  { clip, clipsEmbedding }: StepSettings,
): Promise<StepPlan<undefined>> {
  const roleOf = parameterRoles(config);
  return device.plan("update", (rec) => {
    const slot = rec.scalar("slot");
    const { inputs, outputs } = recordUpdate(rec, store, optimizer, {
      clip,
      ...(!clipsEmbedding && { clips: (each) => roleOf(each).kind !== "embedding" }),
      ...(lossScale && { lossScale }),
    });
    storeScalar(rec, rings.norms, slot, outputs.gradNorm);
    storeScalar(rec, rings.applied, slot, outputs.applied);
    storeScalar(rec, rings.scales, slot, outputs.lossScale);
    return { inputs: { ...inputs, slot }, outputs: {} };
  });
}
