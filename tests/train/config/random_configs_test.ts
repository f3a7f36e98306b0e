/**
 * Random small configurations of model and training: what the schema accepts is recorded, runs, and
 * equals the float64 loops; what is rejected names the field and the rule.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { OPTIMIZERS } from "@transformer-xl/kernels";
import { assertCutoffs, type Corpus, modelFields, REMEDIES } from "@transformer-xl/model";
import { ConfigError, type Device, ReferenceDevice } from "@transformer-xl/runtime";
import {
  checkTrainConfig,
  modelOf,
  type TrainConfig,
  Trainer,
  trainSchema,
} from "@transformer-xl/train";
import fc from "fast-check";
import { smallCorpus } from "../../support/small_run.ts";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";

/** Configurations that are tried; more with `TXL_CONFIGS=1000`. */
const COUNT = Number(Deno.env.get("TXL_CONFIGS") ?? 100);
const ON_THE_ADAPTER = Math.ceil(COUNT / 20);
const SEED = 20191127;

/** Values of every drawn field; some exclude each other. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  compat: ["none", "head", "2019"],
  nLayer: [1, 2],
  nHead: [1, 2, 3],
  dHead: [1, 4, 5],
  dEmbed: [-1, 8, 4, 6],
  dModel: [8, 12],
  dInner: [1, 16],
  dropout: [0, 0.3],
  dropatt: [0, 0.2],
  preLnorm: [false, true],
  attnType: [0, 0, 1, 2, 3],
  attnForm: ["auto", "fused", "recomputed", "materialized"],
  notTied: [false, true],
  clampLen: [-1, 3],
  sameLength: [false, true],
  adaptive: [true, true, true, true, false],
  cutoffs: [[], [10], [5, 12, 20]],
  divVal: [1, 2],
  init: ["normal", "uniform"],
  initRange: [0.1],
  initStd: [0.02, 0.2],
  projInitStd: [0.01, 0.1],
  embInit: ["normal", "uniform"],
  embInitRange: [0.01, 0.1],

  optim: Object.keys(OPTIMIZERS),
  mom: [0, 0, 0, 0, 0, 0.5],
  lr: [1e-4],
  scheduler: ["cosine", "inv_sqrt", "dev_perf", "constant"],
  warmupStep: [0, 2],
  weightDecay: [0, 0, 0, 0, 0.1],
  clip: [0.25, 1e9],
  batchSize: [4, 2],
  batchChunk: [1, 2],
  tgtLen: [4, 5],
  extLen: [0, 0, 2],
  memLen: [0, 4, 7],
  roll: [false, true],
  evalTgtLen: [4, 3],
  varlen: [false, false, true],
  swapMem: [false, true],
  clipNonemb: [false, true],
  sampleSoftmax: [-1, -1, 4],
  untieR: [false, false, false, true],
};

/** Values that are wrong by themselves, or with any of the others. */
const WRONG: readonly (readonly [string, unknown])[] = [
  ["nLayer", 0],
  ["dModel", 7],
  ["dropout", 1],
  ["attnType", 4],
  ["clampLen", -2],
  ["cutoffs", [20, 5]],
  ["cutoffs", [10_000]],
  ["divVal", 64],
  ["batchChunk", 3],
  ["evalTgtLen", 99],
  ["optim", "rprop"],
];

const settings: fc.Arbitrary<Record<string, unknown>> = fc.record(
  Object.fromEntries(Object.entries(VALUES).map(([key, all]) => [key, fc.constantFrom(...all)])),
);

/** Settings, one time in four with a wrong value. */
const drawn = fc.tuple(
  settings,
  fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 3 },
    { arbitrary: fc.constantFrom(...WRONG), weight: 1 },
  ),
).map(([values, wrong]) => wrong === undefined ? values : { ...values, [wrong[0]]: wrong[1] });

/** What a run reports: losses and gradient norms of the steps, and the loss of the validation. */
interface Numbers {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly validation: number;
}

/** Two steps and an evaluation. */
async function numbersOf(device: Device, config: TrainConfig, corpus: Corpus): Promise<Numbers> {
  const model = modelOf(config, corpus.vocabulary.size, config.cutoffs);
  using trainer = await Trainer.create(device, config, model, corpus);
  const losses: number[] = [];
  const norms: number[] = [];
  let validation = NaN;
  for await (const event of trainer.train(new AbortController().signal)) {
    if (event.kind === "eval") validation = event.result.lossNats;
    if (event.kind !== "log") continue;
    for (const { lossNats, gradientNorm } of event.metrics) {
      losses.push(lossNats);
      norms.push(gradientNorm);
    }
  }
  return { losses, norms, validation };
}

/** A checked configuration, or the error that a user gets. */
function checked(values: Record<string, unknown>, corpus: Corpus): TrainConfig | ConfigError {
  const parsed = trainSchema.safeParse({
    ...values,
    ...{ maxStep: 2, logInterval: 1, evalInterval: 2, evalBatchSize: 2, evalMaxSteps: 6, seed: 3 },
    noTest: true,
  });
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      assert(typeof path[0] === "string" && path[0] in VALUES, `no field of ${message}`);
      assert(message.length > 0);
    }
    return new ConfigError(`Cannot use --${String(parsed.error.issues[0]!.path[0])}`);
  }
  try {
    checkTrainConfig(parsed.data);
    assertCutoffs(parsed.data.cutoffs, corpus.vocabulary.size);
    modelOf(parsed.data, corpus.vocabulary.size, parsed.data.cutoffs);
    return parsed.data;
  } catch (error) {
    assert(error instanceof ConfigError, String(error));
    return error;
  }
}

const relative = (got: number, want: number) => Math.abs(got - want) / Math.max(1, Math.abs(want));

/** Runs a configuration on `device` and in float64; both give the same numbers. */
async function equalsFloat64(device: Device, config: TrainConfig, corpus: Corpus): Promise<void> {
  using exact = new ReferenceDevice({ precision: "f64" });
  const [got, want] = [
    await numbersOf(device, config, corpus),
    await numbersOf(exact, config, corpus),
  ];
  assertEquals([got.losses.length, want.losses.length], [2, 2]);
  assertLess(relative(got.losses[0]!, want.losses[0]!), 1e-5, "loss of step 1");
  assertLess(relative(got.norms[0]!, want.norms[0]!), 1e-4, "gradient norm of step 1");
  // A first step has the size of the rate even where a gradient is nothing but rounding.
  assertLess(relative(got.losses[1]!, want.losses[1]!), 1e-3, "loss of step 2");
  assertLess(relative(got.validation, want.validation), 1e-3, "validation loss");
}

/** Tries `count` configurations on a device; returns how many were accepted and rejected. */
async function tryConfigs(
  count: number,
  open: () => Promise<Device>,
  changed: Partial<TrainConfig> = {},
): Promise<{ accepted: number; rejected: number }> {
  const corpus = await smallCorpus(200);
  const tried = { accepted: 0, rejected: 0 };
  await fc.assert(
    fc.asyncProperty(drawn, async (values) => {
      const config = checked(values, corpus);
      if (config instanceof ConfigError) {
        tried.rejected++;
        const remedies = [config.need ?? []].flat().map((need) => REMEDIES[need]);
        assertMatch(
          [config.message, ...remedies].join(" "),
          /--[a-z_A-Z]+/,
          "an error names the flag",
        );
        return;
      }
      tried.accepted++;
      await equalsFloat64(await open(), { ...config, ...changed }, corpus);
    }),
    { numRuns: count, seed: SEED, endOnFailure: true },
  );
  return tried;
}

Deno.test("random configurations draw every setting of the model", () => {
  assertEquals(Object.keys(modelFields).filter((key) => !(key in VALUES)), []);
});

Deno.test("random accepted configurations equal the float64 loops", async () => {
  using loops = new ReferenceDevice({ precision: "f32" });
  const { accepted, rejected } = await tryConfigs(COUNT, () => Promise.resolve(loops));
  assert(accepted >= COUNT / 6 && rejected > 0, `${accepted} accepted, ${rejected} rejected`);
});

gpuTest("random accepted configurations equal the float64 loops on the adapter", async () => {
  // A software driver compiles each variant of the fused derivative for long.
  const changed = { attnForm: "auto" } as const;
  const { accepted } = await tryConfigs(ON_THE_ADAPTER * 2, openTestGpu, changed);
  assert(accepted > 0);
});
