/**
 * Roles of parameters for optimizers and clipping, over all kinds of attention and vocabularies.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Model, parameterRoles } from "@transformer-xl/model";
import { DryDevice, PORTABLE_LIMITS } from "@transformer-xl/runtime";
import { modelOf, type TrainConfig } from "@transformer-xl/train";
import { smallConfig } from "../support/small_run.ts";

/** `name: kind stacked sparse` of every parameter, without the number of the layer. */
function rolesOf(settings: Partial<TrainConfig>, cutoffs: readonly number[] = []): string[] {
  const config = modelOf(smallConfig({ nLayer: 1, ...settings }), 50, cutoffs);
  const { store } = new Model(new DryDevice(PORTABLE_LIMITS), config);
  const roleOf = parameterRoles(config);
  return store.parameters.map((parameter) => {
    const { kind, stacked = 1, sparse = false } = roleOf(parameter);
    return `${parameter.name}: ${kind}${stacked > 1 ? ` ${stacked}` : ""}${
      sparse ? " sparse" : ""
    }`;
  });
}

const MATRICES = ["o_net.weight", "CoreNet.0.weight", "CoreNet.3.weight"];

for (const attnType of [0, 1, 2, 3] as const) {
  Deno.test(`matrices of a layer are its linear maps, stacked ones apart: attention type ${attnType}`, () => {
    const roles = rolesOf({ attnType });
    const matrices = roles.filter((role) => role.includes(": matrix"));
    const projections = attnType < 2
      ? ["qkv_net.weight: matrix 3"]
      : ["q_net.weight: matrix", "kv_net.weight: matrix 2"];
    const wanted = [
      ...projections,
      ...MATRICES.map((name) => `${name}: matrix`),
      ...(attnType === 0 ? ["r_net.weight: matrix"] : []),
    ];
    assertEquals(
      matrices.map((role) => role.replace(/^layers\.0\.(dec_attn|pos_ff)\./, "")).toSorted(),
      wanted.toSorted(),
    );
    assert(roles.includes("word_emb.emb_layers.0.weight: embedding sparse"));
    assert(roles.includes("layers.0.dec_attn.layer_norm.weight: other"));
  });
}

Deno.test("the embedding is its tables and projections, without the softmax's own parameters", () => {
  const untied = rolesOf({ notTied: true, dEmbed: 8 });
  const outside = (roles: readonly string[]) => roles.filter((role) => !role.startsWith("layers."));
  assertEquals(outside(untied).filter((role) => !role.startsWith("r_")), [
    "word_emb.emb_layers.0.weight: embedding sparse",
    "word_emb.emb_projs.0: embedding",
    "crit.out_layers_weights.0: other sparse",
    "crit.out_layers_biases.0: other",
    "crit.out_projs.0: other",
  ]);
  const clusters = outside(rolesOf({ adaptive: true, divVal: 2 }, [20]));
  assert(clusters.includes("word_emb.emb_layers.1.weight: embedding"));
  assert(clusters.includes("crit.cluster_weight: other"));
  assert(clusters.every((role) => !role.includes("sparse")));
});
