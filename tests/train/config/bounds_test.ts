/**
 * Bounds of all numbers and paths of a configuration.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { evalSchema } from "@transformer-xl/eval";
import { Model, REMEDIES, resolveModel, TransformerXL } from "@transformer-xl/model";
import {
  ConfigError,
  DeviceError,
  DryDevice,
  flagSpecs,
  ParameterStore,
  parseFlags,
  PORTABLE_LIMITS,
  remedySentence,
} from "@transformer-xl/runtime";
import {
  checkFits,
  checkTrainConfig,
  footprint,
  footprintLines,
  modelOf,
  stepOptions,
  trainLengths,
  trainSchema,
  TrainStep,
} from "@transformer-xl/train";
import { smallConfig } from "../../support/small_run.ts";

for (const [program, schema] of [["train", trainSchema], ["eval", evalSchema]] as const) {
  Deno.test(`every number of ${program} has an upper and a lower bound`, () => {
    for (const { name, metavar, arity } of flagSpecs(schema)) {
      if (!/INT|FLOAT/.test(metavar) && !["gpus"].includes(name)) continue;
      for (const value of ["1e39", "-1e39", "1e400"]) {
        const { message } = assertThrows(
          () => parseFlags(schema, [`--${name}`, value]),
          ConfigError,
        );
        assertStringIncludes(message, `--${name}: got "${value}", want`);
        if (arity === "one") assert(/[<>]=? /.test(message), message);
      }
    }
  });

  Deno.test(`every path of ${program} refuses an empty value and a NUL character`, () => {
    const paths = flagSpecs(schema).filter(({ metavar }) => /PATH|FILE|DIR/.test(metavar));
    assert(paths.length >= 3);
    for (const { key, name, flagOnly } of paths) {
      for (const words of [[`--${name}=`], [`--${name}`, ""]]) {
        assertThrows(() => parseFlags(schema, words), ConfigError, `--${name}: got ""`);
      }
      const nul = "a\0b";
      assertThrows(
        () =>
          flagOnly
            ? parseFlags(schema, [`--${name}`, nul])
            : parseFlags(schema, [], { file: { [key]: nul } }),
        ConfigError,
        "a path has no NUL character",
      );
    }
  });
}

Deno.test("values that would take all memory are refused as flags", () => {
  for (const [flag, value] of [["ext_len", 5e9], ["n_layer", 1e5], ["d_embed", 4e7]] as const) {
    assertThrows(
      () => parseFlags(trainSchema, [`--${flag}`, String(value)]),
      ConfigError,
      `Cannot parse --${flag}: got "${value}", want an integer`,
    );
  }
});

Deno.test("a run of many batch chunks takes what its recording takes", async () => {
  const config = smallConfig({ batchSize: 10, batchChunk: 5, noEval: true });
  const model = modelOf(config, 100, []);
  const counted = await footprint(config, model, PORTABLE_LIMITS);
  const device = new DryDevice(PORTABLE_LIMITS);
  const network = new Model(device, model);
  network.store.allocate(device, { gradients: true });
  const share = { rank: 0, size: 1 };
  const lengths = trainLengths(config, share);
  const step = await TrainStep.record(network, lengths, stepOptions(config, share));
  const tokens = 10 * config.tgtLen;
  const { flops, bytes } = step.cost();
  assertEquals(counted.launches, step.plans.reduce((sum, plan) => sum + plan.launchCount, 0));
  assertEquals(counted.bytes, new Map(device.liveBytesByRole));
  assertAlmostEquals(counted.flopsPerToken, flops / tokens, 1e-6);
  assertAlmostEquals(counted.bytesPerToken, bytes / tokens, 1e-6);
  const evaluating = await footprint({ ...config, noEval: false }, model, PORTABLE_LIMITS);
  const two = { ...config, batchSize: 4, batchChunk: 2 };
  const [alone, both] = await Promise.all(
    [true, false].map(async (noEval) =>
      (await footprint({ ...two, noEval }, model, PORTABLE_LIMITS)).bytes
    ),
  );
  for (const [role, size] of evaluating.bytes) {
    assertEquals(size - counted.bytes.get(role)!, both!.get(role)! - alone!.get(role)!, role);
  }
});

Deno.test("an evaluation that the device cannot bind is named beside the numbers of training", async () => {
  const config = smallConfig({ evalBatchSize: 512, noEval: false });
  const model = modelOf(config, 100, []);
  const limits = { ...PORTABLE_LIMITS, maxBindingBytes: 2 ** 18 };
  const counted = await footprint(config, model, limits);
  const training = await footprint({ ...config, noEval: true }, model, limits);
  assertEquals(counted.bytes, training.bytes);
  assertMatch(
    footprintLines(counted).at(-1)!,
    /^evaluation does not fit .* lower --eval_batch_size/,
  );
  const device = { budgetBytes: 2 ** 40, limits };
  assertThrows(() => checkFits(counted, device), DeviceError, "Cannot evaluate 512 columns");
  checkFits(training, device);
});

Deno.test("the largest dry runs are planned in seconds", async () => {
  for (const [nLayer, batchChunk] of [[256, 8], [1, 2048]] as const) {
    const config = smallConfig({ nLayer, batchChunk, batchSize: batchChunk });
    checkTrainConfig(config);
    const startMs = performance.now();
    const { launches } = await footprint(config, modelOf(config, 100, []), PORTABLE_LIMITS);
    assert(launches > 40 * nLayer * batchChunk);
    assert(performance.now() - startMs < 20_000); // 2 s on two cores without other load
  }
});

Deno.test("a seed has 32 bits", () => {
  assertEquals(parseFlags(trainSchema, ["--seed", "4294967295"]).config.seed, 4294967295);
  assertThrows(
    () => parseFlags(trainSchema, ["--seed", "4294967296"]),
    ConfigError,
    "want an integer >= 0 and <= 4294967295",
  );
});

Deno.test("an embedding row that exceeds one binding is refused in one sentence", () => {
  const config = resolveModel(smallConfig({ dEmbed: 2 ** 18 }), 100, []);
  const limits = { ...PORTABLE_LIMITS, maxBindingBytes: 2 ** 19 };
  const error = assertThrows(
    () => new TransformerXL(new ParameterStore(), config, limits),
    DeviceError,
  );
  assertStringIncludes(remedySentence(error, REMEDIES), "binds; lower --d_embed");
});
