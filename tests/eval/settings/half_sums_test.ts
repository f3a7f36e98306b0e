/**
 * `--fp16_sums` of evaluation and generation: how products of halves are summed.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { evalSchema, generateSchema, openScoringDevice } from "@transformer-xl/eval";
import { evaluate } from "@transformer-xl/eval/cli";
import { ConfigError, parseFlags } from "@transformer-xl/runtime";
import { gpuTest } from "../../support/test_gpu.ts";

Deno.test("--fp16_sums of evaluation and generation is one of two words, with --fp16", async () => {
  for (const schema of [evalSchema, generateSchema]) {
    assertThrows(() => parseFlags(schema, ["--fp16_sums", "half"]), ConfigError, "--fp16_sums");
  }
  for (const program of [[], ["--generate"]]) {
    await assertRejects(
      () => evaluate([...program, "--fp16_sums", "packed"]),
      ConfigError,
      "Cannot use --fp16_sums packed in full precision: add --fp16, or leave it out",
    );
  }
});

gpuTest("--fp16_sums is what evaluation and generation record products by", async () => {
  for (const fp16Sums of ["float32", "packed"] as const) {
    const given = { device: "gpu", fp16: true, fp16Sums } as const;
    for (const schema of [evalSchema, generateSchema]) {
      using device = await openScoringDevice(schema.parse(given), () => {});
      assertEquals(device.limits.halfSums, fp16Sums);
    }
  }
});
