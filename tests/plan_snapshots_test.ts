/**
 * The printed plans of the tiny model, as stored text: a change that means to change nothing has an
 * empty diff. `UPDATE_PLANS=1` rewrites them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { TransformerXL } from "@transformer-xl/model";
import { ParamStore, parseFlags, PORTABLE_TARGET, ReferenceDevice } from "@transformer-xl/runtime";
import { modelOf, PRESETS, stepSettings, trainSchema, TrainStep } from "@transformer-xl/train";

const FOLDER = new URL("plans/", import.meta.url);
const VOCABULARY = 61;

for (const [name, flags] of [["tiny", []], ["tiny_variant", variantFlags()]] as const) {
  Deno.test(`the recorded step of ${name} is the stored one`, async () => {
    const { config } = parseFlags(trainSchema, flags, { preset: PRESETS["tiny"]! });
    using device = new ReferenceDevice({ precision: "f32", target: PORTABLE_TARGET });
    using store = new ParamStore();
    const shape = modelOf(config, VOCABULARY, config.cutoffs);
    const model = new TransformerXL(store, shape, device.target);
    store.seal(device, { gradients: true });
    using step = await TrainStep.record(device, model, store, stepSettings(config));
    const text = step.plans.map((plan) => plan.toString()).join("\n");
    const path = new URL(`${name}.txt`, FOLDER);
    if (Deno.env.get("UPDATE_PLANS") === "1") await Deno.writeTextFile(path, text);
    assertEquals(text, await Deno.readTextFile(path), "UPDATE_PLANS=1 accepts the new plan");
  });
}

/** Everything the plain preset leaves out. */
function variantFlags(): string[] {
  return "--adaptive --cutoffs 20 40 --div_val 2 --optim adam --weight_decay 0.1 --dropout 0.1 --dropatt 0.1 --pre_lnorm --batch_chunk 2 --ext_len 8"
    .split(" ");
}
