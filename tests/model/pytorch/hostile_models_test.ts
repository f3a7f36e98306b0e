/**
 * Files of PyTorch that are sound as files and hostile as models: each is refused in one line, in
 * little time.
 *
 * @module
 */
import { assert, assertMatch, assertRejects } from "@std/assert";
import { openImport } from "@transformer-xl/model";
import { CheckpointError } from "@transformer-xl/runtime";
import { pickle, type PickleBytes } from "../../support/pytorch/pickle_bytes.ts";
import { Scratch } from "../../support/small_run.ts";

type Tensors = Readonly<Record<string, readonly number[]>>;

const LARGE = 1e12;

/** A state dict whose storages are not in the file. */
function state(tensors: Tensors): Uint8Array<ArrayBuffer> {
  return pickle((p) => {
    p.raw("}(");
    Object.entries(tensors).forEach(([name, shape], i) => p.text(name).tensor(`${i}`, shape));
    return p.raw("u");
  });
}

/** Tensors that every model is asked for first. */
const SMALL: Tensors = {
  "layers.0.dec_attn.o_net.weight": [8, 8],
  "layers.0.dec_attn.r_net.weight": [8, 8],
  "layers.0.pos_ff.CoreNet.0.weight": [8, 8],
  "word_emb.emb_layers.0.weight": [24, 8],
  "crit.out_layers_biases.0": [24],
  "r_w_bias": [2, 4],
};

const { "crit.out_layers_biases.0": _, ...HIDDEN } = SMALL;

/** A dictionary with a state, and what is stated of it. */
function checkpoint(
  tensors: Tensors,
  stated: (p: PickleBytes) => PickleBytes,
): Uint8Array<ArrayBuffer> {
  return pickle((p) => {
    p.raw("}(").text("model_state").raw("}(");
    Object.entries(tensors).forEach(([name, shape], i) => p.text(name).tensor(`${i}`, shape));
    return stated(p.raw("u")).raw("u");
  });
}

/** Tables of three clusters, each half as wide as the one before. */
const DIVIDED: Tensors = {
  ...SMALL,
  "word_emb.emb_layers.0.weight": [8, 8],
  "word_emb.emb_layers.1.weight": [8, 4],
  "word_emb.emb_layers.2.weight": [8, 2],
  "crit.cluster_bias": [2],
};

function stating(
  name: string,
  value: (p: PickleBytes) => PickleBytes,
  tensors = SMALL,
): Uint8Array<ArrayBuffer> {
  return checkpoint(tensors, (p) => value(p.text("model_config").raw("}").text(name)).raw("s"));
}

/** A module that contains itself; kept under the number 1. */
const LOOP = "c__main__\nModule\n)\x81q\x01}(";

const CASES: readonly (readonly [what: string, file: Uint8Array<ArrayBuffer>, says: RegExp])[] = [
  [
    "a width of 10^12",
    state({ ...SMALL, "word_emb.emb_layers.0.weight": [1, LARGE] }),
    /wrong|not tell/,
  ],
  [
    "two tables of no common factor",
    state({
      ...SMALL,
      "word_emb.emb_layers.0.weight": [1, LARGE],
      "word_emb.emb_layers.1.weight": [1, 7],
      "crit.cluster_bias": [1],
    }),
    /no powers apart/,
  ],
  [
    "10^12 clusters",
    state({ ...SMALL, "crit.cluster_bias": [LARGE] }),
    /does not tell its cut-offs/,
  ],
  ["no rows", state({ ...SMALL, "word_emb.emb_layers.0.weight": [0, 8] }), /has the shape \[0,8\]/],
  ["hidden layers alone", state(HIDDEN), /no softmax; give a language model/],
  [
    "one name twice",
    state({ ...SMALL, "module.r_w_bias": [2, 4] }),
    /two of its tensors are named "r_w_bias"/,
  ],
  [
    "a module in itself",
    pickle((p) => p.raw(LOOP).text("_modules").raw("}").text("x").raw("h\x01sub")),
    /contain each other/,
  ],
  [
    "a wrapper of itself",
    pickle((p) => p.raw(LOOP).text("_modules").raw("}").text("module").raw("h\x01sub")),
    /contain each other/,
  ],
  ["heads as text", stating("n_head", (p) => p.text("x")), /"n_head" is wrong/],
  ["half a layer", stating("n_layer", (p) => p.raw("G\x3f\xe0\0\0\0\0\0\0")), /"n_layer" is wrong/],
  ["other layers", stating("n_layer", (p) => p.int(7)), /states n_layer 7, its tensors have 1/],
  [
    "heads that do not fit",
    stating("n_head", (p) => p.int(3)),
    /states n_head 3, its tensors have 2/,
  ],
  [
    "other cut-offs",
    stating("cutoffs", (p) => p.ints([16, 8]), DIVIDED),
    /states cutoffs \[16,8\], its tensors have \[8,16\]/,
  ],
  [
    "another divisor",
    stating("div_val", (p) => p.int(4), DIVIDED),
    /states div_val 4, its tensors have tables of the widths \[8,4,2\]/,
  ],
  [
    "ties of fewer clusters",
    stating("tie_projs", (p) => p.raw("](\x89e"), DIVIDED),
    /states tie_projs \[false\], its tensors have 3 clusters/,
  ],
  [
    "100,000 cut-offs",
    stating("cutoffs", (p) => p.ints(Array.from({ length: 100_000 }, (_, i) => i))),
    /"cutoffs" is wrong/,
  ],
  [
    "another epsilon",
    stating("layer_norm_epsilon", (p) => p.int(1)),
    /layer_norm_epsilon is 1, models/,
  ],
  [
    "a configuration that is no JSON",
    checkpoint(SMALL, (p) => p.text("format").text("transformer-xl").text("model").text("{")),
    /its model is not JSON/,
  ],
  [
    "a configuration that is none",
    checkpoint(SMALL, (p) => p.text("format").text("transformer-xl").text("model").text("{}")),
    /in its model, "nToken" is wrong/,
  ],
];

const NOTHING = {
  ...{ compat: null, nHead: null, cutoffs: [], preLnorm: null, sameLength: null, clampLen: null },
  ...{ dataset: null, tgtLen: null, memLen: null, dropout: null, dropatt: null },
  ...{ vocabFile: null, sourceConfig: null, lowerCase: false },
} as const;

Deno.test("a hostile model is refused in one line", async (t) => {
  await using scratch = new Scratch();
  const path = scratch.at("hostile.pt");
  for (const [what, bytes, says] of CASES) {
    await t.step(what, async () => {
      await Deno.writeFile(path, bytes);
      const start = performance.now();
      const { message } = await assertRejects(async () => {
        using model = await openImport(path, NOTHING);
        void model;
      }, CheckpointError);
      assertMatch(message, says);
      assert(message.includes(path), message);
      assertMatch(message, /^\P{Cc}{1,399}$/u);
      assert(performance.now() - start < 2000, "it took too long");
    });
  }
});

Deno.test("settings of a user do not make a hostile model one", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("hostile.pt");
  const given = { ...NOTHING, preLnorm: false, sameLength: false, clampLen: -1, vocabFile: path };
  for (const shape of [[1, LARGE], [LARGE, 8], [24, 8]]) {
    await Deno.writeFile(path, state({ ...SMALL, "word_emb.emb_layers.0.weight": shape }));
    await assertRejects(async () => {
      using model = await openImport(path, given);
      void model;
    }, CheckpointError);
  }
});
