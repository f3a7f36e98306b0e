/**
 * Exported models of every kind of attention and of every softmax in ONNX Runtime.
 *
 * @module
 */
import { RankScorer } from "@transformer-xl/eval";
import {
  Batches,
  type Lengths,
  loadModel,
  type ModelSettings,
  type OnnxExport,
} from "@transformer-xl/model";
import { OnnxFile, ReferenceDevice } from "@transformer-xl/runtime";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { assertClose } from "../../support/compare.ts";
import {
  exportedModel,
  lossesOnDevice,
  savedModel,
  type SmallSettings,
  tokenLosses,
  TOKENS,
  withOnnxScorer,
} from "../../support/model/onnx_model.ts";
import { pythonWith, runPython } from "../../support/python/python_with.ts";
import { Scratch } from "../../support/small_run.ts";

/** The limit of a loss in float32 beside float64. */
const TOLERANCE = 1e-5;

const SHORT = { batchSize: 2, tgtLen: 5, extLen: 0, memLen: 7 };
const EXTENDED = { batchSize: 2, tgtLen: 5, extLen: 2, memLen: 5 };

/** The softmaxes. */
const HEADS = {
  "a whole softmax": {},
  "a narrow embedding": { dEmbed: 8 },
  "untied tables": { notTied: true, dEmbed: 8 },
  "clusters of one width": { adaptive: true, cutoffs: [8, 20] },
  "clusters of a narrow embedding": { adaptive: true, cutoffs: [8, 20], dEmbed: 8 },
  "narrower clusters": { adaptive: true, cutoffs: [8, 20], divVal: 2 },
  "narrower untied clusters": { adaptive: true, cutoffs: [8, 20], divVal: 2, notTied: true },
  "a cluster of no word": { adaptive: true, cutoffs: [8, 20], hasEmptyTail: true },
} as const satisfies Record<string, SmallSettings>;

/** Rules that change the attention. */
const RULES = {
  "the papers": {},
  "pre-norm and the same length": { preLnorm: true, sameLength: true, clampLen: 3 },
  "pre-norm of the reference": { preLnorm: true, compat: "head", clampLen: 3 },
  "the first release": { compat: "2019", sameLength: true },
} as const satisfies Record<string, Partial<ModelSettings>>;

/** Every kind with every rule; each softmax comes up twice, with different kinds. */
const CASES = ([0, 1, 2, 3] as const).flatMap((attnType) =>
  Object.entries(RULES).map(([rule, settings], i) => {
    const heads = Object.entries(HEADS);
    const [head, softmax] = heads[(4 * attnType + i + Math.floor(attnType / 2)) % heads.length]!;
    return {
      name: `attention type ${attnType}, ${rule}, ${head}`,
      settings: {
        ...settings,
        ...softmax,
        attnType,
        positionRows: 12,
        untieR: attnType === 0 && i > 1,
      },
      lengths: "compat" in settings ? SHORT : EXTENDED,
    };
  })
);

Deno.test("every attention and softmax gives the losses of float64 in ONNX Runtime", async () => {
  await using scratch = new Scratch();
  using device = new ReferenceDevice({ precision: "f64" });
  for (const [i, { name, settings, lengths }] of CASES.entries()) {
    const checkpoint = await savedModel(scratch.path, settings);
    const outputs = i % 2 === 0 ? "losses" : "both";
    const path = await exportedModel(checkpoint, { lengths, outputs, half: false });
    const got = await withOnnxScorer(path, lengths, tokenLosses);
    const want = await lossesOnDevice(device, checkpoint, lengths);
    assertClose(Float32Array.from(got), Float32Array.from(want), TOLERANCE, name);
  }
});

const SETTINGS: OnnxExport = { lengths: EXTENDED, outputs: "losses", half: false };

Deno.test("a file takes any batch and fewer rows, and without memory it has none", async () => {
  await using scratch = new Scratch();
  using device = new ReferenceDevice({ precision: "f64" });
  const checkpoint = await savedModel(scratch.path, HEADS["narrower clusters"]);
  const compare = async (path: string, lengths: Lengths) => {
    const got = await withOnnxScorer(path, lengths, tokenLosses);
    const want = await lossesOnDevice(device, checkpoint, lengths);
    assertClose(Float32Array.from(got), Float32Array.from(want), TOLERANCE, "losses");
  };
  const path = await exportedModel(checkpoint, SETTINGS);
  await compare(path, { ...EXTENDED, batchSize: 3 });
  await compare(path, { ...EXTENDED, tgtLen: 3 });
  const lengths = { ...SHORT, memLen: 0 };
  await compare(await exportedModel(checkpoint, { ...SETTINGS, lengths }), lengths);
});

Deno.test("log-probabilities of all words rank targets as the loops do", async () => {
  await using scratch = new Scratch();
  using device = new ReferenceDevice({ precision: "f64" });
  const checkpoint = await savedModel(scratch.path, HEADS["narrower untied clusters"]);
  const outputs = "log_probabilities";
  const path = await exportedModel(checkpoint, { ...SETTINGS, outputs });
  using model = await loadModel(device, checkpoint);
  using ranker = await RankScorer.open(model, EXTENDED);
  await withOnnxScorer(path, EXTENDED, async (scorer) => {
    for (const segment of new Batches(TOKENS, EXTENDED).segments()) {
      for (const each of [ranker, scorer]) each.run(segment);
      const [want] = await ranker.losses();
      const [got] = await scorer.losses();
      assertAlmostEquals(got!, want!, TOLERANCE);
      assertEquals(scorer.scores.ranks, ranker.scores.ranks);
    }
  });
});

Deno.test("a file in half precision gives losses of half precision", async () => {
  await using scratch = new Scratch();
  using device = new ReferenceDevice({ precision: "f64" });
  const checkpoint = await savedModel(scratch.path, HEADS["narrower clusters"]);
  const full = await Deno.stat(await exportedModel(checkpoint, SETTINGS));
  const path = await exportedModel(checkpoint, { ...SETTINGS, half: true });
  assert((await Deno.stat(path)).size < full.size);
  const got = await withOnnxScorer(path, EXTENDED, tokenLosses);
  const want = await lossesOnDevice(device, checkpoint, EXTENDED);
  assertClose(Float32Array.from(got), Float32Array.from(want), 2e-2, "losses");
  assert(got.some((loss, i) => Math.abs(loss - want[i]!) > TOLERANCE));
});

Deno.test("large weights lie in a second file, without which the first is refused", async () => {
  await using scratch = new Scratch();
  using device = new ReferenceDevice({ precision: "f64" });
  const checkpoint = await savedModel(scratch.path, {});
  const path = await exportedModel(checkpoint, { ...SETTINGS, externalFrom: 1000 });
  assert((await Deno.stat(`${path}.data`)).size > 4096);
  const got = await withOnnxScorer(path, EXTENDED, tokenLosses);
  const want = await lossesOnDevice(device, checkpoint, EXTENDED);
  assertClose(Float32Array.from(got), Float32Array.from(want), TOLERANCE, "losses");
  const isUnchanged = async () => {
    using file = await OnnxFile.open(path);
    return await file.isUnchanged();
  };
  assertEquals(await isUnchanged(), true);
  const data = await Deno.readFile(`${path}.data`);
  data[0]! ^= 1;
  await Deno.writeFile(`${path}.data`, data);
  assertEquals(await isUnchanged(), false);
});

const python = pythonWith("onnx");

Deno.test({
  name: "the checker of ONNX accepts every kind, precision, output and a second file",
  ignore: python === undefined,
  async fn() {
    await using scratch = new Scratch();
    const exports: Partial<OnnxExport>[] = [
      { half: true, outputs: "both" },
      { outputs: "log_probabilities", externalFrom: 1000 },
      {},
    ];
    const paths: string[] = [];
    for (const attnType of [0, 1, 2, 3] as const) {
      const folder = scratch.at(String(attnType));
      await Deno.mkdir(folder);
      const head = attnType === 0 ? HEADS["narrower clusters"] : {};
      const checkpoint = await savedModel(folder, { ...head, attnType, positionRows: 12 });
      paths.push(await exportedModel(checkpoint, { ...SETTINGS, ...exports[attnType % 3] }));
    }
    const script = `
import json, onnx, sys
for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
print(json.dumps([onnx.load(path).opset_import[0].version for path in sys.argv[1:]]))
`;
    assertEquals(await runPython(python!, script, ...paths), [17, 17, 17, 17]);
  },
});
