/**
 * Initial weights by kind of parameter, with and without a rule of their own for the tables.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createModel, type ModelSettings, resolveModel } from "@transformer-xl/model";
import { readParameters, ReferenceDevice, weightsOf } from "@transformer-xl/runtime";
import { smallConfig } from "../support/small_run.ts";

const SIZES = {
  ...{ vocabSize: 300, nLayer: 1, dModel: 32, adaptive: true, cutoffs: [100], notTied: true },
} as const;

/** Initial values of a model by parameter name. */
async function weights(settings: Partial<ModelSettings>): Promise<Map<string, readonly number[]>> {
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await createModel(device, { ...SIZES, ...settings }, { seed: 3 });
  const all = await Array.fromAsync(readParameters(device, model.store, weightsOf(model.store)));
  return new Map(all.map(([{ name }, values]) => [name, [...values]]));
}

const TABLES = ["word_emb.emb_layers.0.weight", "crit.out_layers_weights.0"];
const isTable = (name: string) => TABLES.includes(name);

/** Asserts that tables are spread evenly between both bounds. */
function assertUniform(values: readonly number[], bound: number): void {
  const largest = Math.max(...values.map(Math.abs));
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  assert(largest <= bound && largest > 0.99 * bound, `largest is ${largest}, bound ${bound}`);
  assert(Math.abs(variance / (bound ** 2 / 3) - 1) < 0.05, `variance ${variance}`);
}

Deno.test("tables follow the rule of the matrices unless they have their own", async () => {
  for (const init of ["normal", "uniform"] as const) {
    const whole = await weights({ init });
    assertEquals(await weights({ init, embInit: init }), whole);
    assertEquals(await weights({ init, embInit: null, embInitRange: null }), whole);
  }
});

Deno.test("a rule of the tables changes embedding and untied softmax tables alone", async () => {
  const [normal, own] = [await weights({}), await weights({ embInit: "uniform" })];
  const bound = await weights({ embInit: "uniform", embInitRange: 0.01 });
  for (const [name, values] of normal) {
    if (isTable(name)) continue;
    assertEquals([own.get(name), bound.get(name)], [values, values], name);
  }
  for (const name of TABLES) {
    assertUniform(own.get(name)!, 0.1);
    assertUniform(bound.get(name)!, 0.01);
  }
});

Deno.test("a bound of the tables alone applies where matrices are uniform", async () => {
  const bounded = await weights({ init: "uniform", embInitRange: 0.03 });
  const whole = await weights({ init: "uniform" });
  for (const name of TABLES) assertUniform(bounded.get(name)!, 0.03);
  const cluster = "crit.cluster_weight";
  assertEquals(bounded.get(cluster), whole.get(cluster));
  const tables = await weights({ init: "uniform", embInit: "normal" });
  for (const name of TABLES) {
    const largest = Math.max(...tables.get(name)!.map(Math.abs));
    assert(largest > 0.06 && largest < 0.13, `normal values of deviation 0.02, not ${largest}`);
  }
});

Deno.test("every version of the reference takes the rule of the tables", () => {
  const settings = { embInit: "uniform", embInitRange: 0.01 } as const;
  for (const compat of ["none", "head", "2019"] as const) {
    const { embInit, embInitRange } = resolveModel(smallConfig({ ...settings, compat }), 30, []);
    assertEquals({ embInit, embInitRange }, settings);
  }
});
