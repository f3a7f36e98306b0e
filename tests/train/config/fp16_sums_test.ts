/**
 * `--fp16_sums`: how products of halves are summed.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, parseFlags } from "@transformer-xl/runtime";
import { checkTrainConfig, openTrainingDevice, trainSchema } from "@transformer-xl/train";
import { smallConfig } from "../../support/small_run.ts";
import { gpuTest } from "../../support/test_gpu.ts";

Deno.test("--fp16_sums is one of two words, and a choice of half precision", () => {
  assertThrows(
    () => parseFlags(trainSchema, ["--fp16", "--fp16_sums", "half"]),
    ConfigError,
    "--fp16_sums",
  );
  assertThrows(
    () => checkTrainConfig(smallConfig({ fp16Sums: "packed" })),
    ConfigError,
    "Cannot use --fp16_sums packed in full precision: add --fp16, or leave it out",
  );
  checkTrainConfig(smallConfig({ fp16: true, fp16Sums: "packed" }));
});

gpuTest("--fp16_sums is what the training device records products by", async () => {
  for (const fp16Sums of ["float32", "packed"] as const) {
    using opened = await openTrainingDevice(smallConfig({ device: "gpu", fp16: true, fp16Sums }));
    assertEquals(opened.device.limits.halfSums, fp16Sums);
  }
});
