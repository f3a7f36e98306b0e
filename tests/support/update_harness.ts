/**
 * One optimizer step as a plan of its own, fed with gradients by name, on any device.
 *
 * @module
 */
import {
  type Device,
  gradientsOf,
  type HostArray,
  type ParameterStore,
  readLogical,
  weightsOf,
  writeLogical,
} from "@transformer-xl/runtime";
import { Moments, recordUpdate, type UpdateOptions } from "@transformer-xl/kernels";

/** Values by logical tensor. */
export type Named = Readonly<Record<string, Float64Array<ArrayBuffer>>>;

/** What a step leaves behind. */
export interface AfterStep {
  /** Reported norm. */
  readonly norm: number;
  /** Reported flag. */
  readonly applied: number;
  /** Weights by logical tensor. */
  readonly weights: Readonly<Record<string, HostArray>>;
  /** First moments. */
  readonly m: Readonly<Record<string, HostArray>>;
  /** Second moments. */
  readonly v: Readonly<Record<string, HostArray>>;
  /** Gradients after the step. */
  readonly gradients: Readonly<Record<string, HostArray>>;
}

/** A store with an update; owns moments and plan. */
export interface Updater extends Disposable {
  /** Runs step after step: gradients in, update, everything out. */
  step(gradients: Named, lr: number): Promise<AfterStep>;
}

/** Records an update of `store`, whose weights start at `initial`. */
export async function openUpdater(
  device: Device,
  store: ParameterStore,
  initial: Named,
  options: Pick<UpdateOptions, "optimizer" | "clip">,
): Promise<Updater> {
  const moments = new Moments(device, store);
  const plan = await device.plan("update", (rec) => {
    const lr = rec.scalar("lr");
    const biasCorrection1 = rec.scalar("1 - beta1^t");
    const biasCorrection2 = rec.scalar("1 - beta2^t");
    const scalars = { lr, biasCorrection1, biasCorrection2 };
    return {
      inputs: scalars,
      outputs: recordUpdate(rec, store, moments, { ...options, ...scalars }),
    };
  });
  const read = async (buffers: Parameters<typeof readLogical>[2]) => {
    const values: Record<string, HostArray> = {};
    for await (const [{ name }, array] of readLogical(device, store, buffers)) values[name] = array;
    return values;
  };
  writeLogical(device, store, weightsOf(store), ({ name }) => initial[name]!);
  const [beta1, beta2] = options.optimizer.betas ?? [0.9, 0.999];
  let t = 0;
  return {
    async step(gradients, lr) {
      t++;
      writeLogical(device, store, gradientsOf(store), ({ name }) => gradients[name]!);
      plan.run({ lr, biasCorrection1: 1 - beta1 ** t, biasCorrection2: 1 - beta2 ** t });
      const { gradNorm, applied } = await plan.read("gradNorm", "applied");
      return {
        norm: gradNorm[0]!,
        applied: applied[0]!,
        weights: await read(weightsOf(store)),
        m: await read(moments.m),
        v: await read(moments.v),
        gradients: await read(gradientsOf(store)),
      };
    },
    [Symbol.dispose]() {
      plan[Symbol.dispose]();
      moments[Symbol.dispose]();
    },
  };
}
