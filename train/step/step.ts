/**
 * A training step as two recordings: the gradients of one batch chunk, and the update. The first
 * runs once per chunk and accumulates gradients; the second clips them, updates the weights and
 * clears the gradients. Losses and norms stay on the device, in rings.
 *
 * @module
 */
import {
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
  philoxDropout,
  type TransformerXL,
} from "@transformer-xl/model";
import {
  backward,
  type Device,
  type ParameterStore,
  type Plan,
  type PlanInputs,
  type PlanOutputs,
} from "@transformer-xl/runtime";
import type { MetricRings } from "./metric_rings.ts";

/** Settings of a step. */
export interface StepSettings {
  /** Lengths of all columns of this process. */
  readonly lengths: Lengths;
  /** Batch chunks: gradients are summed over them, memory is kept per chunk. */
  readonly batchChunk: number;
  /** Optimizer and its hyperparameters. */
  readonly optimizer: OptimizerChoice;
  /** Largest global gradient norm. */
  readonly clip: number;
  /** Seed of the dropout masks. */
  readonly seed: number;
  /** Loss scale of half precision: fixed, or dynamic. */
  readonly lossScale?: number | "dynamic";
  /** Elements of the gradient that processes exchange at once; those of 8 MB by default. */
  readonly bucketLength?: number;
  /** Steps whose losses are kept on the device until they are read. */
  readonly ringSize: number;
}

/** Objects used by a step. */
export interface StepParts {
  /** Device. */
  readonly device: Device;
  /** Model. */
  readonly model: TransformerXL;
  /** Its parameters, with gradients. */
  readonly store: ParameterStore;
  /** Optimizer with its states. */
  readonly optimizer: Optimizer;
  /** Loss scale; undefined without scaling. */
  readonly lossScale: LossScale | undefined;
  /** Metrics read at log intervals. */
  readonly rings: MetricRings;
}

/** The recording of one batch chunk, with the memory of its columns. */
export interface GradientPlan {
  /** Forward and backward. */
  readonly plan: Plan<PlanInputs, PlanOutputs>;
  /** Inputs of the plan. */
  readonly inputs: BatchInputs;
  /** Memory it reads and writes. */
  readonly memory: Memory;
}

/** Records forward and backward of batch chunk `chunk`: loss into the ring, gradients added. */
export async function recordGradients(
  { device, model, store, lossScale, rings }: StepParts,
  settings: StepSettings,
  chunk: number,
): Promise<GradientPlan> {
  const batchSize = settings.lengths.batchSize / settings.batchChunk;
  const lengths = { ...settings.lengths, batchSize };
  const memory = new Memory(device, model, lengths, `memory ${chunk}`);
  let inputs!: BatchInputs;
  const plan = await device.plan(`gradients ${chunk}`, (rec) => {
    inputs = model.inputs(rec, lengths);
    const slot = rec.scalar("slot");
    const { nll, parts } = model.forward(rec, inputs, {
      lengths,
      memory,
      drop: philoxDropout(inputs.random),
      differentiate: true,
      ...(lossScale && { lossScale: lossScale.state }),
    }); // [T B, 1]
    const loss = sum(rec, nll);
    storeScalar(rec, rings.losses, slot, loss, { scale: inputs.weight, accumulate: chunk > 0 });

    const one = rec.constant("one", [nll.size], "f32", new Float32Array(nll.size).fill(1));
    backward(rec, parts.map((part) => [part, one]), store.packed);
    const all: PlanInputs = { ...inputs.inputs, slot };
    return { inputs: all, outputs: {} };
  });
  return { plan, inputs, memory };
}

/** Records norm, clipping, optimizer and the rule of the loss scale; clears the gradients. */
export function recordOptimizer(
  { device, store, optimizer, lossScale, rings }: StepParts,
  { clip }: StepSettings,
): Promise<Plan<PlanInputs, PlanOutputs>> {
  return device.plan("update", (rec) => {
    const slot = rec.scalar("slot");
    const { inputs, outputs } = recordUpdate(rec, store, optimizer, {
      clip,
      ...(lossScale && { lossScale }),
    });
    storeScalar(rec, rings.norms, slot, outputs.gradNorm);
    storeScalar(rec, rings.applied, slot, outputs.applied);
    storeScalar(rec, rings.scales, slot, outputs.lossScale);
    const all: PlanInputs = { ...inputs, slot };
    return { inputs: all, outputs: {} };
  });
}
