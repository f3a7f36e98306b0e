/**
 * Warnings of evaluations about flags without effect.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { configureEvaluation, sameLengthWarning, settingWarnings } from "@transformer-xl/eval";

async function warnings(...argv: readonly string[]): Promise<string[]> {
  const { config, origin } = await configureEvaluation(argv);
  return settingWarnings(config, origin);
}

Deno.test("a flag that only another flag reads is a warning without it", async () => {
  assertEquals(await warnings(), []);
  assertEquals(await warnings("--percentiles", "50", "--manual_vocab", "char"), [
    "warning: --percentiles has no effect without --save_data",
    "warning: --manual_vocab has no effect without --manual_config",
  ]);
  assertEquals(await warnings("--percentiles", "50", "--save_data"), []);
  assertEquals(await warnings("--per_token_file", "a", "--per_token"), []);
});

Deno.test("settings of other runtimes are a warning beside an ONNX file", async () => {
  const onnx = ["--type", "onnx", "--model", "a.onnx", "--fp16"];
  assertEquals(await warnings(...onnx, "--fp16_sums", "packed", "--device", "gpu"), [
    "warning: --fp16_sums has no effect with --type onnx",
    "warning: --device has no effect with --type onnx; give --onnx_provider",
  ]);
});

Deno.test("the place of a text beside a typed text is a warning", async () => {
  assertEquals(await warnings("--data", "a", "--dataset", "text"), []);
  assertEquals(await warnings("--manual", "a b", "--data", "a", "--dataset", "text"), [
    "warning: --data has no effect with --manual",
    "warning: --dataset has no effect with --manual",
  ]);
  assertEquals(await warnings("--manual_file", "b", "--data", "a"), [
    "warning: --data has no effect with --manual_file",
  ]);
});

Deno.test("segments longer than the memory of --same_length are a warning", () => {
  assertEquals(sameLengthWarning(false, { tgtLen: 8, memLen: 4 }), undefined);
  assertEquals(sameLengthWarning(true, { tgtLen: 8, memLen: 8 }), undefined);
  assertMatch(sameLengthWarning(true, { tgtLen: 8, memLen: 4 })!, /--mem_len 4 .* --tgt_len 8/);
});
