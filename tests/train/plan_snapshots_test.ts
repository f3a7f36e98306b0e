/**
 * The printed plans of the tiny model, as stored text: refactorings leave them unchanged.
 * `UPDATE_PLANS=1` rewrites them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Model } from "@transformer-xl/model";
import { parseFlags, PORTABLE_LIMITS, ReferenceDevice } from "@transformer-xl/runtime";
import { modelOf, stepOptions, trainLengths, trainSchema, TrainStep } from "@transformer-xl/train";

const FOLDER = new URL("plans/", import.meta.url);
const VOCABULARY = 61;

/** Sizes of their own, so that tuning a preset leaves the snapshots alone. */
const TINY = "--n_layer 2 --n_head 2 --d_head 32 --d_model 64 --d_inner 256 " +
  "--batch_size 8 --tgt_len 64 --mem_len 64 --log_interval 20";

/** What `tiny` leaves out. */
const VARIANT = `${TINY} --dropout 0.1 --dropatt 0.1 --pre_lnorm --batch_chunk 2 --ext_len 8 ` +
  "--adaptive --cutoffs 20 40 --div_val 2 --optim adam --weight_decay 0.1";

for (const [name, flags] of [["tiny", `${TINY} --dropout 0`], ["tiny_variant", VARIANT]] as const) {
  Deno.test(`the recorded step of ${name} is the stored one`, async () => {
    const { config } = parseFlags(trainSchema, flags.split(" "));
    using device = new ReferenceDevice({ precision: "f32", limits: PORTABLE_LIMITS });
    const modelConfig = modelOf(config, VOCABULARY, config.cutoffs);
    using model = Model.allocate(device, modelConfig, { training: true });
    using step = await TrainStep.record(model, trainLengths(config), stepOptions(config));
    const text = step.plans.map((plan) => plan.toString()).join("\n");
    const path = new URL(`${name}.txt`, FOLDER);
    if (Deno.env.get("UPDATE_PLANS") === "1") await Deno.writeTextFile(path, text);
    assertEquals(text, await Deno.readTextFile(path), "UPDATE_PLANS=1 accepts the new plan");
  });
}
