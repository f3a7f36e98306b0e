/**
 * Kinds `optimizer` and `clip`: the update on given gradients.
 *
 * @module
 */
import {
  openOptimizer,
  type Optimizer,
  type OptimizerChoice,
  type OptimizerName,
  OPTIMIZERS,
  recordUpdate,
} from "@transformer-xl/kernels";
import {
  type Device,
  gradientsOf,
  ParameterStore,
  type Plan,
  type PlanInputs,
  readParameters,
  weightsOf,
  writeParameters,
} from "@transformer-xl/runtime";
import type { RecordOf } from "../case_schema.ts";
import type { Findings } from "../findings.ts";
import { type Floats, type GoldenCase, UnsupportedCase } from "../golden_case.ts";
import { readByName } from "../golden_model.ts";
import { limitFor, tolerancesOf } from "../tolerances.ts";

type UpdatePlan = Plan<PlanInputs, ReturnType<typeof recordUpdate>["outputs"]>;

/** Names of states in PyTorch. */
const STATE_NAMES: Readonly<Record<string, string>> = {
  m: "exp_avg",
  v: "exp_avg_sq",
  momentum: "momentum_buffer",
  sum: "sum",
};

/**
 * The rule a case names: that of 2019 by its semantics, by `compat`, or as `lamb2019`.
 *
 * @throws {UnsupportedCase} for rules that the product does not have
 */
export function optimizerOf(
  config: {
    readonly name: string;
    readonly compat?: number | undefined;
    readonly weight_decay?: number | undefined;
    readonly betas?: readonly [number, number] | undefined;
    readonly eps?: number | undefined;
    readonly mom?: number | undefined;
  },
  semantics: RecordOf<"optimizer">["semantics"],
): OptimizerChoice {
  const kind = config.name === "lamb2019" ? "lamb" : config.name;
  const is2019 = [semantics, String(config.compat)].includes("2019") || config.name === "lamb2019";
  if (config.compat !== undefined && config.compat !== 2019) {
    throw new UnsupportedCase(
      `compat ${config.compat} of optimizer "${config.name}" is not supported`,
    );
  }
  if (!Object.hasOwn(OPTIMIZERS, kind)) {
    throw new UnsupportedCase(
      `optimizer "${config.name}" is not supported, only ${Object.keys(OPTIMIZERS).join(", ")} are`,
    );
  }
  return {
    kind: kind as OptimizerName,
    weightDecay: config.weight_decay ?? 0,
    momentum: config.mom ?? 0,
    zeroRatio: is2019 ? 0 : 1,
    ...(config.betas && { betas: config.betas }),
    ...(config.eps !== undefined && { eps: config.eps }),
  };
}

/** Steps with stored gradients; parameters after each, states at the end. */
export async function checkOptimizer(
  device: Device,
  golden: GoldenCase,
  record: RecordOf<"optimizer">,
  findings: Findings,
): Promise<void> {
  const { sparse } = record;
  const choice = {
    ...optimizerOf(record.config, record.semantics),
    sparse: sparse !== undefined,
  };
  const limit = tolerancesOf(device, { id: record.id }).optimizer;
  using store = declare(golden, record.order, "init/");
  store.allocate(device, { gradients: true });
  using optimizer = openOptimizer(
    device,
    store,
    choice,
    sparse && (({ name }) => ({ kind: "embedding", sparse: sparse.names.includes(name) })),
  );
  using plan = await recordPlan(device, store, optimizer, Infinity);
  await write(device, golden, store, weightsOf(store), "init/");
  for (const [i, lr] of record.learning_rates.entries()) {
    await write(device, golden, store, gradientsOf(store), `step${i + 1}/grad/`);
    plan.run(optimizer.scalars(i + 1, lr, sparse?.learning_rates[i]));
    for (const [name, got] of await readByName({ device, store }, "weights")) {
      const want = await golden.floats(`step${i + 1}/param/${name}`);
      findings.compare("parameter", `step ${i + 1} ${name}`, got, want, limitFor(limit, want));
    }
  }
  for (const [state, { layout, buffers }] of Object.entries(optimizer.states)) {
    for await (const [{ name }, got] of readParameters(device, layout, buffers)) {
      const want = await golden.floats(`final/${STATE_NAMES[state]}/${name}`);
      findings.compare("state", `${state} ${name}`, got, want, limitFor(limit, want));
    }
  }
}

/**
 * Global norm and clipped gradients. Clipping is part of the update; with beta1 = 0 the first moment
 * is the clipped gradient, in both rules.
 */
export async function checkClip(
  device: Device,
  golden: GoldenCase,
  record: RecordOf<"clip">,
  findings: Findings,
): Promise<void> {
  const names = golden.under("in/grad/");
  const limits = tolerancesOf(device, { id: record.id });
  for (const kind of ["lamb", "adam"] as const) {
    for (const clip of record.clips) {
      // Names spell the number as the writer's language does: clip1000000000.0.
      const prefix = golden.names.map((name) => name.slice(0, Math.max(0, name.indexOf("/"))))
        .find((first) => /^clip./.test(first) && Number(first.slice(4)) === clip) ?? `clip${clip}`;
      using store = declare(golden, names, "in/grad/");
      store.allocate(device, { gradients: true });
      using optimizer = openOptimizer(device, store, { kind, betas: [0, 0.999] });
      using plan = await recordPlan(device, store, optimizer, clip);
      await write(device, golden, store, gradientsOf(store), "in/grad/");
      plan.run(optimizer.scalars(1, 0));
      const where = `clip ${clip} ${kind}`;
      const { gradNorm } = await plan.read("gradNorm");
      const norm = record.total_norm;
      findings.compareNumber("gradient norm", where, gradNorm[0]!, norm, limits.optimizer);
      const { layout, buffers } = optimizer.states["m"]!;
      for await (const [{ name }, got] of readParameters(device, layout, buffers)) {
        const want = await golden.floats(`${prefix}/grad/${name}`);
        const limit = limitFor(limits.optimizer, want);
        findings.compare("clipped gradient", `${where} ${name}`, got, want, limit);
      }
    }
  }
}

function declare(golden: GoldenCase, names: readonly string[], prefix: string): ParameterStore {
  const store = new ParameterStore();
  for (const name of names) {
    store.param(name, golden.shape(`${prefix}${name}`), { kind: "constant", value: 0 });
  }
  return store;
}

async function recordPlan(
  device: Device,
  store: ParameterStore,
  optimizer: Optimizer,
  clip: number,
): Promise<UpdatePlan> {
  return await device.plan("golden update", (rec) => {
    const { inputs, outputs } = recordUpdate(rec, store, optimizer, { clip });
    return { inputs: inputs as PlanInputs, outputs };
  });
}

async function write(
  device: Device,
  golden: GoldenCase,
  store: ParameterStore,
  buffers: Parameters<typeof writeParameters>[2],
  prefix: string,
): Promise<void> {
  const stored = new Map<string, Floats>();
  for (const { name } of store.parameters) {
    stored.set(name, await golden.floats(`${prefix}${name}`));
  }
  writeParameters(device, store, buffers, ({ name }) => stored.get(name)!);
}
