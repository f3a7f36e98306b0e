/**
 * One optimizer step as a plan of its own, fed with gradients by name, on any device.
 *
 * @module
 */
import {
  type Covers,
  type Device,
  type FlatBuffers,
  gradientsOf,
  type HostArray,
  type ParameterLayout,
  type ParameterStore,
  readParameters,
  weightsOf,
  writeParameters,
} from "@transformer-xl/runtime";
import {
  openOptimizer,
  type OptimizerChoice,
  recordUpdate,
  type RoleOf,
} from "@transformer-xl/kernels";

/** Values by parameter. */
export type Named = Readonly<Record<string, Float64Array<ArrayBuffer>>>;

/** What a step leaves behind. */
export interface AfterStep {
  /** Reported norm. */
  readonly norm: number;
  /** Reported flag. */
  readonly applied: number;
  /** Weights by parameter. */
  readonly weights: Readonly<Record<string, HostArray>>;
  /** States of the optimizer: values by parameter, by state. */
  readonly states: Readonly<Record<string, Readonly<Record<string, HostArray>>>>;
  /** Gradients after the step. */
  readonly gradients: Readonly<Record<string, HostArray>>;
}

/** What an update is recorded with. */
export interface UpdateSettings {
  /** Optimizer. */
  readonly optimizer: OptimizerChoice;
  /** Largest gradient norm. */
  readonly clip: number;
  /** Parameters that are clipped. */
  readonly clips?: Covers;
  /** Roles of the parameters. */
  readonly roleOf?: RoleOf;
}

/** A store with an update; owns optimizer states and plan. */
export interface Updater extends Disposable {
  /** Runs step after step: gradients in, update, everything out. */
  step(gradients: Named, lr: number, sparseLr?: number): Promise<AfterStep>;
}

/** Records an update of `store`, whose weights start at `initial`. */
export async function openUpdater(
  device: Device,
  store: ParameterStore,
  initial: Named,
  { optimizer: choice, roleOf, ...options }: UpdateSettings,
): Promise<Updater> {
  const optimizer = openOptimizer(device, store, choice, roleOf);
  const plan = await device.plan("update", (rec) => recordUpdate(rec, store, optimizer, options));
  const read = async (buffers: FlatBuffers, layout: ParameterLayout = store) => {
    const values: Record<string, HostArray> = {};
    for await (const [{ name }, array] of readParameters(device, layout, buffers)) {
      values[name] = array;
    }
    return values;
  };
  writeParameters(device, store, weightsOf(store), ({ name }) => initial[name]!);
  let t = 0;
  return {
    async step(gradients, lr, sparseLr) {
      t++;
      writeParameters(device, store, gradientsOf(store), ({ name }) => gradients[name]!);
      plan.run(optimizer.scalars(t, lr, sparseLr));
      const { gradNorm, applied } = await plan.read("gradNorm", "applied");
      const states: Record<string, Record<string, HostArray>> = {};
      for (const [state, { layout, buffers }] of Object.entries(optimizer.states)) {
        states[state] = await read(buffers, layout);
      }
      return {
        norm: gradNorm[0]!,
        applied: applied[0]!,
        weights: await read(weightsOf(store)),
        states,
        gradients: await read(gradientsOf(store)),
      };
    },
    [Symbol.dispose]() {
      plan[Symbol.dispose]();
      optimizer[Symbol.dispose]();
    },
  };
}
