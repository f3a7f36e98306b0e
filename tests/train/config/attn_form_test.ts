/**
 * `--attn_form`: how attention of a training step is recorded.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ATTENTION_FORMS } from "@transformer-xl/kernels";
import { createModel } from "@transformer-xl/model";
import { ConfigError, parseFlags, PORTABLE_LIMITS, ReferenceDevice } from "@transformer-xl/runtime";
import { modelOf, stepOptions, trainLengths, trainSchema, TrainStep } from "@transformer-xl/train";
import { smallConfig } from "../../support/small_run.ts";

Deno.test("--attn_form is one of four words", () => {
  assertThrows(() => parseFlags(trainSchema, ["--attn_form", "flash"]), ConfigError, "--attn_form");
  assertEquals(parseFlags(trainSchema, []).config.attnForm, "auto");
});

Deno.test("--attn_form decides which launches a training step has", async () => {
  const launched = async (attnForm: typeof ATTENTION_FORMS[number]) => {
    const config = smallConfig({ attnForm });
    using device = new ReferenceDevice({ precision: "f32", limits: PORTABLE_LIMITS });
    using model = await createModel(device, modelOf(config, 100, []), { training: true });
    using step = await TrainStep.record(model, trainLengths(config), stepOptions(config));
    return step.plans.join("\n");
  };
  const texts = new Map<string, string>();
  for (const form of ATTENTION_FORMS) texts.set(form, await launched(form));
  const has = (form: string, kernel: string) => texts.get(form)!.includes(kernel);
  assert(has("fused", "fused_attention_backward") && !has("fused", "attention_softmax"));
  assert(has("recomputed", "fused_attention") && has("recomputed", "attention_softmax_backward"));
  assert(!has("materialized", "fused_attention"));
  assertEquals(texts.get("auto"), texts.get("materialized"));
});
